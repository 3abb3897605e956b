"""Reading the GIAS files: what is kept of them, what is set apart, and what is refused as a whole."""

from __future__ import annotations

import gzip
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from functions.ingest_schools import extract
from placements_kpi.errors import PlacementsKpiError
from tests.schools.extracts import DAY, HEADERS, NEVER_KEPT, WIDTHS, Row, link, rewrite, school, write_drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ingest.conftest import Place

LAX: dict[str, Any] = {"max_refused_percent": 100, "max_duplicate_percent": 100}


def ingest(place: Place, schools: list[Row], links: list[Row] | None = None, **options: Any) -> dict[str, Any]:
    write_drop(place.location("schools"), schools, links, **options)
    return place.ingest("schools", **LAX)


def schools_of(place: Place) -> dict[str, dict[str, Any]]:
    return {row["urn"]: row for row in place.table("schools", "schools")}


def facts(summary: dict[str, Any], table: str) -> dict[str, Any]:
    (found,) = [facts for facts in summary["tables"] if facts["table"] == table]
    return dict(found)


def quarantine(place: Place) -> list[dict[str, Any]]:
    (key,) = place.listing("quarantine/schools/")
    content = place.json(key)
    return list(content["rows"] if isinstance(content, dict) else content)


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_are_found_by_name_at_every_width_the_file_has_had(place: Place, width: int) -> None:
    assert len(HEADERS[width]) == width
    ingest(place, [school(100000, closed="31-08-2030", status="3", la="090", region="h")], width=width)
    assert schools_of(place)["100000"] == {
        "urn": "100000",
        "establishment_name": "School 100000",
        "establishment_status": 3,
        "type_of_establishment": 1,
        "establishment_type_group": 4,
        "phase_of_education": 2,
        "gor": "H",
        "la": "090",
        "open_date": date(2001, 9, 1),
        "close_date": date(2030, 8, 31),
        "postcode": "EC3A 5DE",
        "ukprn": "10079319",
        "last_changed_date": date(2026, 5, 12),
    }


def test_columns_in_another_order_give_the_same_snapshot(place: Place) -> None:
    first = ingest(place, [school(100000), school(100001)])
    second = ingest(place, [school(100001), school(100000)], header=sorted(HEADERS[139], reverse=True))
    assert (first["snapshot"], second["outcome"]) == (second["snapshot"], "unchanged")


def test_a_gzipped_file_gives_the_same_snapshot(place: Place) -> None:
    rows: list[Row] = [school(100000, name="Sir John’s"), school(100001)]
    first = ingest(place, rows, [link(100000, 100001)])
    for path in place.location("schools").rglob("*.csv"):
        path.unlink()
    assert ingest(place, rows, [link(100000, 100001)], zipped=True)["snapshot"] == first["snapshot"]


def test_nothing_about_people_passes_the_parser(place: Place) -> None:
    ingest(place, [school(100000), school(100001, status="x"), b'"100002","Zebedee Quillfeather"'])
    written = b"".join(place.objects().values())
    for value in NEVER_KEPT.values():
        assert value.encode() not in written


def test_names_are_decoded_as_cp1252(place: Place) -> None:
    ingest(place, [school(100000, name="St Mary’s – Café Ÿ")])
    assert schools_of(place)["100000"]["establishment_name"] == "St Mary’s – Café Ÿ"


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_that_cp1252_does_not_know_is_replaced_and_counted(place: Place, byte: int) -> None:
    row = ",".join(f'"{school(100000, name="St ?!").get(name, "")}"' for name in HEADERS[135]).encode()
    summary = ingest(place, [row.replace(b"?", bytes([byte]))])
    assert schools_of(place)["100000"]["establishment_name"] == "St �!"
    assert summary["notes"]["schools_characters_replaced"] == 1


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_in_utf_8_is_read_as_such_and_noted(place: Place, mark: bytes) -> None:
    folder = write_drop(place.location("schools"), [school(100000, name="St Mary’s Café")], encoding="utf-8")
    rewrite(folder, mark + (folder / "edubasealldata20260714.csv").read_bytes())
    summary = place.ingest("schools", **LAX)
    assert schools_of(place)["100000"]["establishment_name"] == "St Mary’s Café"
    assert summary["notes"]["schools_in_utf_8"] == 1


def test_a_mark_alone_says_that_a_file_is_utf_8(place: Place) -> None:
    folder = write_drop(place.location("schools"), [school(100000)])
    rewrite(folder, b"\xef\xbb\xbf" + (folder / "edubasealldata20260714.csv").read_bytes())
    assert place.ingest("schools", **LAX)["notes"]["schools_in_utf_8"] == 1


def test_cyrillic_names_refuse_the_snapshot(place: Place) -> None:
    good = ingest(place, [school(100000)])
    with pytest.raises(PlacementsKpiError, match="Cyrillic"):
        ingest(place, [school(100000, name="St Maryтs")], encoding="utf-8")
    assert place.current("schools") == good["snapshot"]


def test_codes_count_the_same_with_and_without_a_leading_zero(place: Place) -> None:
    first = ingest(place, [school(100000, kind="02", phase="02", la="070")])
    second = ingest(place, [school(100000, kind="2", phase="2", la="70")])
    assert first["snapshot"] == second["snapshot"]


def test_days_are_read_with_hyphens_and_slashes_and_1900_means_unknown(place: Place) -> None:
    rows: list[Row] = [
        school(100000, opened="31-08-2005"),
        school(100001, opened="31/08/2005"),
        school(100002, opened="01-01-1900"),
        school(100003, opened="01/01/1900"),
        school(100004, opened=""),
        school(100005, opened="01-09-1800"),
        school(100006, opened="01-09-2031"),
        school(100007, opened="1/9/2011"),
    ]
    ingest(place, rows)
    opened = {urn: row["open_date"] for urn, row in schools_of(place).items()}
    assert opened == {
        "100000": date(2005, 8, 31),
        "100001": date(2005, 8, 31),
        "100002": None,
        "100003": None,
        "100004": None,
        "100005": date(1800, 9, 1),
        "100006": date(2031, 9, 1),
        "100007": date(2011, 9, 1),
    }


@pytest.mark.parametrize(
    ("changes", "reason", "column"),
    [
        ({"URN": ""}, "missing", "urn"),
        ({"URN": "  "}, "missing", "urn"),
        ({"URN": "ABC123"}, "wrong_type", "urn"),
        ({"status": ""}, "missing", "establishment_status"),
        ({"status": "Open"}, "wrong_type", "establishment_status"),
        ({"kind": ""}, "missing", "type_of_establishment"),
        ({"group": ""}, "missing", "establishment_type_group"),
        ({"phase": ""}, "missing", "phase_of_education"),
        ({"opened": "2005-08-31"}, "wrong_type", "open_date"),
        ({"closed": "31-02-2005"}, "wrong_type", "close_date"),
        ({"opened": "01-09-0201"}, "out_of_range", "open_date"),
        ({"name": "x" * 300}, "too_long", "establishment_name"),
    ],
)
def test_a_row_with_a_bad_value_is_set_apart_with_its_reason(
    place: Place, changes: dict[str, str], reason: str, column: str
) -> None:
    summary = ingest(place, [school(100000), school(100001, **changes), school(100002)])
    assert facts(summary, "schools")["refused"] == {reason: 1}
    assert sorted(schools_of(place)) == ["100000", "100002"]
    assert quarantine(place) == [{"file": "edubasealldata20260714.csv", "row": 2, "reason": reason, "column": column}]


def ragged(urn: int, surplus: int) -> bytes:
    row = [school(urn).get(name, "") for name in HEADERS[135]]
    row = row + [""] * surplus if surplus > 0 else row[:surplus]
    return ",".join(f'"{value}"' for value in row).encode()


@pytest.mark.parametrize("surplus", [1, 3, -1, -100])
def test_a_ragged_row_is_set_apart_even_if_its_surplus_cells_are_empty(place: Place, surplus: int) -> None:
    summary = ingest(place, [school(100000), ragged(100001, surplus), school(100002), school(100003, status="?")])
    assert facts(summary, "schools")["refused"] == {"ragged": 1, "wrong_type": 1}
    assert sorted(schools_of(place)) == ["100000", "100002"]
    rows = {entry["row"]: entry["reason"] for entry in quarantine(place)}
    assert rows == {2: "ragged", 4: "wrong_type"}


def test_rows_keep_their_numbers_across_the_blocks_a_file_is_read_in(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BLOCK_BYTES", 8192)
    rows: list[Row] = [school(100000 + number) for number in range(100)]
    rows[9], rows[10], rows[77] = ragged(100009, 1), ragged(100010, -1), ragged(100077, 2)
    rows[50] = school(100050, status="x")
    rows[99] = school(100099, phase="")
    summary = ingest(place, rows)
    assert facts(summary, "schools")["kept"] == 95
    assert sorted((entry["row"], entry["reason"]) for entry in quarantine(place)) == [
        (10, "ragged"),
        (11, "ragged"),
        (51, "wrong_type"),
        (78, "ragged"),
        (100, "missing"),
    ]


def test_a_quoted_line_break_does_not_end_a_row(place: Place) -> None:
    summary = ingest(place, [school(100000, Street="Two\r\nlines"), school(100001)])
    assert facts(summary, "schools")["kept"] == 2


def test_the_newest_of_duplicates_wins_and_the_later_of_equals(place: Place) -> None:
    rows: list[Row] = [
        school(100000, name="Newer", changed="02-05-2026"),
        school(100000, name="Older", changed="01-05-2026"),
        school(100001, name="First", changed="01-05-2026"),
        school(100001, name="Later", changed="01-05-2026"),
        school(100002, name="Dated", changed="01-05-2026"),
        school(100002, name="Undated", changed=""),
    ]
    summary = ingest(place, rows)
    assert facts(summary, "schools")["duplicates"] == 3
    names = {urn: row["establishment_name"] for urn, row in schools_of(place).items()}
    assert names == {"100000": "Newer", "100001": "Later", "100002": "Dated"}


def test_unknown_codes_are_kept_and_counted(place: Place) -> None:
    rows: list[Row] = [school(100000, status="7", kind="99", group="12", phase="8", region="Q")]
    summary = ingest(place, rows)
    assert facts(summary, "schools")["unknown_codes"] == {
        "establishment_status": 1,
        "type_of_establishment": 1,
        "establishment_type_group": 1,
        "phase_of_education": 1,
        "gor": 1,
    }
    assert schools_of(place)["100000"]["type_of_establishment"] == 99


def test_links_are_kept_with_their_type_and_day_and_unknown_ends_are_counted(place: Place) -> None:
    links: list[Row] = [link(100000, 100001, "Successor - merged", "01/09/2024"), link(100001, 100009, on="")]
    summary = ingest(place, [school(100000), school(100001)], links)
    kept = sorted(place.table("schools", "school_links"), key=lambda row: str(row["urn"]))
    assert kept == [
        {
            "urn": "100000",
            "link_urn": "100001",
            "link_type": "Successor - merged",
            "link_established_date": date(2024, 9, 1),
        },
        {"urn": "100001", "link_urn": "100009", "link_type": "Successor", "link_established_date": None},
    ]
    assert summary["notes"]["links_to_unknown_school"] == 1


def test_a_predecessor_link_makes_nobody_a_successor(place: Place) -> None:
    schools: list[Row] = [school(100000, status="2", closed="31-08-2010"), school(100001)]
    ingest(place, schools, [link(100000, 100001, "Predecessor"), link(100001, 100000, "Predecessor")])
    lineage = [row for row in place.table("schools", "school_lineage") if row["urn"] == "100000"]
    assert {row["counted_urn"] for row in lineage} == {"100000"}


def test_lineage_is_written_beside_the_schools_and_contradictions_are_counted(place: Place) -> None:
    schools: list[Row] = [
        school(100000, status="2", closed="31-08-2024"),
        school(100001, opened="01-09-2024"),
        school(100002, closed="13-07-2026"),
        school(100003, closed="14-07-2026"),
    ]
    summary = ingest(place, schools, [link(100000, 100001)])
    assert summary["notes"]["schools_open_with_past_close_date"] == 1
    lineage = sorted(
        (row for row in place.table("schools", "school_lineage") if row["urn"] == "100000"),
        key=lambda row: str(row["valid_from"]),
    )
    assert [(row["valid_from"], row["valid_to"], row["is_open"], row["counted_urn"]) for row in lineage] == [
        (date(1800, 1, 1), date(2001, 8, 31), False, "100000"),
        (date(2001, 9, 1), date(2024, 8, 31), True, "100000"),
        (date(2024, 9, 1), date(9999, 12, 31), False, "100001"),
    ]


def test_a_renamed_column_refuses_the_file_and_says_which(place: Place) -> None:
    good = ingest(place, [school(100000)])
    header = ["Urn number" if name == "URN" else name for name in HEADERS[135]]
    with pytest.raises(PlacementsKpiError, match="no column URN"):
        ingest(place, [school(100000)], day="2026-07-15", header=header)
    assert place.current("schools") == good["snapshot"]


def test_a_column_that_is_there_twice_refuses_the_file(place: Place) -> None:
    with pytest.raises(PlacementsKpiError, match="more than one column OpenDate"):
        ingest(place, [school(100000)], header=[*HEADERS[135], "OpenDate"])


def test_a_file_without_a_header_is_refused(place: Place) -> None:
    folder = write_drop(place.location("schools"), [])
    rewrite(folder, b"")
    with pytest.raises(PlacementsKpiError, match="is empty"):
        place.ingest("schools")


def test_lines_may_end_in_a_carriage_return_alone(place: Place) -> None:
    good = ingest(place, [school(100000), school(100001)])
    folder = write_drop(place.location("schools"), [school(100000), school(100001)])
    data = (folder / "edubasealldata20260714.csv").read_bytes()
    rewrite(folder, data.replace(b"\r\n", b"\r").replace(b"\n", b"\r"))
    assert place.ingest("schools", **LAX)["snapshot"] == good["snapshot"]


@pytest.mark.parametrize(
    ("disguise", "says"),
    [(lambda data: data.decode("cp1252").encode("utf-16"), "is in UTF-16"), (gzip.compress, "is gzipped without")],
)
def test_a_file_in_another_guise_is_refused_in_one_sentence(
    place: Place, disguise: Callable[[bytes], bytes], says: str
) -> None:
    folder = write_drop(place.location("schools"), [school(100000)])
    rewrite(folder, disguise((folder / "edubasealldata20260714.csv").read_bytes()))
    with pytest.raises(PlacementsKpiError, match=says):
        place.ingest("schools", **LAX)


def test_a_file_cut_off_in_its_last_row_is_refused(place: Place) -> None:
    folder = write_drop(place.location("schools"), [school(100000 + number) for number in range(50)])
    data = (folder / "edubasealldata20260714.csv").read_bytes()
    rewrite(folder, data[: len(data) - 400])
    with pytest.raises(PlacementsKpiError, match="cut off in row 50"):
        place.ingest("schools", **LAX)
    assert place.current("schools") is None


def test_a_damaged_gzip_file_is_refused_and_the_last_good_one_stays(place: Place) -> None:
    good = ingest(place, [school(100000)])
    folder = write_drop(place.location("schools"), [school(100000)], day="2026-07-15", zipped=True)
    rewrite(folder, (folder / "edubasealldata20260715.csv.gz").read_bytes()[:-20])
    with pytest.raises(PlacementsKpiError, match="gzip"):
        place.ingest("schools", **LAX)
    assert place.current("schools") == good["snapshot"]


def test_too_few_schools_refuse_the_snapshot(place: Place) -> None:
    write_drop(place.location("schools"), [school(100000)], day=DAY)
    with pytest.raises(PlacementsKpiError, match="1"):
        place.ingest("schools", min_rows=45_000)
    assert place.current("schools") is None
