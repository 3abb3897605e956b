"""Bad input, line by line of the issue: one clear error, and nothing current is lost."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from placements_kpi import pseudonyms
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.pseudonyms import PseudonymKeyError, check_key
from placements_kpi.runs import RefusedError
from placements_kpi.secret import SecretError
from placements_kpi.sources import SourceError
from tests.ingest.conftest import BUCKET
from tests.ingest.drops import Rows, choice, choices

if TYPE_CHECKING:
    from tests.ingest.conftest import Place


def _no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _half_a_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"as_of"')


def _truncated(folder: Path) -> None:
    path = folder / "application_choices.ndjson"
    path.write_bytes(path.read_bytes()[:-100])


def _file_missing(folder: Path) -> None:
    (folder / "application_choices.ndjson").unlink()


def _file_renamed(folder: Path) -> None:
    (folder / "application_choices.ndjson").rename(folder / "applicationChoices.ndjson")
    _change(folder, lambda manifest: manifest["files"][0].update(name="applicationChoices.ndjson"))


def _file_too_many(folder: Path) -> None:
    (folder / "candidates.ndjson").write_text("{}\n")


def _promised_and_not_in_the_contract(folder: Path) -> None:
    (folder / "candidates.ndjson").write_text("")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    _change(
        folder, lambda manifest: manifest["files"].append({"name": "candidates.ndjson", "rows": 0, "sha256": empty})
    )


def _wrong_row_count(folder: Path) -> None:
    _change(folder, lambda manifest: manifest["files"][0].update(rows=199))


def _from_the_future(folder: Path) -> None:
    _change(folder, lambda manifest: manifest.update(as_of="2027-01-01T00:00:00Z"))


def _old_drop_in_a_new_folder(folder: Path) -> None:
    _change(folder, lambda manifest: manifest.update(as_of="2026-07-01T00:00:00Z"))


def _change(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


BROKEN = {
    _no_manifest: "no manifest.json",
    _half_a_manifest: "manifest.json is not JSON in UTF-8, or is cut off",
    _truncated: "bytes of application_choices.ndjson are not those",
    _file_missing: "do not name the same files",
    _file_renamed: "no file for application_choices",
    _file_too_many: "do not name the same files",
    _promised_and_not_in_the_contract: "not in the contract",
    _wrong_row_count: "200 rows where its manifest says 199",
    _from_the_future: "from the future",
    _old_drop_in_a_new_folder: "old drop in a new folder",
}


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda break_it: break_it.__name__.strip("_"))
def test_a_broken_drop_is_refused_and_the_one_before_stays(place: Place, break_it: Callable[[Path], None]) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-13")
    before = place.ingest("apply")["snapshot"]
    break_it(place.drop("apply", {"application_choices": choices()}))
    with pytest.raises(RefusedError, match=BROKEN[break_it]) as refused:
        place.ingest("apply")
    assert place.current("apply") == before
    assert "dt=2026-07-14" in str(refused.value) or "application_choices" in str(refused.value)
    assert BROKEN[break_it] in place.json("attempts/apply.json")["error"]


GOOD = {"schema_version": "1", "as_of": "2026-07-14T22:00:00Z", "files": [{"name": "a", "rows": 1, "sha256": "a" * 64}]}
MANIFESTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "an HTML page": (b"<!DOCTYPE html><title>2000007</title>", "is an HTML page"),
    "a directory listing": (b"\xef\xbb\xbf \n<HTML><ul><li>2000007</ul>", "is an HTML page"),
    "XML": (b'<?xml version="1.0"?><Error>2000007</Error>', "is XML or HTML"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "is in UTF-16"),
    "UTF-16 without a mark": (json.dumps(GOOD).encode("utf-16-le"), "is in UTF-16"),
    "cp1252": (json.dumps(GOOD)[:-1].encode() + b', "x": "\x96"}', "is not JSON in UTF-8"),
    "gzipped": (gzip.compress(json.dumps(GOOD).encode()), "is gzipped without saying so"),
    "cut off": (json.dumps(GOOD)[:-9].encode(), "cut off"),
    "a list": (json.dumps([GOOD]).encode(), "is a list where it should be an object"),
    "null": (b"null", "is a single value where"),
    "too deep": (b"[" * 100_000, "is not JSON"),
    "too long": (b" " * 4_000_001, "is longer than 4000000 bytes"),
    "a number without end": (b'{"as_of": ' + b"9" * 5000 + b"}", "is not JSON"),
    "a key twice": (b'{"as_of": 1, "as_of": 2}', "has as_of twice"),
    "a foreign key twice": (b'{"2000007": 1, "2000007": 2}', "has a key twice"),
    "a key twice in a file": (b'{"files": [{"rows": 1, "rows": 2}]}', "has rows twice"),
    "nothing": (b"{}", "has no schema_version; no as_of; no files;"),
    "version 999": (
        json.dumps(GOOD | {"schema_version": 999}).encode(),
        "schema_version 999 and this code reads 1 only",
    ),
    "version 2": (json.dumps(GOOD | {"schema_version": "2"}).encode(), "schema_version 2 and this code"),
    "version true": (json.dumps(GOOD | {"schema_version": True}).encode(), 'schema_version that is not "1"'),
    "version of an essay": (
        json.dumps(GOOD | {"schema_version": "2000007" * 9}).encode(),
        "schema_version another and",
    ),
    "the end of time": (
        json.dumps(GOOD | {"as_of": "9999-12-31T23:59:59-12:00"}).encode(),
        "as_of that is not an instant",
    ),
    "the beginning": (
        json.dumps(GOOD | {"as_of": "0001-01-01T00:00:00+12:00"}).encode(),
        "as_of that is not an instant",
    ),
    "a numeric as_of": (json.dumps(GOOD | {"as_of": 1784066400}).encode(), "as_of that is not an instant"),
    "a numeric as_of as text": (json.dumps(GOOD | {"as_of": "1784066400"}).encode(), "as_of that is not an instant"),
    "a day": (json.dumps(GOOD | {"as_of": "2026-07-14"}).encode(), "as_of that is not an instant"),
    "no day": (json.dumps(GOOD | {"as_of": "2026-02-30T10:00:00Z"}).encode(), "as_of that is not an instant"),
    "files of texts": (json.dumps(GOOD | {"files": ["2000007"]}).encode(), "files[0] that is no object"),
    "files no list": (json.dumps(GOOD | {"files": {"2000007": 1}}).encode(), "files that is not a list with name"),
    "rows as text": (
        json.dumps(GOOD | {"files": [{"name": "a", "rows": "1", "sha256": "b"}]}).encode(),
        "files[0].rows that is not a whole number, 0 or more; files[0].sha256 that is not 64",
    ),
    "many wrong": (json.dumps(GOOD | {"files": [{}] * 9}).encode(), "no files[1].rows and 22 more"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_bad_manifest_says_what_is_wrong_and_what_to_do_and_hides_no_older_drop(place: Place, case: str) -> None:
    content, says = MANIFESTS[case]
    place.drop("apply", {"application_choices": choices()}, day="2026-07-13")
    (place.drop("apply", {"application_choices": choices(201)}) / "manifest.json").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        place.ingest("apply")
    told = str(refused.value)
    assert "dt=2026-07-14: its manifest.json" in told and says in told
    assert "ask its owner" in told and "2000007" not in told
    assert place.manifest("apply")["fetched"]["day"] == "2026-07-13"
    attempt = place.json("attempts/apply.json")
    assert (attempt["outcome"], attempt["current"]) == ("refused", place.current("apply"))


def test_a_manifest_with_a_mark_of_utf_8_or_an_offset_is_read(place: Place) -> None:
    path = place.drop("apply", {"application_choices": choices()}) / "manifest.json"
    manifest = json.loads(path.read_text()) | {"as_of": "2026-07-14T23:00:00+01:00", "schema_version": "1", "more": 1}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(manifest).encode())
    assert place.ingest("apply")["as_of"] == "2026-07-14T22:00:00Z"


FILES: dict[str, tuple[bytes, str]] = {
    "an HTML page": (b"<!doctype html><title>2000007</title>", "is an HTML page, where it should be one JSON object"),
    "UTF-16": ("\n".join(json.dumps(choice(n)) for n in range(9)).encode("utf-16"), "is in UTF-16"),
    "gzipped": (gzip.compress(b"{}"), "is gzipped without saying so"),
    "a workbook": (b"PK\x03\x04 2000007", "is a zip archive or a workbook"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_something_else_is_named_as_what_it_is(place: Place, case: str) -> None:
    content, says = FILES[case]
    folder = place.drop("apply", {"application_choices": choices()})
    _replace(folder, "application_choices.ndjson", content)
    with pytest.raises(RefusedError, match=rf"application_choices\.ndjson {says}") as refused:
        place.ingest("apply")
    assert "2000007" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", gzip.compress(b"{}\n" * 2000)[:-20]], ids=["empty", "no gzip", "cut off"]
)
def test_a_gzip_file_that_is_none_or_not_whole_is_refused(place: Place, content: bytes) -> None:
    folder = place.drop("apply", {"application_choices": choices()}, zipped=True)
    _replace(folder, "application_choices.ndjson.gz", content)
    with pytest.raises(RefusedError, match=r"not a whole gzip file|0 rows where its manifest says 200"):
        place.ingest("apply")


def _replace(folder: Path, name: str, content: bytes) -> None:
    """Put other bytes into a file, and into its manifest what they are."""
    (folder / name).write_bytes(content)
    _change(folder, lambda manifest: manifest["files"][0].update(sha256=hashlib.sha256(content).hexdigest()))


def test_a_folder_in_the_place_of_a_file_is_no_file(place: Place) -> None:
    path = place.drop("apply", {"application_choices": choices()}) / "manifest.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(RefusedError, match=r"has no manifest\.json"):
        place.ingest("apply")


def test_many_wrong_names_are_told_shortly(place: Place) -> None:
    folder = place.drop("apply", {"application_choices": choices()})
    for number in range(500):
        (folder / f"courses-{number:012}.ndjson").touch()
    with pytest.raises(RefusedError, match="and 495 more") as refused:
        place.ingest("apply")
    assert len(str(refused.value)) < 500


def test_a_file_that_somebody_named_after_somebody_is_not_named(place: Place) -> None:
    folder = place.drop("apply", {"application_choices": choices()})
    for name in ("ada_lovelace.ndjson", "application_choices 2000006.ndjson", "application_choices_old.ndjson"):
        (folder / name).touch()
    with pytest.raises(RefusedError, match=r"\(application_choices_old\.ndjson, 2 of other names\)"):
        place.ingest("apply")


@pytest.mark.parametrize("denied", ["manifest.json", "application_choices.ndjson"])
def test_a_drop_in_a_bucket_that_may_not_be_read_hides_no_older_one(
    place: Place, monkeypatch: pytest.MonkeyPatch, denied: str
) -> None:
    for day, count in (("2026-07-13", 200), ("2026-07-14", 201)):
        folder = place.drop("apply", {"application_choices": choices(count)}, day=day)
        for path in folder.iterdir():
            place.s3.put_object(Bucket=BUCKET, Key=f"drops/apply/{folder.name}/{path.name}", Body=path.read_bytes())
    client: Any = boto3.client

    def make(service: str, *arguments: Any, **options: Any) -> Any:
        made = client(service, *arguments, **options)
        if service == "s3":
            made.meta.events.register("provide-client-params.s3.HeadObject", refuse)
        return made

    def refuse(params: Any, **_: Any) -> None:
        if params["Key"].endswith(f"dt=2026-07-14/{denied}"):
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    monkeypatch.setattr(boto3, "client", make)
    with pytest.raises(RefusedError, match=r"dt=2026-07-14 cannot be read\..*s3:GetObject.*ask its owner"):
        place.ingest("apply", source_location=f"s3://{BUCKET}/drops/apply")
    assert place.manifest("apply")["fetched"]["day"] == "2026-07-13"


def test_a_broken_drop_does_not_keep_out_an_older_good_one_that_is_new(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-12")
    place.ingest("apply")
    place.drop("apply", {"application_choices": choices(201)}, day="2026-07-13")
    _no_manifest(place.drop("apply", {"application_choices": choices(202)}))
    with pytest.raises(RefusedError, match=r"dt=2026-07-14 has no manifest\.json"):
        place.ingest("apply")
    assert place.manifest("apply")["fetched"]["day"] == "2026-07-13"
    assert place.json("attempts/apply.json")["outcome"] == "refused"


def test_a_drop_that_a_gate_refuses_does_not_keep_out_an_older_good_one_that_is_new(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-12")
    place.ingest("apply")
    place.drop("apply", {"application_choices": choices(201)}, day="2026-07-13")
    place.drop("apply", {"application_choices": choices(100)})
    with pytest.raises(RefusedError, match=r"100 rows where the current snapshot has 200.*accept it with"):
        place.ingest("apply")
    assert place.manifest("apply")["fetched"]["day"] == "2026-07-13"
    attempt = place.json("attempts/apply.json")
    assert (attempt["outcome"], attempt["current"]) == ("refused", place.current("apply"))


def test_of_several_refused_drops_the_newest_is_the_one_that_the_attempt_names(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-12")
    before = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(90)}, day="2026-07-13")
    place.drop("apply", {"application_choices": choices(100)})
    with pytest.raises(RefusedError, match=r"100 rows where.*90 rows where"):
        place.ingest("apply")
    attempt = place.json("attempts/apply.json")
    assert attempt["snapshot"].startswith("20260714-") and attempt["current"] == before == place.current("apply")


def test_both_a_broken_drop_and_a_refused_older_one_are_told(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-12")
    before = place.ingest("apply")["snapshot"]
    place.drop("apply", {"application_choices": choices(100)}, day="2026-07-13")
    _no_manifest(place.drop("apply", {"application_choices": choices(202)}))
    with pytest.raises(RefusedError, match=r"no manifest\.json.*100 rows where the current snapshot has 200"):
        place.ingest("apply")
    assert place.current("apply") == before


def test_a_missing_source_is_one_clear_error(place: Place) -> None:
    with pytest.raises(PlacementsKpiError, match="SOURCE_LOCATION"):
        place.ingest("apply")
    place.location("apply").mkdir()
    with pytest.raises(RefusedError, match="no drop at SOURCE_LOCATION"):
        place.ingest("apply")
    with pytest.raises(RefusedError, match="dt=2026-07-01 does not exist"):
        place.ingest("apply", {"day": "2026-07-01"})


def test_a_late_source_is_refused(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-11")
    with pytest.raises(RefusedError, match="4 days old; at most 3"):
        place.ingest("apply")


def test_a_source_that_stands_still_is_refused_once_it_is_too_old(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.drop("apply", {"application_choices": choices()})
    before = place.ingest("apply")["snapshot"]
    monkeypatch.setenv("CLOCK", "2026-07-18T08:30:00+00:00")
    with pytest.raises(RefusedError, match="4 days old; at most 3"):
        place.ingest("apply")
    assert place.current("apply") == before


@pytest.mark.parametrize("location", ["ftp://example.org/drops", "http://example.org/drops", "file:///drops"])
def test_a_location_that_is_neither_https_nor_a_drop_is_refused(place: Place, location: str) -> None:
    with pytest.raises(PlacementsKpiError, match="SOURCE_LOCATION"):
        place.ingest("placements", source_location=location)


def test_a_folder_is_refused_outside_the_local_stack(place: Place) -> None:
    place.drop("providers", {"providers": [], "courses": []})
    with pytest.raises(SourceError, match="SOURCE_LOCATION"):
        place.ingest("providers", stage="prod")


def test_an_empty_source_is_refused(place: Place) -> None:
    place.drop("apply", {"application_choices": []})
    with pytest.raises(RefusedError, match="0 rows"):
        place.ingest("apply")


BAD_ROWS: dict[str, tuple[dict[str, Any] | str, str, str | None]] = {
    "not json": ("{", "not_json", None),
    "not an object": ("[1]", "not_an_object", None),
    "wrong encoding": (json.dumps(choice(9)).replace("london", "\\ud800"), "not_json", None),
    "number for text": (choice(9, course_code=5), "wrong_type", "course_code"),
    "text for number": (choice(9, recruitment_cycle_year="2026 to 2027"), "wrong_type", "recruitment_cycle_year"),
    "too large a number": (choice(9, recruitment_cycle_year="9" * 19), "out_of_range", "recruitment_cycle_year"),
    "number for boolean": (choice(9, hide_in_reporting="1"), "wrong_type", "hide_in_reporting"),
    "another zone by name": (choice(9, rejected_at="2026-03-01 10:00:00 BST"), "wrong_type", "rejected_at"),
    "null as text for a key": (choice(9, id="null"), "missing", "id"),
    "fraction for number": (choice(9, recruitment_cycle_year=2026.5), "wrong_type", "recruitment_cycle_year"),
    "text for boolean": (choice(9, hide_in_reporting="no"), "wrong_type", "hide_in_reporting"),
    "text for list": (choice(9, rejection_reason_ids="course_full"), "wrong_type", "rejection_reason_ids"),
    "number in list": (choice(9, rejection_reason_ids=[5]), "wrong_type", "rejection_reason_ids"),
    "seconds for instant": (choice(9, rejected_at="1751200000"), "wrong_type", "rejected_at"),
    "compact instant": (choice(9, rejected_at="20260701"), "wrong_type", "rejected_at"),
    "impossible instant": (choice(9, rejected_at="2026-02-30T10:00:00Z"), "wrong_type", "rejected_at"),
    "far future": (choice(9, rejected_at="2101-01-01T00:00:00Z"), "out_of_range", "rejected_at"),
    "long ago": (choice(9, rejected_at="1899-12-31T23:59:59Z"), "out_of_range", "rejected_at"),
    "essay": (choice(9, course_code="x" * 256), "too_long", "course_code"),
    "text for id": (choice(9, id="Ada Lovelace"), "not_an_id", "id"),
    "number of a person for a year": (
        choice(9, recruitment_cycle_year=2000006),
        "out_of_range",
        "recruitment_cycle_year",
    ),
    "no key": ({"status": "offer", "recruitment_cycle_year": 2026}, "missing", "id"),
    "null key": (choice(9, id=None), "missing", "id"),
    "blank key": (choice(9, id="  "), "missing", "id"),
    "no status": (choice(9, status=None), "missing", "status"),
    "reasons of no shape": (choice(9, structured_rejection_reasons=7), "wrong_type", "structured_rejection_reasons"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_quarantined_with_its_place_and_without_its_value(place: Place, case: str) -> None:
    row, reason, column = BAD_ROWS[case]
    good = [choice(number) for number in range(101, 301)]
    place.drop("apply", {"application_choices": [*good[:4], row, *good[4:]]})
    summary = place.ingest("apply")
    assert summary["tables"][0] | {"unknown_codes": {}} == {
        "table": "application_choices",
        "rows_in": 201,
        "kept": 200,
        "duplicates": 0,
        "refused": {reason: 1},
        "unknown_codes": {},
    }
    quarantine = place.json(place.manifest("apply")["quarantine"])
    assert quarantine["rows"] == [{"file": "application_choices.ndjson", "row": 5, "reason": reason, "column": column}]


def test_bytes_of_another_code_page_quarantine_the_row(place: Place) -> None:
    folder = place.drop("apply", {"application_choices": [*choices(), choice(999, course_code="caf_")]}, zipped=False)
    path = folder / "application_choices.ndjson"
    changed = path.read_bytes().replace(b"caf_", b"caf\xe9")
    path.write_bytes(changed)
    _change(folder, lambda manifest: manifest["files"][0].update(sha256=hashlib.sha256(changed).hexdigest()))
    assert place.ingest("apply")["tables"][0]["refused"] == {"not_json": 1}


def test_more_than_one_row_in_a_hundred_refuses_the_snapshot(place: Place) -> None:
    place.drop("apply", {"application_choices": [*choices(99), choice(100, status=None), choice(101, status=None)]})
    with pytest.raises(RefusedError, match="2 of 101 rows could not be used; at most 1% may"):
        place.ingest("apply")


def test_a_column_of_another_type_is_named_with_what_was_expected(place: Place) -> None:
    rows: Rows = [choice(number, rejected_at="5 March 2026") for number in range(1, 41)]
    place.drop("apply", {"application_choices": [*rows, choice(41, status=None)]})
    expected = "most often wrong_type in rejected_at, where an instant such as 2026-07-14T22:30:00Z is expected"
    with pytest.raises(RefusedError, match=expected):
        place.ingest("apply")


def test_a_code_on_no_list_is_unknown_and_counted(place: Place) -> None:
    place.drop("apply", {"application_choices": [*choices(9), choice(10, status="teleported", course_level=None)]})
    summary = place.ingest("apply")
    assert summary["tables"][0]["unknown_codes"] == {"status": 1}
    assert [row["status"] for row in place.table("apply", "application_choices")].count("unknown") == 1


def test_a_renamed_column_is_refused_because_the_old_one_is_suddenly_empty(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()}, day="2026-07-13")
    place.ingest("apply")
    renamed = [json.dumps(row).replace("provider_region_code", "providerRegionCode") for row in choices()]
    place.drop("apply", {"application_choices": list(renamed)})
    with pytest.raises(RefusedError, match="no row has provider_region_code any more"):
        place.ingest("apply")


def test_a_doubled_source_is_refused(place: Place) -> None:
    place.drop("apply", {"application_choices": choices() * 2})
    with pytest.raises(RefusedError, match="200 of 400 rows repeat the key of another row"):
        place.ingest("apply")


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "local-0123456789-abcdefghijklmnop",
        "a" * 40,
        "changeme-changeme-changeme-0123456789",
        "This-Is-My-Example-Key-0123456789-xyz",
        "",
        "q8Zr2LxV0bTn6WmYc4HjKd1Pg7SfUe3",  # one too few
        "abcabcabcabcabcabcabcabcabcabcabcabc",
        "correct-horse-PASSWORD-battery-staple-0123",
    ],
)
def test_a_weak_key_is_refused_in_a_deployed_system_and_never_shown(key: str) -> None:
    with pytest.raises(PseudonymKeyError) as refused:
        check_key(key, "prod")
    assert not key or key not in str(refused.value)


def test_a_random_key_of_enough_length_is_taken_in_every_stage() -> None:
    for stage in ("local", "dev", "prod"):
        check_key("q8Zr2LxV0bTn6WmYc4HjKd1Pg7SfUe3A", stage)


def test_the_key_that_the_template_generates_is_strong_enough() -> None:
    """Secrets Manager draws 64 letters and digits: one that is refused would come once in more than any lifetime."""
    import secrets
    import string

    for _ in range(1000):
        check_key("".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(64)), "prod")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_key_of_the_local_stack_is_refused_wherever_it_is_deployed(place: Place, stage: str) -> None:
    from local import world

    boto3.client("secretsmanager").put_secret_value(
        SecretId=place.secret_arn, SecretString=json.dumps({"key": world._KEY})
    )
    with pytest.raises(PseudonymKeyError, match="anybody could guess"):
        pseudonyms.load(place.secret_arn, stage)
    assert len(pseudonyms.load(place.secret_arn, "local").key_id) == 12


def test_a_weak_key_that_is_current_is_never_used_though_the_one_before_was_strong(place: Place) -> None:
    strong = json.dumps({"key": "q8Zr2LxV0bTn6WmYc4HjKd1Pg7SfUe3A"})
    for held in (strong, json.dumps({"key": "changeme" * 5})):
        boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=held)
    with pytest.raises(PseudonymKeyError):
        pseudonyms.load(place.secret_arn, "prod")


def test_a_short_key_is_refused_everywhere(place: Place) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString='{"key": "abc"}')
    place.drop("apply", {"application_choices": choices()})
    with pytest.raises(PseudonymKeyError, match="3 characters and needs 32"):
        place.ingest("apply")
    assert place.current("apply") is None
    assert place.json("attempts/apply.json")["outcome"] == "failed"


@pytest.mark.parametrize(("content", "error"), [("not json", SecretError), ("{}", PseudonymKeyError)])
def test_a_secret_without_a_key_is_refused(place: Place, content: str, error: type[Exception]) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=content)
    place.drop("apply", {"application_choices": choices()})
    with pytest.raises(error):
        place.ingest("apply")


def test_a_missing_secret_is_refused(place: Place) -> None:
    place.drop("apply", {"application_choices": choices()})
    with pytest.raises(PseudonymKeyError, match="PSEUDONYM_SECRET_ARN"):
        place.ingest("apply", pseudonym_secret_arn=None)
    with pytest.raises(SecretError, match="could not be read"):
        place.ingest("apply", pseudonym_secret_arn="arn:aws:secretsmanager:eu-west-2:123456789012:secret:none")


def test_a_public_source_needs_no_key(place: Place) -> None:
    place.drop("providers", {"providers": [{"code": "1ab", "recruitment_cycle_year": 2025}], "courses": []})
    assert place.ingest("providers", pseudonym_secret_arn=None)["outcome"] == "accepted"
    assert place.manifest("providers")["key_id"] is None
