"""``make manifest`` writes what an ingest then takes, or says why it would not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local import manifest
from placements_kpi.errors import PlacementsKpiError
from tests.ingest.conftest import place as place  # a fixture for this folder too
from tests.ingest.drops import choices
from tests.schools import extracts
from tests.schools.extracts import school

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingest.conftest import Place


@pytest.fixture
def folder(place: Place) -> Path:
    """A day's files of Apply without a manifest."""
    made = place.drop("apply", {"application_choices": choices(40)}, zipped=True)
    (made / "manifest.json").unlink()
    return made


def test_an_ingest_takes_what_was_written(place: Place, folder: Path) -> None:
    source, rows = manifest.write(folder)
    assert (source.name, rows) == ("apply", 40)
    summary = place.ingest("apply")
    assert (summary["outcome"], summary["as_of"]) == ("accepted", "2026-07-14T00:00:00Z")


def test_files_of_gias_are_counted_without_their_header(place: Place) -> None:
    rows = [school(number, EstablishmentName='"The\nHill"') for number in range(100000, 100007)]
    made = extracts.write_drop(place.location("schools"), rows)
    (made / "manifest.json").unlink()
    assert manifest.write(made, "2026-07-14T10:00:00Z")[0].name == "schools"
    written = json.loads((made / "manifest.json").read_text())
    assert [file["rows"] for file in written["files"]] == [7, 0]
    assert place.ingest("schools", min_rows=1)["as_of"] == "2026-07-14T10:00:00Z"


def test_a_manifest_that_is_there_is_not_written_over(folder: Path) -> None:
    manifest.write(folder)
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(manifest.ManifestError, match="take it away first"):
        manifest.write(folder, "2026-07-14T10:00:00Z")
    assert (folder / "manifest.json").read_bytes() == before


def test_files_of_no_source_or_of_two_are_told_with_what_each_has(folder: Path) -> None:
    (folder / "trainees.ndjson").write_text("{}\n")
    with pytest.raises(manifest.ManifestError, match=r"apply: application_choices\.ndjson; .*edubasealldataYYYYMMDD"):
        manifest.write(folder)


@pytest.mark.parametrize("instant", ["yesterday", "2026-07-20T00:00:00Z", "2026-07-10T00:00:00Z"])
def test_what_an_ingest_would_refuse_is_told_and_nothing_is_written(folder: Path, instant: str) -> None:
    with pytest.raises(PlacementsKpiError):
        manifest.write(folder, instant)
    assert not (folder / "manifest.json").exists()


@pytest.mark.parametrize("name", ["apply", "dt=2026-02-30"])
def test_a_folder_that_is_no_day_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(manifest.ManifestError):
        manifest.write(tmp_path / name)


def test_a_file_of_gias_that_is_cut_off_is_told(place: Place) -> None:
    made = extracts.write_drop(place.location("schools"), [school(100000)], zipped=True)
    (made / "manifest.json").unlink()
    file = next(made.glob("edubase*.gz"))
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(manifest.ManifestError, match="is not a whole gzip file"):
        manifest.write(made)
    assert not (made / "manifest.json").exists()
