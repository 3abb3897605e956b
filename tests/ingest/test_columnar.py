"""The column reader and the row reader give the same of the same records, whatever is wrong with them."""

from __future__ import annotations

import hashlib
import importlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from placements_kpi import columnar, records
from placements_kpi.columnar import Columns, Lines
from placements_kpi.pseudonyms import Pseudonyms
from placements_kpi.sources import Feed, Source, SourceFile
from placements_kpi.staging import Staging
from tests.ingest.drops import allocation, application, choice, school, trainee, vacancy

LINES = 300
SEEDS = range(6)


def provider(number: int) -> dict[str, Any]:
    return {"code": f"{number:03}", "name": "Ysgol Ŷ", "recruitment_cycle_year": 2026, "region_code": "LONDON"} | {
        "accredited_body": True,
        "changed_at": "2026-03-01T10:00:00Z",
    }


def course(number: int) -> dict[str, Any]:
    return {"provider_code": "1ab", "code": f"{number:04}", "recruitment_cycle_year": 2026, "state": "published"}


def active_provider(number: int) -> dict[str, Any]:
    return {"provider_code": f"{number:03}", "onboarded": True, "sign_in_dates": ["2026-03-29", "2026-10-25"]} | {
        "onboarded_at": "2026-03-29T00:30:00Z"
    }


FEEDS: dict[tuple[str, str], Callable[[int], dict[str, Any]]] = {
    ("apply", "application_choices"): choice,
    ("register", "trainees"): trainee,
    ("placements", "mentor_allocations"): allocation,
    ("placements", "school_activity"): school,
    ("placements", "provider_activity"): active_provider,
    ("vacancies", "vacancies"): vacancy,
    ("vacancies", "applications"): application,
    ("providers", "providers"): provider,
    ("providers", "courses"): course,
}

VALUES: list[Any] = [
    None, "", " ", "null", "NULL", "  london ", "\u00a0x\u2003", "x" * 255, "x" * 256, "é" * 255, "é" * 256, "a\u0000b",
    "\U0001f600", "\u2028", 0, -1, 2026, 9999, 10000, 10**20, 2026.0, 1.5, -0.0, True, False, "true", "FALSE", "2026",
    " 2026", "-0", "00002026", "99999", "2026-02-30", "2026-03-29", "1899-12-31", "2100-12-31", "2101-01-01",
    "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-10-25T23:30:00Z", "2026-06-30T23:30:00Z",
    "1900-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "2100-12-31T23:59:59Z", "2101-01-01T00:00:00Z",
    "2026-03-01 10:00:00Z", "2026-03-01T10:00:00z", "2026-03-01T24:00:00Z", "2026-03-01T23:59:60Z",
    "2026-02-30T10:00:00Z", "2026-03-01T10:00:00", "2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00.123456+01:00",
    "2026-03-01 10:00:00.123456 UTC", "2026-03-01 10:00:00 UTC", "2026-03-01 10:00:00+00", "2026-03-01T10:00Z",
    "20260301T100000.000Z", "1700000000", "QQ123456C", "12345", "123456", "1234567", "RP12/34567", "1111111", "a1",
    "00000061-0000-4000-8000-0004b665e401", [], [None], [""], ["100000", "", "100000"], ["teacher", "é"], ["null"],
    [1], [["a"]], ["2026-03-29"], ["2026-02-30"], {}, {"a": 1}, [{}], [None, {}], [{"urn": "100001"}, {"urn": None}],
    [{"academic_year": 2026, "appetite": "none", "created_at": None}], [{"academic_year": "2026", "appetite": ""}],
    [{"academic_year": 20260, "created_at": "2026-03-29T00:30:00Z"}], ["qualifications", " COURSE_FULL "], "a" * 64,
    {"selected_reasons": [{"id": "course_full"}, {"code": "R01"}]}, {"selected_reasons": 7}, [{"id": 5}],
    [{"urn": " 100002 "}, {"urn": "null", "urns": []}, {"urn": "by hand"}], [{"urn": 100001}], [{"urn": "x" * 256}],
    {"quality_of_application_y_n": "Yes"}, '{"selected_reasons": [{"id": "course_full"}]}', "[", "9" * 5000,
]  # fmt: skip
"""What a field may hold instead of what it should."""

TEXTS: list[Callable[[bytes], bytes]] = [
    lambda line: line.replace(b"{", b'{"other": NaN, ', 1),
    lambda line: line.replace(b"{", b'{"other": [Infinity, -Infinity], ', 1),
    lambda line: line.replace(b"{", b'{"other": Inf, ', 1),
    lambda line: line.replace(b"{", b'{"other": -NaN, ', 1),
    lambda line: line.replace(b"{", b'{"other": 1e999, ', 1),
    lambda line: line.replace(b"{", b'{"other": ' + b"9" * 4301 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": ' + b"9" * 4200 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": ' + b"[" * 199 + b"]" * 199 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": ' + b"[" * 200 + b"]" * 200 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": ' + b'{"a":[' * 120 + b"]}" * 120 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b", ", 1),
    lambda line: line.replace(b"{", b'{"other": "\xff", ', 1),
    lambda line: line.replace(b"{", b'{"\xc3": 1, ', 1),
    lambda line: line.replace(b"{", b'{"other": "\xed\xa0\x80", ', 1),
    lambda line: line.replace(b"{", b'{"other": "\\ud800", ', 1),
    lambda line: line.replace(b"{", b'{"other": "\\ud83d\\ude00 \\u0000", ', 1),
    lambda line: line.replace(b"{", b'{"other": "a } b", ', 1),
    lambda line: line.replace(b"{", b'{"other": {"a": 1, "a": {"b": []}} , ', 1),
    lambda line: line.replace(b"{", b'{"other": "\x01", ', 1),
    lambda line: line.replace(b"{", b'{"other": "' + b"x" * 100_000 + b'", ', 1),
    lambda line: line[:-1] + b", " + line[1:],
    lambda line: line[:-1] + b"," + line[1:].replace(b"2026", b"2025"),
    lambda line: line + b" " + line,
    lambda line: line + b"null" + line,
    lambda line: line + b"\r" + line,
    lambda line: line + b" x",
    lambda line: line + b",",
    lambda line: line + b"}",
    lambda line: line + b"\x00",
    lambda line: line + b" \t",
    lambda line: b" " + line,
    lambda line: b"\xef\xbb\xbf" + line,
    lambda line: line + b"\r",
    lambda line: line.replace(b", ", b"\n, ", 1),
    lambda line: line[: len(line) // 2],
    lambda line: line.replace(b'_', b"\\u005f"),
    lambda line: line.replace(b'": "', b'": "\\u0020'),
    lambda line: line.replace(b'": "', b'" :\t"'),
    lambda line: line.replace(b": null", b': "\\u006eull"'),
    lambda line: line.replace(b'"2026', b'"null", "x": "2026', 1),
    lambda line: line.replace(b"2026,", b"2026.0,").replace(b"2025,", b"2.025e3,"),
    lambda line: line.replace(b"2026,", b'"2026",').replace(b"true", b'"true"'),
    lambda line: line.replace(b'"', b"'"),
    lambda line: b"",
    lambda line: b" \t ",
    lambda line: b"\x0b",
    lambda line: b"null",
    lambda line: b"[]",
    lambda line: b"7",
    lambda line: b'"text"',
    lambda line: b"{}",
    lambda line: b"{",
]  # fmt: skip
"""What may be wrong with the text of a record."""


def dirty(feed: Feed, make: Callable[[int], dict[str, Any]], seed: int, count: int, share: float) -> list[bytes]:
    """Return the lines of a file: of good records, with something wrong in a ``share`` of them."""
    chance = random.Random(seed)
    names = [
        *(column.name for column in feed.table.columns),
        *feed.extra,
        *feed.nested,
        *(children.field for children in feed.children),
    ]
    lines = []
    for _ in range(count):
        record = make(chance.randrange(1, count))
        changed = chance.random() < share
        if changed and chance.random() < 0.6:
            for _ in range(chance.randrange(1, 3)):
                record[chance.choice(names)] = chance.choice(VALUES)
        if changed and chance.random() < 0.2:
            record.pop(chance.choice(names), None)
        line = json.dumps(record, ensure_ascii=chance.random() < 0.5).encode()
        if changed and chance.random() < 0.5:
            line = chance.choice(TEXTS)(line)
        if changed and line and chance.random() < 0.1:
            place = chance.randrange(len(line))
            line = line[:place] + bytes([chance.randrange(256)]) + line[place + 1 :]
        lines.append(line)
    return lines


def feed_of(source: str, name: str) -> tuple[Source, Feed]:
    found: Source = importlib.import_module(f"functions.ingest_{source}.app").SOURCE
    (feed,) = (feed for feed in found.feeds if feed.name == name)
    return found, feed


def read(source: Source, feed: Feed, file: SourceFile, folder: Path) -> dict[str, Any]:
    """Return all that a run would keep of a file: rows as they are written, counts, and what was refused."""
    folder.mkdir()
    tables = [feed.table, *(children.table for children in feed.children)]
    staging = Staging(folder, tables, {children.table.name: feed.table.name for children in feed.children})
    records._Reader(feed, file, staging, Pseudonyms(b"local-" + b"k" * 40)).run()
    marked = {name: dict(pile.marked) for name, pile in staging._piles.items()}
    settled = [staging.settle(table) for table in tables]
    return {
        "digests": [one.digest for one in settled],
        "objects": [hashlib.sha256(part.read_bytes()).hexdigest() for one in settled for part in one.parts],
        "facts": [one.facts for one in settled],
        "filled": [one.filled for one in settled],
        "refused": [one.refused_at for one in settled],
        "trns": [one.unusable_trns for one in settled],
        "quarantine": staging.quarantine,
        "notes": staging.notes,
        "marked": marked,
    }


def row_by_row(_: Columns, __: Lines) -> Iterator[Any]:
    """Read nothing by column."""
    return iter(())


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the rows that are read by column, whatever there are of them."""
    counts, reading = [0], Columns.read

    def read(self: Columns, lines: Lines) -> Iterator[Any]:
        for good in reading(self, lines):
            counts[0] += good.rows.num_rows
            yield good

    with mock.patch.object(Columns, "read", read):
        yield counts


def compare(source: Source, feed: Feed, file: Callable[[], SourceFile], tmp_path: Path) -> tuple[int, dict[str, Any]]:
    """Assert that both readers give the same; return how many rows were read by column, and what a run would keep."""
    with mock.patch.object(Columns, "read", row_by_row):
        expected = read(source, feed, file(), tmp_path / "rows")
    with counted() as by_column:
        given = read(source, feed, file(), tmp_path / "columns")
    for name, wanted in expected.items():
        assert given[name] == wanted, name
    return by_column[0], given


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("source", "name"), FEEDS)
def test_both_readers_give_the_same(
    source: str, name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared, feed = feed_of(source, name)
    # Few rows at a time: batches end anywhere, and each case is read by column where it can be.
    monkeypatch.setattr(columnar, "FEWEST", 1 + seed % 3)
    monkeypatch.setattr(columnar, "PARSED_ROWS", 16)
    monkeypatch.setattr(records, "BATCH_BYTES", 5_000 * (1 + seed))
    monkeypatch.setattr(records, "LONGEST_LINE", 50_000)
    lines = dirty(feed, FEEDS[source, name], seed, LINES, share=(0.05, 0.3, 0.9)[seed % 3])
    path = tmp_path / f"{name}.ndjson"
    path.write_bytes((b"\r\n" if seed == 1 else b"\n").join(lines) + (b"" if seed == 2 else b"\n"))
    by_column, kept = compare(declared, feed, lambda: SourceFile(path.name, (path,)), tmp_path)
    assert by_column > LINES * (0.85, 0.55, 0.05)[seed % 3]
    assert kept["quarantine"]


@pytest.mark.parametrize(("source", "name"), FEEDS)
def test_what_a_service_gives_is_read_alike(
    source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records come one by one, as JSON documents or as objects."""
    monkeypatch.setattr(columnar, "FEWEST", 1)
    declared, feed = feed_of(source, name)
    given: list[Any] = dirty(feed, FEEDS[source, name], 7, 400, share=0.2)
    given[::3] = [FEEDS[source, name](number) | {"other": float("nan")} for number, _ in enumerate(given[::3])]
    by_column, _ = compare(declared, feed, lambda: SourceFile(name, records=iter(given)), tmp_path)
    assert by_column > 100


@pytest.mark.parametrize("between", [b"", b" ", b"\r", b"null", b"1", b"[]", b"\x0b"])
def test_a_line_of_two_documents_never_gets_to_arrow(between: bytes) -> None:
    """It may take the one for a row and the other too, and has crashed on a ``null`` outside of any document."""
    whole = b'{"a": {"b": [1]}, "c": "x"}'
    assert Lines(whole + b"\n" + whole + between + whole + b"\r\n" + whole).plain.tolist() == [True, False, True]


def test_more_bad_rows_than_are_listed(tmp_path: Path) -> None:
    source, feed = feed_of("apply", "application_choices")
    lines = dirty(feed, choice, 11, 25_000, share=0.7)
    path = tmp_path / "application_choices.ndjson"
    path.write_bytes(b"\n".join(lines))
    _, kept = compare(source, feed, lambda: SourceFile(path.name, (path,)), tmp_path)
    assert len(kept["quarantine"]) == 10_000 < sum(kept["facts"][0].refused.values())


def test_numbers_and_answers_as_text_are_read_by_column(tmp_path: Path) -> None:
    """BigQuery's exports write whole numbers as text, and a file may begin with some and go on with the others."""
    source, feed = feed_of("apply", "application_choices")
    texts = {"recruitment_cycle_year": "2026", "hide_in_reporting": "TRUE", "rejected_by_default": "false"}
    rows = [choice(number) | (texts if 3_000 <= number < 6_000 else {}) for number in range(9_000)]
    path = tmp_path / "application_choices.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    by_column, _ = compare(source, feed, lambda: SourceFile(path.name, (path,)), tmp_path)
    assert by_column > 8_900


def test_a_row_out_of_many_costs_no_other_its_column(tmp_path: Path) -> None:
    source, feed = feed_of("apply", "application_choices")
    rows = [choice(number) | ({"id": 7} if number % 1_000 == 500 else {}) for number in range(8_000)]
    path = tmp_path / "application_choices.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    by_column, kept = compare(source, feed, lambda: SourceFile(path.name, (path,)), tmp_path)
    assert by_column > 7_900
    assert len(kept["quarantine"]) == 8
