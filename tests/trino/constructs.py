"""The constructs of SQL that a KPI query could meet, and what each engine makes of them (``constructs.toml``).

``python -m tests.trino.constructs`` writes the table of ``docs/sql-portability.md`` again from the file.
"""

from __future__ import annotations

import tempfile
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from local.duck import Duck
from local.query_plans import QueryError, plan
from local.result_sets import Answer, as_text

FILE = Path(__file__).with_name("constructs.toml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "sql-portability.md"
BEGIN, END = "<!-- constructs -->", "<!-- end of constructs -->"
REFUSED = "refused"


@dataclass(frozen=True)
class Construct:
    """One construct: what Trino and the local engine make of it, and the rule of the lint that keeps it out.

    ``trino`` and ``local`` are types and values as :func:`described` writes them, or ``refused``. ``rule`` is empty
    where KPI SQL may use it.
    """

    area: str
    sql: str
    note: str
    trino: str
    local: str
    rule: str

    @property
    def query(self) -> str:
        """The construct as a query: most are an expression alone."""
        return self.sql if self.sql.startswith("SELECT ") else f"SELECT {self.sql} AS x"

    @property
    def agrees(self) -> bool:
        """Whether both engines make the same of it, types included."""
        return self.trino == self.local


def constructs() -> list[Construct]:
    """Return every construct of the file, in its order."""
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [Construct(area=area, **entry) for area, entries in read.items() for entry in entries]


def locally(query: str) -> str:
    """Return what the local engine makes of a query that reads no table."""
    try:
        return described(_duck().run(plan(query, {}), {}, lambda _cursor: None))
    except QueryError:
        return REFUSED


@cache
def _duck() -> Duck:
    """Return the local engine, one a process; its queries are too small to need its folder."""
    return Duck(Path(tempfile.gettempdir()), lambda _table, _snapshot: [])


def described(answer: Answer) -> str:
    """Return an answer in a line: the types, then the rows in an order of their own."""
    rows = sorted(", ".join(_text(value) for value in row) for row in answer.rows)
    return f"{', '.join(answer.types)}: {'; '.join(rows) or 'no rows'}"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return as_text(value.astimezone(UTC)) + " UTC"
    return as_text(value)


def table() -> str:
    """Return the table of the page: every construct that differs, then those that agree, by area."""
    lines = []
    for area, of_area in groupby(constructs(), key=lambda construct: construct.area):
        entries = list(of_area)
        lines += [f"### {area}", ""]
        differing = [entry for entry in entries if not entry.agrees]
        if differing:
            lines += ["| construct | Trino | here | kept out by |", "|---|---|---|---|"]
            lines += [
                f"| {_code(entry.sql)}{_note(entry)} | {_code(entry.trino)} | {_code(entry.local)} | {entry.rule} |"
                for entry in differing
            ]
            lines.append("")
        agreeing = [entry for entry in entries if entry.agrees]
        lines += ["| construct | both |", "|---|---|"]
        lines += [f"| {_code(entry.sql)}{_note(entry)} | {_code(entry.trino)} |" for entry in agreeing]
        lines.append("")
    return "\n".join(lines)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _note(entry: Construct) -> str:
    return f" – {entry.note}" if entry.note else ""


def page() -> str:
    """Return the page with its table written again."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
