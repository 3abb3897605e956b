"""The rules of DfE's open data standard for Explore Education Statistics, for every file that is said to follow it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import TYPE_CHECKING

import pytest

from functions.publish_site import words
from tests.site.protected_document import REGIONS

if TYPE_CHECKING:
    from placements_kpi.results import Protected

Row = dict[str, str]
PLACE = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name"]
META = (
    "col_name col_type label indicator_grouping indicator_unit indicator_dp filter_hint filter_grouping_column".split()
)


def read(body: bytes) -> list[Row]:
    head, *rows = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
    assert len(set(head)) == len(head)
    assert {len(row) for row in rows} == {len(head)}
    return [dict(zip(head, row, strict=True)) for row in rows]


def names(files: dict[str, bytes]) -> list[str]:
    return [path.removesuffix(".meta.csv") for path in files if path.endswith(".meta.csv")]


@pytest.fixture(scope="module")
def pairs(files: dict[str, bytes]) -> dict[str, tuple[list[Row], list[Row]]]:
    """Data and metadata of each file."""
    return {name: (read(files[f"{name}.csv"]), read(files[f"{name}.meta.csv"])) for name in names(files)}


def columns(meta: list[Row], kind: str) -> list[str]:
    return [row["col_name"] for row in meta if row["col_type"] == kind]


def test_each_indicator_and_the_release_have_a_file_of_years_and_one_of_months(
    protected: Protected, files: dict[str, bytes]
) -> None:
    stems = [*(f"{kpi.id}/{kpi.id}" for kpi in protected.kpis), "school-placements-performance"]
    assert sorted(names(files)) == sorted(f"{stem}-{span}" for stem in stems for span in ("years", "months"))


def test_months_are_never_mixed_with_years(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    for name, (rows, _) in pairs.items():
        for row in rows:
            if name.endswith("-months"):
                assert re.fullmatch(r"20\d\d", row["time_period"]), name
                assert row["time_identifier"] in words.MONTHS
            else:
                assert re.fullmatch(r"20\d{4}", row["time_period"]), name
                assert int(row["time_period"][4:]) == (int(row["time_period"][:4]) + 1) % 100
                assert row["time_identifier"] == "Academic year"


def test_a_file_of_years_says_which_year_it_means(
    protected: Protected, pairs: dict[str, tuple[list[Row], list[Row]]]
) -> None:
    """The standard has one word for them; a cycle from October is not an academic year from August."""
    words_of = {
        "recruitment_cycle": "recruitment cycle",
        "register_year": "from August",
        "placements_year": "from September",
    }
    kinds = {kpi.id: {family.period for family in kpi.description.families} for kpi in protected.kpis}
    seen = 0
    for name, (_, meta) in pairs.items():
        hints = [row["filter_hint"] for row in meta if row["col_name"] == "part_of_year"]
        own = kinds.get(name.partition("/")[0], set().union(*kinds.values()))
        for hint in hints:
            assert {kind for kind, text in words_of.items() if text in hint} == own, name
            seen += 1
    assert seen == len(kinds) + 1


def test_places_have_their_official_names_and_codes(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    for rows, _ in pairs.values():
        assert list(rows[0])[: len(PLACE) + 2] == [*PLACE, "region_code", "region_name"]
        for row in rows:
            assert (row["country_code"], row["country_name"]) == ("E92000001", "England")
            if row["geographic_level"] == "National":
                assert (row["region_code"], row["region_name"]) == ("", "")
            else:
                assert row["geographic_level"] == "Regional"
                assert REGIONS.get(row["region_code"], "Not available") == row["region_name"]
                assert row["region_code"] in {*REGIONS, "x"} - {"not_available"}


def test_metadata_describe_every_column_but_those_of_time_and_place(
    pairs: dict[str, tuple[list[Row], list[Row]]],
) -> None:
    for name, (rows, meta) in pairs.items():
        assert list(meta[0]) == META
        grouping = {row["filter_grouping_column"] for row in meta} - {""}
        described = [row["col_name"] for row in meta]
        assert len(set(described)) == len(described)
        assert set(rows[0]) - {*PLACE, "region_code", "region_name"} == set(described), name
        assert grouping <= set(described), "a column that groups a filter is described too"
        for column in columns(meta, "Filter"):
            assert len({row[column] for row in rows}) > 1, "a filter has two items or more"
        assert [row["col_type"] for row in meta] == sorted(row["col_type"] for row in meta), "filters first"
        for row in meta:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", row["col_name"])
            assert row["label"]
            if row["col_type"] == "Filter":
                assert (row["indicator_grouping"], row["indicator_unit"], row["indicator_dp"]) == ("", "", "")
            else:
                assert row["indicator_grouping"] and row["indicator_dp"] in {"0", "1"}
                assert (row["indicator_unit"] == "%") == row["col_name"].endswith("_percentage")
                assert (row["filter_hint"], row["filter_grouping_column"]) == ("", "")


def test_labels_of_indicators_are_not_repeated(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    for _, meta in pairs.values():
        labels = [row["label"] for row in meta if row["col_type"] == "Indicator"]
        assert len(labels) == len(set(labels))


def test_filters_are_always_filled_and_have_their_total(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    for name, (rows, meta) in pairs.items():
        grouping = sorted({row["filter_grouping_column"] for row in meta} - {""})
        for column in [*columns(meta, "Filter"), *grouping]:
            values = {row[column] for row in rows}
            assert "Total" in values, (name, column)
            assert all(value.strip() == value != "" for value in values)


def test_the_matrix_is_complete_and_has_no_row_twice(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    for name, (rows, meta) in pairs.items():
        times = list(dict.fromkeys((row["time_period"], row["time_identifier"]) for row in rows))
        parts = list(dict.fromkeys(row.get("part_of_year", "") for row in rows))
        cuts = {
            level: list(dict.fromkeys(_cut(row) for row in rows if row["geographic_level"] == level))
            for level in ("National", "Regional")
        }
        found = [
            (
                (row["time_period"], row["time_identifier"]),
                row.get("part_of_year", ""),
                row["geographic_level"],
                _cut(row),
            )
            for row in rows
        ]
        wanted = {
            (time, part, level, cut)
            for level in cuts
            for time, part, cut in itertools.product(times, parts, cuts[level])
        }
        assert len(found) == len(set(found)), name
        assert set(found) == wanted, name
        regions, kinds = ({cut[index] for cut in cuts["Regional"]} for index in (0, 2))
        assert len(cuts["Regional"]) == len(regions) * len(kinds), "each region in each breakdown by region"
        assert columns(meta, "Indicator")


def _cut(row: Row) -> tuple[str, ...]:
    return (row["region_code"], row["region_name"], row.get("breakdown", "Total"), row.get("category", "Total"))


def test_cells_are_plain_numbers_or_bare_symbols(pairs: dict[str, tuple[list[Row], list[Row]]]) -> None:
    seen = set()
    for name, (rows, meta) in pairs.items():
        decimals = {row["col_name"]: row["indicator_dp"] for row in meta if row["col_type"] == "Indicator"}
        for row, (column, most) in itertools.product(rows, decimals.items()):
            text = row[column]
            assert text in words.SYMBOLS or re.fullmatch(r"\d+(\.\d)?" if most == "1" else r"\d+", text), (name, column)
            if most == "1" and text not in words.SYMBOLS:
                assert float(text) <= 100
            seen.add(text)
    assert {"c", "x", "z"} <= seen


def test_every_figure_of_the_long_file_that_stands_at_a_month_end_is_in_the_file_of_months(
    protected: Protected, files: dict[str, bytes], pairs: dict[str, tuple[list[Row], list[Row]]]
) -> None:
    """The two layouts cannot disagree: the file of months is read against the file with a row for each figure."""
    compared = 0
    for kpi in protected.kpis:
        rows, _ = pairs[f"{kpi.id}/{kpi.id}-months"]
        yearly = {family.id for family in kpi.description.families if family.series == "yearly"}
        kinds = {one.id: one for one in kpi.description.measures}
        cells = {(row["time_period"], row["time_identifier"], *_cut(row)): row for row in rows}
        for one in read(files[f"{kpi.id}/{kpi.id}.csv"]):
            year, month, day = map(int, one["as_of"].split("-"))
            measure = kinds[one["measure"]]
            if measure.family in yearly or (month, day) not in MONTH_ENDS:
                continue
            regional = one["geographic_level"] == "Regional"
            cut = ("Total", "Total") if regional else (one["breakdown"], one["category"])
            row = cells[(str(year), words.MONTHS[month - 1], one["region_code"], one["region_name"], *cut)]
            for said in ("count",) if measure.kind == "count" else ("numerator", "denominator", "percentage"):
                assert row[f"{measure.id}_{said}"] == one["numerator" if said == "count" else said]
                compared += 1
    assert compared > 500


MONTH_ENDS = {(month, {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)) for month in range(1, 13)} | {(2, 29)}


def test_the_file_of_the_release_has_the_figures_of_each_indicator_for_england(
    protected: Protected, pairs: dict[str, tuple[list[Row], list[Row]]]
) -> None:
    """Regions and breakdowns are in the files of the indicators: side by side next to none of them has a figure."""
    for span in ("years", "months"):
        whole, whole_meta = pairs[f"school-placements-performance-{span}"]
        assert {row["geographic_level"] for row in whole} == {"National"}
        assert columns(whole_meta, "Filter") == (["part_of_year"] if span == "years" else [])
        found = {(row["time_period"], row["time_identifier"], row.get("part_of_year")): row for row in whole}
        assert len(found) == len(whole)
        seen = set()
        for kpi in protected.kpis:
            rows, meta = pairs[f"{kpi.id}/{kpi.id}-{span}"]
            national = [row for row in rows if _cut(row) == ("", "", "Total", "Total")]
            for row in national:
                other = found[(row["time_period"], row["time_identifier"], row.get("part_of_year"))]
                for column in columns(meta, "Indicator"):
                    name = f"{kpi.id.replace('-', '_')}_{column}"
                    if name not in other:
                        assert {one[column] for one in national} == {"z"}, (kpi.id, column)
                        continue
                    assert other[name] == row[column], (kpi.id, column)
                    seen.add(name)
        assert seen == set(columns(whole_meta, "Indicator"))


def test_few_cells_of_the_file_of_the_release_cannot_have_a_figure(
    pairs: dict[str, tuple[list[Row], list[Row]]],
) -> None:
    rows, meta = pairs["school-placements-performance-months"]
    cells = [row[column] for row in rows for column in columns(meta, "Indicator")]
    assert "z" not in cells and cells.count("x") < len(cells) / 2, "at the end of a month each can have one"
    rows, meta = pairs["school-placements-performance-years"]
    cells = [row[column] for row in rows for column in columns(meta, "Indicator")]
    assert cells.count("z") < len(cells) / 10


def test_a_year_to_the_same_point_is_the_figure_of_the_first_page(
    protected: Protected, pairs: dict[str, tuple[list[Row], list[Row]]]
) -> None:
    from functions.publish_site.figures import KpiFigures

    for kpi in protected.kpis:
        figures = KpiFigures(kpi)
        headline = figures.headline
        point = figures.current(headline)
        assert point is not None
        opens = point.period - 1 if figures.family(headline).period == "recruitment_cycle" else point.period
        part = "Total" if figures.family(headline).series == "yearly" else "To the same point"
        row = next(
            row
            for row in pairs[f"{kpi.id}/{kpi.id}-years"][0]
            if (row["time_period"][:4], row["part_of_year"], row["geographic_level"]) == (str(opens), part, "National")
            and row.get("category", "Total") == "Total"
        )
        column = f"{headline.id}_{'percentage' if headline.kind == 'rate' else 'count'}"
        assert row[column] == figures.at(headline, point).value.plain
