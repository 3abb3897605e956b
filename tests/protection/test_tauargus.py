"""The statistical offices' own tool as referee of the attacker, on small tables.

Its audit stops at the protection asked for, so its intervals lie within ours. Of its rounding
nothing can be said: it takes no base under a tenth of the largest count, and finds no solution
for small tables with base 10 that have one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytauargus import protect

from functions.compute_kpis.protection.audit import Rule, audit
from functions.compute_kpis.protection.knowledge import Cell, Link, Release

Table = Sequence[Sequence[int]]
TABLES: tuple[Table, ...] = (
    ((20, 50, 3, 4), (8, 9, 6, 30), (40, 25, 7, 8), (60, 10, 2, 5)),
    ((12, 3, 40), (5, 22, 9), (31, 8, 4)),
)


def argued(table: Table, work: Path) -> Any:
    """Return what τ-ARGUS makes of a table, given to it person by person: cells hidden until it is safe."""
    rows: dict[str, list[Any]] = {"row": [], "column": [], "one": []}
    for (r, line), (c, _) in itertools.product(enumerate(table), enumerate(table[0])):
        for _ in range(line[c]):
            rows["row"].append(f"r{r}")
            rows["column"].append(f"c{c}")
            rows["one"].append(1)
    return protect(
        rows,
        ["row", "column"],
        response="one",
        safety_rules="FREQ(10,30)",
        suppress="OPT(1)",
        workdir=str(work),
        decimals=0,
    )


def place(row: str, column: str) -> str:
    """Return the name of a cell in the way of the project's counts."""
    kind = "national" if row == column == "Total" else "table"
    return f"kpi@1/count.numerator/2025/2025-01-31/{kind}/{row} {column}"


def sums(table: Table) -> list[Link]:
    """Return the links of a table with margins."""
    rows = [f"r{number}" for number in range(len(table))]
    columns = [f"c{number}" for number in range(len(table[0]))]
    links = [Link("adds_up", place(row, "Total"), tuple(place(row, c) for c in columns)) for row in [*rows, "Total"]]
    return links + [
        Link("adds_up", place("Total", column), tuple(place(r, column) for r in rows)) for column in [*columns, "Total"]
    ]


@pytest.mark.parametrize("table", TABLES)
def test_what_it_finds_of_hidden_cells_lies_within_our_intervals(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # it leaves logs where it is
    made = argued(table, tmp_path)
    rows = made.tables[0].dataframe().to_dict("records")
    names = [place(row["row"], row["column"]) for row in rows]
    hidden = {name for name, row in zip(names, rows, strict=True) if row["status"] in {"U", "M"}}
    cells = {name: Cell(None if name in hidden else int(row["one"])) for name, row in zip(names, rows, strict=True)}
    found = audit([Release(cells, base=1)], sums(table), Rule(1, 0, 20), every_interval=True)
    told = {names[row["cell"]]: row for row in made.engine.audit(0)}
    assert set(told) == hidden
    for name, row in told.items():
        assert found.cells[name].low <= row["min"] <= row["value"] <= row["max"] <= found.cells[name].high
        assert not row["unsafe"]
        assert found.cells[name].width > 0
