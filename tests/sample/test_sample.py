"""What the sample promises: real schools, invented people, planted dirt, and answers that the files bear out."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import random
import tracemalloc
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.sample import apply, providers, reference
from local.sample.days import Days
from local.sample.dirt import EMAIL, FREE_TEXT, KINDS, PERSONAL, Dirt, plan
from local.sample.errors import SampleError
from local.sample.gias import COLUMNS
from local.sample.trns import trn
from local.sample.writing import write_sample
from tests.sample.borne_out import Sample, kpis

AS_OF = date(2026, 7, 14)
SMALL = {"scale": 0.01, "schools_wanted": 4_000}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    write_sample(out, seed=11, scale=0.01)
    return out


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "known_answers.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def whole(folder: Path) -> Sample:
    return Sample(folder, AS_OF)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A sample with few schools, so that all its days can be counted."""
    out = tmp_path_factory.mktemp("small")
    write_sample(out, seed=12, **SMALL)
    return Sample(out, AS_OF)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def fraction(figure: dict[str, Any]) -> tuple[int, int]:
    return figure["numerator"], figure["denominator"]


# Answers


@pytest.mark.parametrize("kpi", kpis())
def test_every_known_figure_is_borne_out_by_the_files(kpi: str, small: Sample) -> None:
    looked_at, different = small.differences(kpi)
    known = sum(one.kpi == kpi for one in small.known)
    assert known, f"local/sample/writing.py: the sample has no known answers of {kpi}"
    assert looked_at == known
    assert different == []


@pytest.mark.parametrize("kpi", kpis())
def test_the_newest_figures_of_all_schools_are_borne_out_by_the_files(kpi: str, whole: Sample) -> None:
    looked_at, different = whole.differences(kpi, all_days=False)
    assert looked_at > 0
    assert different == []


def test_partitions_add_up_to_their_total(answers: dict[str, Any]) -> None:
    for kpi, measure, breakdowns in (
        ("provider-take-up", "headline", ("by_region", "by_role", "by_provider_type")),
        ("school-take-up", "headline", ("by_region", "by_phase", "by_type_group")),
        ("ect-vacancies", "headline", ("by_region",)),
        ("trainee-withdrawals", "outcome_rate", ("by_region",)),
        ("placement-rejections", "rejections_for_capacity", ("by_region",)),
    ):
        figure = answers[kpi][measure]
        for breakdown in breakdowns:
            parts = figure[breakdown].values()
            assert sum(part["numerator"] for part in parts) == figure["numerator"], (kpi, breakdown)
            assert sum(part["denominator"] for part in parts) == figure["denominator"], (kpi, breakdown)


def test_offers_are_covered_well_enough_for_a_headline(answers: dict[str, Any]) -> None:
    for measure in ("coverage_taking_applications", "coverage_usable_trn"):
        numerator, denominator = fraction(answers["ect-vacancies"][measure])
        assert numerator > 0.3 * denominator


# Drops


@pytest.mark.parametrize("source", ["apply", "register", "placements", "vacancies", "providers", "schools"])
def test_a_manifest_gives_the_rows_and_hash_of_each_file(folder: Path, source: str) -> None:
    drop = folder / source / "dt=2026-07-14"
    manifest = json.loads((drop / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["as_of"] == "2026-07-14T22:30:00Z"
    assert manifest["invented"] is True, "so that no stack takes it for real"
    assert {file["name"] for file in manifest["files"]} == {path.name for path in drop.iterdir()} - {"manifest.json"}
    for file in manifest["files"]:
        data = (drop / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        lines = gzip.decompress(data).count(b"\n") if file["name"].endswith(".gz") else data.count(b"\r\n") - 1
        assert lines == file["rows"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write_sample(tmp_path / name, seed=seed, **SMALL)
    one, two, other = (digests(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    changed = {name for name in one if one[name] != other[name]}
    assert {name.split("/")[0] for name in changed} >= {"apply", "register", "placements", "vacancies"}


def test_another_day_moves_the_answers(tmp_path: Path) -> None:
    write_sample(tmp_path, seed=5, as_of=date(2026, 3, 31), **SMALL)
    answers = json.loads((tmp_path / "known_answers.json").read_text(encoding="utf-8"))
    assert answers["placement-rejections"]["headline"]["as_of"] == "2026-03-31"
    sample = Sample(tmp_path, date(2026, 3, 31))
    for kpi in kpis():
        looked_at, different = sample.differences(kpi, all_days=False)
        assert (looked_at > 0, different) == (True, [])


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    days, dirt = Days(AS_OF), Dirt()
    publish, _ = providers.write(tmp_path, days, 1, dirt)
    peaks = []
    for scale in (0.005, 0.03):
        tracemalloc.start()
        apply.write(tmp_path / str(scale), days, scale, 1, publish, dirt)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scale": 0}, "scale of 0"),
        ({"scale": 11}, "scale of 11"),
        ({"schools_wanted": 10}, "10 schools is too small"),
        ({"as_of": date(2027, 1, 1)}, "has no 2027-01-01"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(tmp_path: Path, wrong: Any, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        write_sample(tmp_path, **wrong)


# Dirt


def test_every_kind_of_dirt_is_planted(folder: Path) -> None:
    dirt = json.loads((folder / "sample.json").read_text(encoding="utf-8"))["dirt"]
    assert set(dirt) == set(KINDS)
    assert [kind for kind, planted in dirt.items() if not planted["count"]] == []


def test_dirt_outside_the_catalogue_cannot_be_planted() -> None:
    with pytest.raises(KeyError, match=r"apply\.frogs is not in the catalogue"):
        Dirt().add("apply.frogs")


def test_a_plan_never_puts_two_kinds_in_one_place() -> None:
    planned = plan(random.Random(1), 100, {"a": 0.3, "b": 0.001, "c": 0.5})
    assert Counter(planned.values()) == {"a": 30, "b": 1, "c": 50}


def test_personal_texts_are_there_to_be_dropped(folder: Path) -> None:
    for path in folder.rglob("*.ndjson.gz"):
        if path.name.startswith("courses"):
            continue
        text = gzip.decompress(path.read_bytes()).decode()
        assert PERSONAL in text and EMAIL in text and FREE_TEXT in text, path.name


def test_bad_rows_stay_under_the_gates_of_every_file(folder: Path) -> None:
    """Doubled and quarantined rows are each under 1% (sources#gates), even in a small sample."""
    summary = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
    count = {kind: planted["count"] for kind, planted in summary["dirt"].items()}
    total = {source: sum(files.values()) for source, files in summary["rows"].items()}
    for source, rows_in in total.items():
        kinds = [kind for kind in KINDS if kind.startswith(source + ".")]
        bad = sum(count[kind] for kind in kinds if "blank_" in kind or "wrong_type" in kind or kind.endswith("blank"))
        bad -= sum(count[kind] for kind in kinds if kind in {"apply.blank_candidate", "schools.blank_postcode"})
        bad -= count["schools.link_blank_date"] if source == "schools" else 0
        doubled = sum(count[kind] for kind in kinds if "duplicate" in kind)
        assert bad < 0.01 * rows_in, source
        assert doubled < 0.01 * rows_in, source


def test_all_four_formats_of_reasons_occur(folder: Path) -> None:
    choices = rows(folder / "apply" / "dt=2026-07-14" / "application_choices.ndjson.gz")
    types = Counter(row["rejection_reasons_type"] for row in choices if row["status"] == "rejected")
    assert set(types) == {
        "rejection_reason", "reasons_for_rejection", "rejection_reasons", "vendor_api_rejection_reasons", None,
    }  # fmt: skip
    shapes = [row["structured_rejection_reasons"] for row in choices if "structured_rejection_reasons" in row]
    assert any("course_full_y_n" in shape for shape in shapes)
    assert any("selected_reasons" in shape for shape in shapes)


def test_no_placement_reason_was_given_before_there_was_one(folder: Path) -> None:
    choices = rows(folder / "apply" / "dt=2026-07-14" / "application_choices.ndjson.gz")
    doubled = {id for id, times in Counter(row["id"] for row in choices).items() if times > 1}
    early = [row for row in choices if row["rejected_at"] and row["rejected_at"] < "2024-10-15"]
    assert early
    assert not [row for row in early if "school_placement" in json.dumps(row) and row["id"] not in doubled]


def test_no_offer_was_made_before_there_were_offers(folder: Path) -> None:
    applications = rows(folder / "vacancies" / "dt=2026-07-14" / "applications.ndjson.gz")
    offers = [row["offered_at"] for row in applications if row["offered_at"] and row["offered_at"] != "soon"]
    assert min(offers) >= "2025-09-03"


def test_no_two_people_have_one_trn() -> None:
    numbers = [trn(number) for number in range(200_000)]
    assert len(set(numbers)) == len(numbers)
    assert all(len(number) == 7 and number.isdigit() and len(set(number)) > 1 for number in numbers)


# Schools and providers


def test_the_schools_file_is_full_width_cp1252_with_a_few_bad_rows(folder: Path) -> None:
    path = folder / "schools" / "dt=2026-07-14" / "edubasealldata20260714.csv"
    data = path.read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert b"\x92" in data and b"\xe9" in data
    with path.open(encoding="cp1252", newline="") as file:
        reader = csv.reader(file)
        assert next(reader) == list(COLUMNS)
        widths = Counter(len(cells) for cells in reader)
    assert len(COLUMNS) == 135
    assert widths[135] > 50_000
    assert sum(widths.values()) - widths[135] == 2


def test_the_register_is_about_the_size_of_todays(answers: dict[str, Any]) -> None:
    take_up = answers["school-take-up"]
    assert 24_000 < take_up["headline"]["denominator"] < 25_000
    assert 21_500 < take_up["schools_d3"]["denominator"] < 22_500


def test_reference_data_holds_no_wrongly_decoded_name() -> None:
    names = [name + town for _, name, town, *_ in reference.schools()]
    assert len(names) == 51_329
    assert not [name for name in names if any("\u0400" <= letter <= "\u04ff" for letter in name)]
    assert any("\xe9" in name for name in names)


def test_reference_data_is_small_and_attributed() -> None:
    files = {path.name: path.stat().st_size for path in reference.FOLDER.iterdir()}
    attribution = (reference.FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert sum(files.values()) < 3_000_000
    assert "Open Government Licence v3.0" in attribution
    for name in files.keys() - {"ATTRIBUTION.md"}:
        assert f"`{name}`" in attribution


def test_no_columns_of_real_persons_are_filled_with_anything_but_invented_names(folder: Path) -> None:
    path = folder / "schools" / "dt=2026-07-14" / "edubasealldata20260714.csv"
    with path.open(encoding="cp1252", newline="") as file:
        found = {(row["HeadLastName"], row["TelephoneNum"][:7]) for row in csv.DictReader(file) if row["HeadLastName"]}
    assert {last for last, _ in found} == {"Example", "Specimen", "Placeholder", "Sample", "Illustration"}
    assert {start for _, start in found} == {"0207946"}


def test_a_reduced_register_is_closed_under_succession(small: Sample) -> None:
    schools = {row["urn"] for row in small.world.rows("schools")}
    assert 3_000 < len(schools) < 6_000
    links = [row for row in small.world.rows("school_links") if row["link_type"].startswith("Successor")]
    listed = {row["link_urn"] for row in links if row["urn"] in schools}
    followed = len(listed & schools)
    assert followed > 0.8 * len(listed)
