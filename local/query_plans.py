"""One Athena query, read before it runs: its tables, snapshots, columns, and itself in DuckDB's dialect.

What Athena would refuse is refused here, with Athena's own kind of message. What it
would scan is counted as Trino would: the columns left after pruning, once for every
time that a common table expression is used, since Trino repeats it each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp, parse

# By name here, not when first used: a dialect that one thread is loading is found half made by another, and then
# writes ARRAY('') for ARRAY[''].
from sqlglot.dialects import Athena, DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.errors import LocalError

MOST_STAGES = 150
"""Stages that a query may have on Trino. Every reading of a table is one, so more readings than that cannot run."""

PARTITION = "snapshot"
"""The one partition column of every curated table."""

Columns = Mapping[str, Mapping[str, str]]
"""Glue type by column, by table."""


class QueryError(LocalError):
    """Athena would refuse this query; the message is its ``StateChangeReason``."""


@dataclass(frozen=True)
class Scan:
    """One reading of one table: ``times`` is how often the query repeats it."""

    table: str
    snapshots: tuple[str, ...]
    columns: frozenset[str]
    times: int


@dataclass(frozen=True)
class Plan:
    """A query ready to run. ``views`` maps a view name used in ``sql`` to its table and snapshots."""

    sql: str
    scans: tuple[Scan, ...]
    views: Mapping[str, tuple[str, tuple[str, ...]]]


def plan(query: str, columns: Columns, parameters: Sequence[str] = ()) -> Plan:
    """Return how to run ``query``, written for Athena; :class:`QueryError` if Athena would refuse it."""
    tree = _bind(_parse(query), parameters)
    _check_tables(tree, columns)
    views: dict[str, tuple[str, tuple[str, ...]]] = {}
    for scope in traverse_scope(tree):
        for alias, table in _tables(scope):
            snapshots = _snapshots(scope, alias, table, only=len(scope.selected_sources) == 1)
            view = f"{table.name}@{'+'.join(snapshots)}"
            views[view] = (table.name, snapshots)
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
            table.meta["view"] = view
    scans = _scans(tree, columns, views)
    stages = sum(scan.times for scan in scans)
    if stages > MOST_STAGES:
        raise QueryError(
            f"QUERY_HAS_TOO_MANY_STAGES: Number of stages in the query ({stages} or more) exceeds the allowed maximum "
            f"({MOST_STAGES}); WITH clauses that are used more than once are worked out each time"
        )
    for table in tree.find_all(exp.Table):
        if "view" in table.meta:
            table.set("this", exp.to_identifier(table.meta["view"], quoted=True))
            table.set("db", None)
            table.set("catalog", None)
    return Plan(sql=tree.sql(dialect=DuckDB), scans=scans, views=views)


def _parse(query: str) -> exp.Expr:
    try:
        trees = [tree for tree in parse(query, read=Athena) if tree is not None]
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: {re.sub(chr(27) + r'.*?m', '', str(error))}") from error
    if len(trees) != 1:
        raise QueryError("SYNTAX_ERROR: only one statement is allowed in a query")
    if isinstance(trees[0], exp.Condition | exp.Alias):  # a bare expression: sqlglot takes "SELEC id" for one
        raise QueryError(f"SYNTAX_ERROR: mismatched input: {query.split(maxsplit=1)[0]}")
    if not isinstance(trees[0], exp.Query):
        raise QueryError(f"NOT_SUPPORTED: the local Athena runs SELECT only, not {trees[0].key.upper()}")
    return trees[0]


def _bind(tree: exp.Expr, parameters: Sequence[str]) -> exp.Expr:
    """Put execution parameters in the place of the ``?``, in order; a bare word is a string, as Athena takes it."""
    places = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(places) != len(parameters):
        raise QueryError(
            "INVALID_PARAMETER_USAGE: incorrect number of parameters: "
            f"expected {len(places)} but found {len(parameters)}"
        )
    for place, value in zip(places, parameters, strict=True):
        place.replace(_literal(value))
    return tree


def _literal(value: str) -> exp.Expr:
    if re.fullmatch(r"'(?:[^']|'')*'", value):
        return exp.Literal.string(value[1:-1].replace("''", "'"))
    if re.fullmatch(r"-?\d+(?:\.\d+)?", value):
        return exp.Literal.number(value)
    return exp.Literal.string(value)


def _check_tables(tree: exp.Expr, columns: Columns) -> None:
    expressions = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.name not in columns and table.name not in expressions:
            raise QueryError(f"TABLE_NOT_FOUND: Table '{table.name}' does not exist")


def _tables(scope: Scope) -> list[tuple[str, exp.Table]]:
    """Return the real tables that a scope reads, with the name each has there."""
    return [(alias, source) for alias, (_, source) in scope.selected_sources.items() if isinstance(source, exp.Table)]


def _snapshots(scope: Scope, alias: str, table: exp.Table, *, only: bool) -> tuple[str, ...]:
    """Return the snapshots that the scope's own conditions pin ``table`` to, by ``=`` or ``IN`` with plain text."""
    conditions = [scope.expression.args.get("where")]
    conditions += [join.args.get("on") for join in scope.expression.args.get("joins") or ()]
    for condition in conditions:
        root = condition.this if isinstance(condition, exp.Where) else condition
        for part in root.flatten() if isinstance(root, exp.And) else [root]:
            values = _pinned(part, alias, only=only)
            if values:
                return tuple(sorted(set(values)))
    raise QueryError(
        f"CONSTRAINT_VIOLATION: For the injected projected partition column {PARTITION}, the WHERE clause must contain "
        f"only static equality conditions, and at least one such condition must be present (table {table.name})"
    )


def _pinned(condition: exp.Expr | None, alias: str, *, only: bool) -> list[str]:
    part = condition.unnest() if condition is not None else None
    if isinstance(part, exp.EQ):
        pairs = ((part.left, part.right), (part.right, part.left))
        for column, value in pairs:
            if _is_partition(column, alias, only=only) and isinstance(value, exp.Literal) and value.is_string:
                return [value.name]
    if isinstance(part, exp.In) and _is_partition(part.this, alias, only=only):
        values = part.expressions
        if values and all(isinstance(value, exp.Literal) and value.is_string for value in values):
            return [value.name for value in values]
    return []


def _is_partition(node: exp.Expr, alias: str, *, only: bool) -> bool:
    return (
        isinstance(node, exp.Column) and node.name == PARTITION and (node.table == alias or (only and not node.table))
    )


def _scans(tree: exp.Expr, columns: Columns, views: Mapping[str, tuple[str, tuple[str, ...]]]) -> tuple[Scan, ...]:
    schema: dict[str, object] = {table: {**known, PARTITION: "string"} for table, known in columns.items()}
    try:
        qualified = qualify(tree.copy(), schema=schema, dialect=Athena, identify=False, validate_qualify_columns=True)
        pruned = pushdown_projections(qualified)
    except SqlglotError as error:
        message = re.sub(chr(27) + r".*?m", "", str(error))
        raise QueryError(f"COLUMN_NOT_FOUND: {message.splitlines()[0]}") from error
    scopes = traverse_scope(pruned)
    times = _times(scopes)
    scans = []
    for scope in scopes:
        for alias, table in _tables(scope):
            name, snapshots = views[table.meta["view"]]
            used = {column.name for column in scope.columns if column.table == alias} - {PARTITION}
            scans.append(Scan(name, snapshots, frozenset(used), times[id(scope)]))
    return tuple(scans)


def _times(scopes: Sequence[Scope]) -> dict[int, int]:
    """Return how often each scope is worked out: once for each place that uses it, however often that is."""
    users: dict[int, list[Scope]] = {id(scope): [] for scope in scopes}
    for scope in scopes:
        for _, source in scope.selected_sources.values():
            if isinstance(source, Scope) and id(source) in users and source.is_cte:
                users[id(source)].append(scope)
    times: dict[int, int] = {}

    def count(scope: Scope) -> int:
        if id(scope) not in times:
            times[id(scope)] = 0  # guards against a recursive expression
            if scope.is_cte:
                times[id(scope)] = sum(count(user) for user in users[id(scope)])
            else:
                times[id(scope)] = count(scope.parent) if scope.parent is not None else 1
        return times[id(scope)]

    for scope in scopes:
        count(scope)
    return times
