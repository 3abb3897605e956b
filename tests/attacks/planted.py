"""A small published site, written by hand and not by the product, in which a test can plant a weakness."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tests.attacks.reading import NAME, ROW, SYMBOLS, VALUES

Row = tuple[str, ...]
"""KPI, measure, period, day, breakdown, category, numerator, denominator, percentage."""

COLUMNS = (*ROW, "unit", *VALUES)
UNITS = {"placement-rejections": "candidate", "trainee-withdrawals": "trainee", "ect-vacancies": "vacancy"}
LIMITS: Mapping[str, int] = {"base": 5, "floor": 10, "percentage_floor": 25, "threshold": 10, "width": 5}

OUTCOME = ("trainee-withdrawals", "outcome_rate", "202425", "2026-06-30")
COHORT = ("trainee-withdrawals", "cohort_rate", "202526")
REGION = "Region of the training provider"
PHASE = "Phase of education of the schools applied to"
APPLYING = ("ect-vacancies", "trainees_applying", "202526")

SAFE: tuple[Row, ...] = (
    (*OUTCOME, "Total", "Total", "60", "700", "9"),
    (*OUTCOME, REGION, "North East", "20", "200", "10"),
    (*OUTCOME, REGION, "London", "30", "300", "10"),
    (*OUTCOME, REGION, "South East", "10", "200", "5"),
    (*COHORT, "2025-10-31", "Total", "Total", "10", "500", "2"),
    (*COHORT, "2025-11-30", "Total", "Total", "20", "500", "4"),
    (*COHORT, "2025-12-31", "Total", "Total", "30", "500", "6"),
    (*APPLYING, "2025-10-31", "Total", "Total", "40", "z", "z"),
    (*APPLYING, "2025-10-31", PHASE, "Primary", "20", "z", "z"),
    (*APPLYING, "2025-10-31", PHASE, "Secondary", "c", "z", "z"),
    (*APPLYING, "2025-10-31", PHASE, "16 plus", "25", "z", "z"),
    (*APPLYING, "2025-11-30", "Total", "Total", "60", "z", "z"),
    (*APPLYING, "2025-11-30", PHASE, "Primary", "30", "z", "z"),
    (*APPLYING, "2025-11-30", PHASE, "Secondary", "20", "z", "z"),
    (*APPLYING, "2025-11-30", PHASE, "16 plus", "35", "z", "z"),
)
"""Figures that give nobody away."""


def changed(rows: Sequence[Row], changes: Mapping[tuple[str, ...], tuple[str, str, str]]) -> list[Row]:
    """Return the rows with other values: by some of what names a row, such as measure, day and category."""
    found, used = [], set()
    for row in rows:
        for names, values in changes.items():
            if set(names) <= set(row[: len(ROW)]):
                used.add(names)
                found.append((*row[: len(ROW)], *values))
                break
        else:
            found.append(row)
    assert used == set(changes), "every change is of a row that is there"
    return found


def write_site(
    folder: Path,
    *releases: Sequence[Row],
    verdict: Mapping[str, object] | None = None,
    limits: Mapping[str, int] = LIMITS,
) -> Path:
    """Write a site of these releases, a month apart, in every format, and return its folder."""
    names = [f"2026-{month:02}-14.1" for month in range(1, len(releases) + 1)]
    told = [{"release": name, "withdrawn": None} for name in names]
    folder.mkdir(parents=True)
    (folder / "releases.json").write_text(json.dumps({"releases": told}))
    for name, rows in zip(names, releases, strict=True):
        _release(folder / "releases" / name, rows, verdict or {}, limits)
    return folder


def _release(folder: Path, rows: Sequence[Row], verdict: Mapping[str, object], limits: Mapping[str, int]) -> None:
    folder.mkdir(parents=True)
    _files(folder / NAME, rows)
    for kpi in dict.fromkeys(row[0] for row in rows):
        (folder / kpi).mkdir()
        _files(folder / kpi / kpi, [row for row in rows if row[0] == kpi])
        _page(folder / kpi / "index.html", [row for row in rows if row[0] == kpi])
    _page(folder / "index.html", rows[:1])
    _workbook(folder / f"{NAME}.ods", rows)
    manifest = {"disclosure_control": dict(limits), "verdict": verdict, "sources": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _full(row: Row) -> Row:
    return (*row[: len(ROW)], UNITS[row[0]], *row[len(ROW) :], "z")  # no unit cost


def _files(path: Path, rows: Sequence[Row]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *map(_full, rows)])
    path.with_name(f"{path.name}.csv").write_text(text.getvalue())
    told = [dict(zip(COLUMNS, map(_number, _full(row)), strict=True)) for row in rows]
    path.with_name(f"{path.name}.json").write_text(json.dumps({"rows": told}))


def _number(value: str) -> str | float:
    return float(value) if value.replace(".", "").isdigit() and len(value) < 6 else value


def _page(path: Path, rows: Sequence[Row]) -> None:
    lines = [f"<tr><th>{escape(row[5])}</th>{''.join(f'<td>{_in_html(v)}</td>' for v in row[6:])}</tr>" for row in rows]
    path.write_text(f"<table>{''.join(lines)}</table><svg><text>{_in_html(rows[0][8])}</text></svg>")


def _in_html(value: str) -> str:
    return f"[{value}]" if value in SYMBOLS else value


def _workbook(path: Path, rows: Sequence[Row]) -> None:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    cells = ["".join(f"<t:table-cell><x>{_in_html(v)}</x></t:table-cell>" for v in row) for row in map(_full, rows)]
    head = "".join(f"<t:table-cell><x>{column}</x></t:table-cell>" for column in COLUMNS)
    lines = "".join(f"<t:table-row>{line}</t:table-row>" for line in (head, *cells))
    content = f'<o:doc xmlns:o="{names}:office:1.0" xmlns:t="{names}:table:1.0"><t:table>{lines}</t:table></o:doc>'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("content.xml", content)
