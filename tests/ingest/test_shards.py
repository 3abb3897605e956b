"""Files that come in shards, as BigQuery's ``EXPORT DATA`` writes them: read as one."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from placements_kpi.runs import RefusedError
from tests.ingest.drops import choice, choices, write_drop
from tests.schools import extracts
from tests.schools.extracts import school

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest.conftest import Place


def cut(folder: Path, file: str, pieces: list[bytes], *, zipped: bool, numbers: list[int] | None = None) -> None:
    """Replace a file of a drop by shards of these bytes, and make the manifest true again."""
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = [entry for entry in manifest["files"] if entry["name"] != file]
    (folder / file).unlink()
    name, _, ending = file.partition(".")
    header = ending == "csv"
    for number, piece in zip(numbers or range(len(pieces)), pieces, strict=True):
        path = folder / f"{name}-{number:012}.{ending}{'.gz' if zipped else ''}"
        path.write_bytes(gzip.compress(piece, mtime=0) if zipped else piece)
        rows = piece.count(b"\n") - header
        listed.append({"name": path.name, "rows": rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": listed}))


def shards(folder: Path, file: str, *sizes: int) -> list[bytes]:
    """Return the lines of a file in pieces of so many lines, the last with the rest."""
    lines = (folder / file).read_bytes().splitlines(keepends=True)
    ends = [sum(sizes[:end]) for end in range(1, len(sizes) + 1)]
    return [b"".join(lines[start:end]) for start, end in zip([0, *ends], [*ends, None], strict=True)]


@pytest.mark.parametrize("zipped", [False, True])
def test_shards_are_the_same_snapshot_as_the_whole_file(place: Place, zipped: bool) -> None:
    folder = place.drop("apply", {"application_choices": choices(40)})
    whole = place.ingest("apply")["snapshot"]
    pieces = shards(folder, "application_choices.ndjson", 15, 15)
    cut(folder, "application_choices.ndjson", pieces, zipped=zipped)
    assert place.ingest("apply")["snapshot"] == whole


def test_rows_are_numbered_through_all_shards(place: Place) -> None:
    rows: list[Any] = [*choices(120), choice(121, status=None), choice(122, status="offer"), choice(122)]
    folder = place.drop("apply", {"application_choices": rows})
    cut(folder, "application_choices.ndjson", shards(folder, "application_choices.ndjson", 100, 22), zipped=False)
    place.ingest("apply")
    (bad,) = place.json(place.manifest("apply")["quarantine"])["rows"]
    assert (bad["file"], bad["row"]) == ("application_choices.ndjson", 121)
    stored = {row["id"]: row["status"] for row in place.table("apply", "application_choices")}
    assert stored["122"] == "awaiting_provider_decision", "of two equally new rows the later wins, in whichever shard"


@pytest.mark.parametrize("numbers", [[0, 2], [1, 2], [0, 1]])
def test_a_shard_that_is_missing_or_beside_the_whole_file_is_told(place: Place, numbers: list[int]) -> None:
    folder = place.drop("apply", {"application_choices": choices(40)})
    pieces = shards(folder, "application_choices.ndjson", 20)
    cut(folder, "application_choices.ndjson", pieces, zipped=False, numbers=numbers)
    expected = "not all shards of application_choices"
    if numbers == [0, 1]:
        beside = folder / "application_choices.ndjson"
        beside.write_bytes(b"".join(pieces))
        manifest = json.loads((folder / "manifest.json").read_text())
        entry = {"name": beside.name, "rows": 40, "sha256": hashlib.sha256(beside.read_bytes()).hexdigest()}
        manifest["files"].append(entry)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        expected = "3 files for application_choices"
    with pytest.raises(RefusedError, match=expected):
        place.ingest("apply")


def test_a_shard_with_fewer_rows_than_promised_is_told(place: Place) -> None:
    folder = place.drop("apply", {"application_choices": choices(40)})
    cut(folder, "application_choices.ndjson", shards(folder, "application_choices.ndjson", 20), zipped=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][1]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RefusedError, match="has 40 rows where its manifest says 41"):
        place.ingest("apply")


@pytest.mark.parametrize("zipped", [False, True])
def test_shards_of_csv_each_have_the_header(place: Place, zipped: bool) -> None:
    folder = extracts.write_drop(place.location("schools"), [school(number) for number in range(100000, 100030)])
    name = next(path.name for path in folder.iterdir() if path.name.startswith("edubase"))
    whole = place.ingest("schools", min_rows=1)["snapshot"]
    header, *pieces = shards(folder, name, 1, 12)
    cut(folder, name, [header + piece for piece in pieces], zipped=zipped)
    assert place.ingest("schools", min_rows=1)["snapshot"] == whole


def test_shards_of_csv_with_different_headers_are_told(place: Place) -> None:
    folder = extracts.write_drop(place.location("schools"), [school(number) for number in range(100000, 100030)])
    name = next(path.name for path in folder.iterdir() if path.name.startswith("edubase"))
    header, *pieces = shards(folder, name, 1, 12)
    cut(folder, name, [header + pieces[0], header.replace(b"URN", b"Urn") + pieces[1]], zipped=False)
    with pytest.raises(RefusedError, match="another header"):
        place.ingest("schools", min_rows=1)


@pytest.mark.parametrize("case", ["no line end at the end", "an empty shard"])
def test_shards_of_csv_as_other_programs_cut_them(place: Place, case: str) -> None:
    folder = extracts.write_drop(place.location("schools"), [school(number) for number in range(100000, 100030)])
    name = next(path.name for path in folder.iterdir() if path.name.startswith("edubase"))
    whole = place.ingest("schools", min_rows=1)["snapshot"]
    header, *pieces = shards(folder, name, 1, 12)
    given = [header + piece for piece in pieces]
    given = [piece.rstrip(b"\r\n") for piece in given] if case.startswith("no") else [given[0] + pieces[1], b""]
    cut(folder, name, given, zipped=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry, rows in zip(manifest["files"][-2:], [12, 18] if case.startswith("no") else [30, 0], strict=True):
        entry["rows"] = rows
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert place.ingest("schools", min_rows=1)["snapshot"] == whole


def test_a_shard_of_csv_that_is_cut_off_leaves_the_drop_before_it(place: Place) -> None:
    schools = [school(number) for number in range(100000, 100030)]
    extracts.write_drop(place.location("schools"), schools, day="2026-07-13")
    folder = extracts.write_drop(place.location("schools"), schools)
    name = next(path.name for path in folder.iterdir() if path.name.startswith("edubase"))
    header, *pieces = shards(folder, name, 1, 12)
    cut(folder, name, [header + piece for piece in pieces], zipped=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    last = folder / manifest["files"][-1]["name"]
    last.write_bytes(last.read_bytes()[:-30])
    manifest["files"][-1]["sha256"] = hashlib.sha256(last.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RefusedError, match=r"000000000001\.csv\.gz is not a whole gzip file"):
        place.ingest("schools", min_rows=1)
    assert str(place.current("schools")).startswith("20260713-")


def test_write_drop_is_what_is_cut(tmp_path: Path) -> None:
    folder = write_drop(tmp_path, {"application_choices": choices(5)})
    assert [piece.count(b"\n") for piece in shards(folder, "application_choices.ndjson", 2, 1)] == [2, 1, 2]
