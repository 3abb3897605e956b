"""A sample with earlier cycles: the same rows again, years before, and none of them about anybody of the sample."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from local.cycles import GROWING, YEARS_BEFORE, write_earlier_cycles
from local.sample import trns
from local.sample.writing import write_sample

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = ("school_activity", "provider_activity")
"""One row a school or provider, however many cycles there are."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    usual, longer = tmp_path_factory.mktemp("usual"), tmp_path_factory.mktemp("longer")
    write_sample(usual, scale=0.01, schools_wanted=4_000)
    write_earlier_cycles(usual, longer)
    return usual, longer


def files(folder: Path) -> dict[str, list[dict[str, Any]]]:
    read = {}
    for path in sorted(path for source in GROWING for path in (folder / source).glob("dt=*/*.ndjson.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            read[path.name.removesuffix(".ndjson.gz")] = [json.loads(row) for row in rows]
    return read


def test_everybody_comes_again_under_other_ids_and_every_row_of_the_sample_is_there(
    folders: tuple[Path, Path],
) -> None:
    before, after = map(files, folders)
    for name in set(before) - {*SERVICES}:
        first = next(iter(before[name][0]))
        ids = {row[first] for row in before[name] if row[first]}
        others = [row for row in after[name] if row[first] not in ids]
        assert len(after[name]) == (1 + len(YEARS_BEFORE)) * len(before[name])
        assert [row for row in after[name] if row[first] in ids] == [row for row in before[name] if row[first]]
        assert len({row[first] for row in others if row[first]}) == len(YEARS_BEFORE) * len(ids)
        people = {row["trn"] for row in before[name] if row.get("trn")}
        assert not people.intersection(row.get("trn") for row in others)


def test_what_is_dated_is_dated_before_the_sample_begins(folders: tuple[Path, Path]) -> None:
    before, after = map(files, folders)
    for name, dated in (("application_choices", "sent_to_provider_at"), ("mentor_allocations", "created_at")):
        given, all_given = (
            [str(row[dated]) for row in rows if str(row[dated]).startswith("20")]
            for rows in (before[name], after[name])
        )
        earlier = [day for day in all_given if day < min(given)]
        assert len(earlier) == len(YEARS_BEFORE) * len(given)
    cycles = {row["recruitment_cycle_year"] for row in after["application_choices"]}
    assert {2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2024, 2025, 2026} <= cycles


def test_schools_and_providers_stay_one_row_with_a_longer_past(folders: tuple[Path, Path]) -> None:
    before, after = map(files, folders)
    for name in SERVICES:
        for usual, longer in zip(before[name], after[name], strict=True):
            lists = [column for column, value in usual.items() if isinstance(value, list)]
            assert all(longer[column][len(YEARS_BEFORE) * len(usual[column]) :] == usual[column] for column in lists)
            assert {column: longer[column] for column in set(usual) - {*lists}} == {
                column: usual[column] for column in set(usual) - {*lists}
            }


def test_manifest_and_sample_say_how_many_rows_there_are(folders: tuple[Path, Path]) -> None:
    rows = {f"{name}.ndjson.gz": len(found) for name, found in files(folders[1]).items()}
    said = json.loads((folders[1] / "sample.json").read_text(encoding="utf-8"))["rows"]
    promised = [
        file for source in GROWING for path in (folders[1] / source).glob("dt=*/manifest.json")
        for file in json.loads(path.read_text(encoding="utf-8"))["files"]
    ]  # fmt: skip
    assert {file["name"]: file["rows"] for file in promised} == rows
    assert {name: count for source in GROWING for name, count in said[source].items()} == rows


def test_a_trn_says_whose_it_is() -> None:
    assert [trns.number(trns.trn(person)) for person in (0, 1, 99_999, 3_400_000)] == [0, 1, 99_999, 3_400_000]
    assert [trns.number(written) for written in ("1234", "RP12/34567", "9960007", "0000000")] == [None] * 4
