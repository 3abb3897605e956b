"""The byte scanner: an identifier planted anywhere is refused; what belongs where the schema says it does is not."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.publish_site import gate, site
from functions.publish_site.files.workbook import packed
from functions.publish_site.gate.scanner import Allowed, allowed_in, identifier, scan
from functions.publish_site.inventory import Withdrawal
from placements_kpi.pseudonyms import Pseudonyms
from tests.site.protected_document import document

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected
    from tests.site.conftest import World

Files = dict[str, bytes]

digits = st.text("0123456789", min_size=7, max_size=12)
emails = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[a-z0-9._+-]{1,12}", fullmatch=True),
    st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True),
    st.sampled_from(["uk", "com", "sch.uk", "education"]),
)
uuids = st.uuids().map(str)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
letters_alone = st.sampled_from(("a" * 64, "F" * 32))  # a digest may have no digit, and so look like a name
identifiers = st.one_of(
    digits, emails, uuids, digests, digests.map(str.upper), st.uuids().map(lambda one: one.hex), letters_alone
)


@pytest.fixture(scope="module")
def allowed(protected: Protected, page_frame: Site, files: Files) -> Allowed:
    return allowed_in(protected, files, page_frame.assets.files, page_frame.host)


def test_a_release_as_it_is_rendered_has_no_identifier(files: Files, allowed: Allowed) -> None:
    scan(files, allowed)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_identifier_planted_anywhere_in_any_file_is_refused(
    data: st.DataObject, files: Files, allowed: Allowed
) -> None:
    path = data.draw(st.sampled_from(sorted(files)))
    body = files[path]
    at = data.draw(st.integers(0, len(body)))
    planted = data.draw(identifiers).encode()
    changed = body[:at] + planted + body[at:]
    with pytest.raises(gate.GateError) as stopped:
        scan({path: changed}, allowed)
    assert planted.decode() not in str(stopped.value)


@pytest.mark.parametrize(
    "text",
    [
        "1234567",
        "TRN 12345678.",
        "x@y.uk",
        "mailto:jane.doe@school.sch.uk",
        "jane%40school.sch.uk",
        "jane&#64;school.sch.uk",
        "&#49;&#50;&#51;&#52;&#53;&#54;&#55;",
        "%31%32%33%34%35%36%37",
        "１２３４５６７",
        "١٢٣٤٥٦٧",
        "123\u00ad4567",
        "12\u200b34567",
        str(uuid.UUID(int=7)),
        uuid.UUID(int=2**127 + 5).hex,
        "d41d8cd98f00b204e9800998ecf8427e",
        "A" * 64,
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        Pseudonyms(b"a key of the local stack, as an example").of("trn", "1234567"),
    ],
)
def test_identifiers_are_known_however_they_are_written(text: str) -> None:
    assert identifier(text)
    assert identifier(f"so ({text}) it is")


@pytest.mark.parametrize(
    "text",
    ["100001", "202526", "2026-07-14", "20,000,000", "14 July 2026", "@context", "12,345.6,123.4", "#12436D", ""],
)
def test_urns_days_years_and_coordinates_are_not_identifiers(text: str) -> None:
    assert identifier(text) is None


@pytest.mark.parametrize(
    "split",
    [
        "12<b>345</b>67",
        '12<span class="x">345</span>67',
        "123<wbr>4567",
        "123<!-- -->4567",
        "12<i><b>3</b></i>4567",
        "<tspan>123</tspan><tspan x='1'>4567</tspan>",
        "<code>1</code>234567",
    ],
)
def test_digits_split_by_an_element_are_read_together(split: str, allowed: Allowed) -> None:
    with pytest.raises(gate.GateError, match="seven digits"):
        scan({"index.html": f"<p>{split}</p>".encode()}, allowed)
    scan({"index.html": b"<td>123</td><td>4567</td>"}, allowed)


def test_an_identifier_in_the_escapes_of_json_is_read(allowed: Allowed) -> None:
    with pytest.raises(gate.GateError, match="seven digits"):
        scan({"release.json": b'{"release": "\\u0031234567"}'}, allowed)


def test_the_codes_of_regions_are_known_by_their_very_values(files: Files, allowed: Allowed) -> None:
    path = "placement-rejections/placement-rejections.csv"
    text = files[path].decode()
    assert "E12000003" in text
    region = "E12000003"
    for old, new in ((region, "E12000013"), (region, "1234567"), (region, f"{region}1"), ("E92000001", "E92000002")):
        with pytest.raises(gate.GateError, match="seven digits"):
            scan({path: text.replace(old, new, 1).encode()}, allowed)


def test_a_digest_is_known_only_if_it_is_that_of_a_file(files: Files, allowed: Allowed) -> None:
    manifest = json.loads(files["manifest.json"])
    name, true = next(iter(manifest["sha256"].items()))
    false = {**manifest, "sha256": {**manifest["sha256"], name: true[::-1]}}
    with pytest.raises(gate.GateError, match="a digest"):
        scan({"manifest.json": json.dumps(false).encode()}, allowed)


@pytest.mark.parametrize("name", ["candidate_id", "trn", "provider_name", "numerator_exact"])
def test_a_column_that_is_not_in_the_published_schema_is_refused(name: str, files: Files, allowed: Allowed) -> None:
    path = "placement-rejections/placement-rejections.csv"
    rows = files[path].decode().split("\r\n")
    wider = "\r\n".join([f"{rows[0]},{name}", *(f"{row},x" for row in rows[1:] if row), ""])
    with pytest.raises(gate.GateError, match="not in the published schema"):
        scan({path: wider.encode()}, allowed)
    told = json.loads(files[path.replace(".csv", ".json")])
    told["rows"][5][name] = "x"
    with pytest.raises(gate.GateError, match=r"one of its names.*not in the published schema"):
        scan({path.replace(".csv", ".json"): json.dumps(told).encode()}, allowed)


def test_a_name_that_a_json_file_says_twice_is_refused(files: Files, allowed: Allowed) -> None:
    path = "placement-rejections/placement-rejections.json"
    with pytest.raises(gate.GateError, match="the same name twice"):
        scan({path: files[path].replace(b'"unit"', b'"kpi": "", "unit"', 1)}, allowed)


@pytest.mark.parametrize("member", ["settings.xml", "meta.xml", "content.xml"])
def test_a_workbook_is_scanned_in_all_its_members(member: str, allowed: Allowed) -> None:
    def book(text: str) -> bytes:
        return packed({"content.xml": "<a/>", member: f"<a b='{text}'/>"})

    path = "school-placements-performance.ods"
    scan({path: book("nothing")}, allowed)
    with pytest.raises(gate.GateError):
        scan({path: book("1234567")}, allowed)


@pytest.mark.parametrize("path", ["feed.atom", "releases.xml", "calendar.ics", "chart.svg", "query.sql"])
def test_feeds_calendars_and_drawings_are_scanned_too(path: str, allowed: Allowed) -> None:
    scan({path: b"<a>2026-07-14</a>"}, allowed)
    with pytest.raises(gate.GateError, match=path):
        scan({path: b"<a>12345<b/>67</a> 1234567"}, allowed)


def test_a_reason_of_a_withdrawal_with_an_identifier_is_refused_before_anything_is_written(world: World) -> None:
    world.compute(document())
    world.handle({})
    before = world.objects()
    reason = "the trainee with TRN 1234567 asked for it"
    with pytest.raises(gate.GateError, match="seven digits") as stopped:
        world.handle({"action": "withdraw", "release": document().release, "reason": reason})
    assert "1234567" not in str(stopped.value)
    assert world.objects() == before


def test_what_stands_in_place_of_a_withdrawn_file_passes(page_frame: Site, files: Files) -> None:
    withdrawal = Withdrawal(release="2026-07-14.1", withdrawn_on=date(2026, 7, 15), reason="one source was read twice")
    made: dict[str, Any] = {path: site.withdrawn_file(page_frame, path, withdrawal) for path in files}
    names = frozenset(key.rpartition("/")[2] for key in page_frame.assets.files)
    scan({path: body for path, body in made.items() if body}, Allowed(names))
