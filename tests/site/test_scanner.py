"""The byte scanner: an identifier planted anywhere is refused; what belongs where the schema says it does is not."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from functions.publish_site import gate, opendata, site
from functions.publish_site.catalogue import Withdrawal
from functions.publish_site.gate import schema
from functions.publish_site.gate.scanner import Known, identifier, known, scan
from functions.publish_site.workbook import packed
from placements_kpi.pseudonyms import Pseudonyms
from tests.site.conftest import PUBLISHED, World
from tests.site.protected_document import document

if TYPE_CHECKING:
    from placements_kpi.results import Protected

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
def allowed(protected: Protected, page_frame: site.Site, files: Files) -> Known:
    return known(protected, files, list(page_frame.assets.files))


@pytest.fixture(scope="module")
def context(protected: Protected, page_frame: site.Site) -> gate.Context:
    dataless = site.not_found_page(page_frame, None)
    return gate.context(protected, PUBLISHED, date(2026, 7, 15), dataless, list(page_frame.assets.files))


def test_a_release_as_it_is_rendered_has_no_identifier(files: Files, allowed: Known) -> None:
    scan(files, allowed)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_identifier_planted_anywhere_in_any_file_is_refused(
    data: st.DataObject, files: Files, allowed: Known
) -> None:
    path = data.draw(st.sampled_from(sorted(files)))
    body = files[path]
    at = data.draw(st.integers(0, len(body)))
    planted = data.draw(identifiers).encode()
    changed = body[:at] + planted + body[at:]
    assume(not _one_more_digit(path, body, at, planted))
    with pytest.raises(gate.STOPS) as stopped:
        scan({path: changed}, allowed)
    assert planted.decode() not in str(stopped.value)


def _one_more_digit(path: str, body: bytes, at: int, planted: bytes) -> bool:
    """Whether it only makes a count longer: the scanner leaves counts to the gate, which knows what they should be."""
    if not planted.isdigit() or path.endswith((".html", ".sql")):
        return False
    if path.endswith(".csv"):
        row, cell = body[:at].rpartition(b"\n")[2], body[at:].partition(b"\n")[0].strip()
        column = row.count(b",")
        around = row.rpartition(b",")[2] + planted + cell.partition(b",")[0]
        names = body.partition(b"\r\n")[0].decode().split(",")
        return b'"' not in row and column < len(names) and _counts(names[column]) and around.isdigit()
    line = body[:at].rpartition(b"\n")[2] + planted + body[at:].partition(b"\n")[0]
    name, _, value = line.strip().rstrip(b",").rpartition(b": ")
    in_a_count = name.strip(b'" ').decode() in schema.COUNT_COLUMNS if path != "manifest.json" else True
    return in_a_count and value.isdigit()


def _counts(column: str) -> bool:
    return column in schema.COUNT_COLUMNS or column.endswith(("_count", "_numerator", "_denominator"))


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_digits_that_only_make_a_count_longer_are_stopped_by_the_gate(
    data: st.DataObject, files: Files, context: gate.Context, page_frame: site.Site
) -> None:
    path = data.draw(st.sampled_from(sorted(name for name in files if name.endswith((".csv", ".json")))))
    at = data.draw(st.integers(0, len(files[path])))
    changed = files[path][:at] + data.draw(digits).encode() + files[path][at:]
    with pytest.raises(gate.STOPS):
        gate.check_release({**files, path: changed}, context, page_frame.assets.files)


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


def test_digits_split_by_an_element_are_read_together(allowed: Known) -> None:
    with pytest.raises(gate.STOPS, match="seven digits"):
        scan({"index.html": b"<p>12<b>345</b>67</p>"}, allowed)


def test_the_codes_of_regions_are_known_by_their_values_and_their_column_alone(files: Files, allowed: Known) -> None:
    path = "placement-rejections/placement-rejections.csv"
    text = files[path].decode()
    assert "E12000003" in text
    for old, new in (("E12000003", "E12000013"), ("E12000003", "1234567"), ("E92000001", "E92000002")):
        with pytest.raises(gate.STOPS, match="official list"):
            scan({path: text.replace(old, new, 1).encode()}, allowed)
    with pytest.raises(gate.STOPS, match="column region_name"):
        scan({path: text.replace("North East", "E12000001", 1).encode()}, allowed)


def test_a_digest_is_known_only_where_the_manifest_has_it_and_only_if_it_is_true(files: Files, allowed: Known) -> None:
    manifest = json.loads(files["manifest.json"])
    name, true = next(iter(manifest["sha256"].items()))
    false = {**manifest, "sha256": {**manifest["sha256"], name: true[::-1]}}
    with pytest.raises(gate.STOPS, match="a digest"):
        scan({"manifest.json": json.dumps(false).encode()}, allowed)
    with pytest.raises(gate.STOPS, match=r"path run_id.*a digest"):
        scan({"manifest.json": json.dumps({**manifest, "run_id": true}).encode()}, allowed)
    with pytest.raises(gate.STOPS, match="a digest"):
        scan({"method/index.html": files["method/index.html"].replace(b"</main>", f"{true}</main>".encode())}, allowed)


@pytest.mark.parametrize("name", ["candidate_id", "trn", "provider_name", "numerator_exact"])
def test_a_column_that_is_not_in_the_published_schema_is_refused(name: str, files: Files, allowed: Known) -> None:
    path = "placement-rejections/placement-rejections.csv"
    rows = files[path].decode().split("\r\n")
    wider = "\r\n".join([f"{rows[0]},{name}", *(f"{row},x" for row in rows[1:] if row), ""])
    with pytest.raises(gate.STOPS, match="not in the published schema"):
        scan({path: wider.encode()}, allowed)
    told = json.loads(files[path.replace(".csv", ".json")])
    told["rows"][5][name] = "x"
    with pytest.raises(gate.STOPS, match=rf"rows\.\[\]\.{name}.*not in the published schema"):
        scan({path.replace(".csv", ".json"): json.dumps(told).encode()}, allowed)


def test_the_schema_is_that_of_the_files(files: Files) -> None:
    assert tuple(schema.DATA_COLUMNS) == opendata.COLUMNS
    assert set(schema.DATA_COLUMNS) == set(opendata.COLUMN_WORDS)


@pytest.mark.parametrize("member", ["settings.xml", "meta.xml", "content.xml"])
def test_a_workbook_is_scanned_in_all_its_members(member: str, allowed: Known) -> None:
    def book(text: str) -> bytes:
        return packed({"content.xml": "<a/>", member: f"<a b='{text}'/>"})

    path = "school-placements-performance.ods"
    scan({path: book("nothing")}, allowed)
    with pytest.raises(gate.STOPS):
        scan({path: book("1234567")}, allowed)


@pytest.mark.parametrize("path", ["feed.atom", "releases.xml", "calendar.ics", "chart.svg", "query.sql"])
def test_feeds_calendars_and_drawings_are_scanned_too(path: str, allowed: Known) -> None:
    scan({path: b"<a>2026-07-14</a>"}, allowed)
    with pytest.raises(gate.STOPS, match=path):
        scan({path: b"<a>12345<b/>67</a> 1234567"}, allowed)


def test_a_reason_of_a_withdrawal_with_an_identifier_is_refused_before_anything_is_written(world: World) -> None:
    world.compute(document())
    world.handle({})
    before = world.objects()
    reason = "the trainee with TRN 1234567 asked for it"
    with pytest.raises(gate.STOPS, match="seven digits") as stopped:
        world.handle({"action": "withdraw", "release": document().release, "reason": reason})
    assert "1234567" not in str(stopped.value)
    assert world.objects() == before


def test_what_stands_in_place_of_a_withdrawn_file_passes(page_frame: site.Site, files: Files) -> None:
    withdrawal = Withdrawal(release="2026-07-14.1", withdrawn_on=date(2026, 7, 15), reason="one source was read twice")
    made: dict[str, Any] = {path: site.withdrawn_file(page_frame, path, withdrawal) for path in files}
    names = frozenset(key.rpartition("/")[2] for key in page_frame.assets.files)
    scan({path: body for path, body in made.items() if body}, Known(assets=names))
