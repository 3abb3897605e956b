"""The answer to a query, in the forms that Athena gives it: a CSV object, and rows of text over its API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Rows of a query, with the name and the Athena type of each column."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def as_csv(answer: Answer) -> str:
    """Return the rows as Athena writes them: every value quoted, a null left bare."""
    lines = [",".join(_quote(name) for name in answer.names)]
    lines += [",".join("" if value is None else _quote(as_text(value)) for value in row) for row in answer.rows]
    return "\n".join(lines) + "\n"


def as_text(value: Any) -> str:
    """Return one value in Athena's text form; instants to the millisecond."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join("null" if item is None else as_text(item) for item in value) + "]"
    return str(value)


def result_set(answer: Answer, first: int, most: int) -> dict[str, Any]:
    """Return a page of ``GetQueryResults``: ``most`` rows from the ``first`` on; row 0 is the header."""
    header = [answer.names] if first == 0 else []
    chosen = [*header, *answer.rows[max(first - 1, 0) : first + most - 1]]
    rows = [{"Data": [{} if value is None else {"VarCharValue": as_text(value)} for value in row]} for row in chosen]
    columns = [
        {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": kind}
        | {"Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": kind == "varchar"}
        for name, kind in zip(answer.names, answer.types, strict=True)
    ]
    more = {"NextToken": str(first + most)} if first + most <= len(answer.rows) else {}
    return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}}} | more


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
