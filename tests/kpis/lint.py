"""The lint of KPI queries: what keeps a query inside the SQL that Athena and the local engine read alike.

Each rule has the reason it exists and a query that it catches; ``docs/sql-portability.md`` lists the constructs
behind them. A rule returns what it found, as sentences; nothing found is the wish.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import sqlglot
import trino_sql_validator
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from placements_kpi.tables import glue_columns
from tests.book.ingest import tables

ALLOWED_FUNCTIONS = frozenset(
    # Aggregates, windows, grouping
    "count sum min max grouping row_number rank lag first_value "
    # Conditions and nulls
    "coalesce nullif greatest least case if "
    # Text
    "lower upper trim concat split_part "
    # Days
    "date_add date_diff day_of_week year month "
    # Lists and whole numbers
    "unnest cardinality contains mod cast array".split()
)
"""Functions that both engines work out alike. One more needs its row in docs/sql-portability.md first."""

INTEGERS = frozenset("TINYINT SMALLINT INT BIGINT".split())
TEXT = frozenset("VARCHAR CHAR TEXT NCHAR NVARCHAR".split())
_CLAUSE = re.compile(r"^(\w+(?: \([^)]*\))? AS \(\n)(.*?)(^\))", re.M | re.S)
"""A clause of a statement as ours are laid out: its body indented, its end at the left."""
_PARAMETER = re.compile(r"(?<![:\w']):([a-z_]+)")


@dataclass(frozen=True)
class Rule:
    """One rule: its name, why it is there, what looks for it, and a query that it must catch."""

    name: str
    why: str
    find: Callable[[str], Iterator[str]]
    catches: str


RULES: list[Rule] = []


def findings(sql: str) -> list[str]:
    """Return what every rule finds in ``sql``, a query as it stands in ``query.sql``."""
    return [f"{rule.name}: {found}" for rule in RULES for found in rule.find(sql)]


def rule(
    name: str, why: str, catches: str
) -> Callable[[Callable[[str], Iterator[str]]], Callable[[str], Iterator[str]]]:
    """Make a function a rule."""

    def add(find: Callable[[str], Iterator[str]]) -> Callable[[str], Iterator[str]]:
        RULES.append(Rule(name, why, find, catches))
        return find

    return add


@rule(
    "one statement",
    "Athena runs one SELECT at a time; sqlglot must read it as Athena's",
    "SELECT urn FROM schools WHERE snapshot = :schools_snapshot; SELECT 1",
)
def _one_statement(sql: str) -> Iterator[str]:
    try:
        trees = sqlglot.parse(_filled(sql), read="athena")
    except SqlglotError as error:
        yield str(error).splitlines()[0]
        return
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        yield "write one SELECT and no semicolon"


@rule(
    "trino's grammar",
    "what sqlglot accepts is more than what Trino does",
    "SELECT urn FROM schools WHERE snapshot = :schools_snapshot QUALIFY ROW_NUMBER() OVER (ORDER BY urn) = 1",
)
def _grammar(sql: str) -> Iterator[str]:
    """Each clause is judged by itself, then what is left: the validator stops at 2,048 expressions, Trino does not."""
    whole = _filled(sql)
    for text in (_CLAUSE.sub(r"\1SELECT 1\3", whole), *(clause[2] for clause in _CLAUSE.finditer(whole))):
        result = trino_sql_validator.validate(text, dialect="trino", function_arguments="error")
        if not result.valid:
            yield str(result.error)
        for warning in result.warnings:
            if not isinstance(warning, trino_sql_validator.AliasWarning):
                yield str(warning)


@rule(
    "allowed functions",
    "an unknown function passes through the translation unseen, and known ones differ in silence",
    "SELECT regexp_replace(urn, '(1)', '$1') AS urn FROM schools WHERE snapshot = :schools_snapshot",
)
def _functions(sql: str) -> Iterator[str]:
    """Names are read from the text: the tree has sqlglot's own names for them."""
    plain = re.sub(r"'[^']*'|--[^\n]*", " ", sql)
    keywords = {"in", "as", "over", "values", "by", "sets", "and", "or", "not", "exists", "when", "then", "from", "on"}
    keywords |= {"join", "where", "select", "with", "filter", "else", "between", "union", "all", "having", "using"}
    keywords |= {cte.alias.lower() for cte in _tree(sql).find_all(exp.CTE)}
    keywords |= {alias.name.lower() for alias in _tree(sql).find_all(exp.TableAlias)}
    for name in sorted({found.lower() for found in re.findall(r"\b([A-Za-z_]\w*)\s*\(", plain)} - keywords):
        if name not in ALLOWED_FUNCTIONS:
            yield f"{name}() is not on the list"


@rule(
    "named columns",
    "a new column of a table would be read, paid for, and returned",
    "SELECT * FROM schools WHERE snapshot = :schools_snapshot",
)
def _stars(sql: str) -> Iterator[str]:
    for star in _tree(sql).find_all(exp.Star):
        # sqlglot reads a bare VALUES as SELECT * FROM (VALUES ...).
        parent = star.parent
        if parent is not None and not isinstance(parent, exp.Count) and parent.find(exp.Values) is None:
            yield "name the columns"


@rule(
    "no decimals",
    "decimal division, averages and literals have other scales, or become doubles, in the local engine",
    "SELECT SUM(CASE WHEN la = '201' THEN 0.5 ELSE 1 END) AS half FROM schools WHERE snapshot = :schools_snapshot",
)
def _decimals(sql: str) -> Iterator[str]:
    for literal in _tree(sql).find_all(exp.Literal):
        if not literal.is_string and "." in literal.name and "e" not in literal.name.lower():
            yield f"{literal.name} is a decimal in Trino; write it with an exponent, or multiply out"
    for kind in _tree(sql).find_all(exp.DataType):
        if kind.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.FLOAT):
            yield f"no {kind.sql('athena')}"


@rule(
    "no bare division",
    "whole numbers divide to whole numbers in Trino; nothing divided by zero is an error there",
    "SELECT COUNT(urn) / COUNT(la) AS share FROM schools WHERE snapshot = :schools_snapshot",
)
def _divisions(sql: str) -> Iterator[str]:
    for division in _tree(sql).find_all(exp.Div, exp.IntDiv):
        cast = division.left.unnest()
        is_double = isinstance(cast, exp.Cast) and cast.to.this == exp.DataType.Type.DOUBLE
        if not (is_double and isinstance(division.right.unnest(), exp.Nullif)):
            yield f"write {division.sql('athena')} as CAST(… AS double) / NULLIF(…, 0)"


@rule(
    "rounding casts",
    "a double cast to a whole number is rounded half up in Trino and half to even here; its text differs too",
    "SELECT CAST(2.5e0 AS bigint) AS number, urn FROM schools WHERE snapshot = :schools_snapshot",
)
def _casts(sql: str) -> Iterator[str]:
    for cast in _typed(sql).find_all(exp.Cast):
        kind = _kind(cast.this)
        if kind == "double" and _type(cast.to) in INTEGERS | TEXT:
            yield f"{cast.sql('athena')}: round first, or keep the double"


@rule(
    "no subscripts",
    "past the end of a list Trino fails, the local engine finds nothing",
    "SELECT CAST(placement_urns[1] AS varchar) AS urn FROM trainees WHERE snapshot = :trainees_snapshot",
)
def _subscripts(sql: str) -> Iterator[str]:
    for bracket in _tree(sql).find_all(exp.Bracket):
        yield f"unnest the list, do not take {bracket.sql('athena')}"


@rule(
    "days stay days",
    "a date plus an interval is a date in Trino and a timestamp here",
    "SELECT date_add('day', 1, open_date) AS day FROM schools WHERE snapshot = :schools_snapshot",
)
def _dates(sql: str) -> Iterator[str]:
    for added in _tree(sql).find_all(exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.Interval):
        outer = added.parent
        is_date = isinstance(outer, exp.Cast) and outer.to.this == exp.DataType.Type.DATE
        if not is_date:
            yield f"wrap {added.sql('athena')} in CAST(… AS date)"
    for taken in _typed(sql).find_all(exp.Sub):
        if _kind(taken.left) == "date":
            yield f"{taken.sql('athena')} is an interval in Trino; use date_diff"


@rule(
    "no mixed types",
    "Trino refuses to compare a number with a text; the local engine converts one in silence",
    "SELECT urn FROM schools WHERE snapshot = :schools_snapshot AND phase_of_education = '2'",
)
def _mixed(sql: str) -> Iterator[str]:
    for node in _typed(sql).walk():
        for first, second in _meet(node):
            one, other = _kind(first), _kind(second)
            if one and other and one != other:
                yield f"{one} meets {other} in {node.sql('athena')[:120]}"


@rule(
    "every table pinned",
    "a table without its snapshot would be read in every version at once",
    "SELECT urn FROM schools WHERE gor = 'H'",
)
def _pins(sql: str) -> Iterator[str]:
    for scope in traverse_scope(_tree(sql)):
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table):
                wanted = f"{source.name}_snapshot"
                if not any(_pinned_to(condition, alias, wanted) for condition in _conditions(scope.expression)):
                    yield f"{source.name} needs the condition snapshot = :{wanted}"


@rule(
    "parameters only as parameters",
    "a snapshot id typed in, or a parameter used for anything else, would escape the run's pins",
    "SELECT urn FROM schools WHERE snapshot = '20260714-0123456789ab'",
)
def _parameters(sql: str) -> Iterator[str]:
    text = re.sub(r"--[^\n]*", "", sql)
    for typed_in in re.findall(r"'\d{8}-[0-9a-f]{12}'", text):
        yield f"{typed_in} is typed in"
    code = re.sub(r"'[^']*'", "''", text)
    if "?" in code:
        yield "no question marks: parameters are named"
    for match in _PARAMETER.finditer(code):
        name = match.group(1)
        if not name.endswith("_snapshot") or name.removesuffix("_snapshot") not in tables():
            yield f":{name} names no table's snapshot"
        elif not re.search(r"\bsnapshot\s*=\s*$", code[: match.start()]):
            yield f":{name} may only stand in snapshot = :{name}"


@rule(
    "typed results",
    "Athena hands a result over by its column types; the contract wants them exactly",
    "SELECT urn FROM schools WHERE snapshot = :schools_snapshot",
)
def _results(sql: str) -> Iterator[str]:
    tree = _tree(sql)
    if isinstance(tree, exp.Select):
        for column in tree.expressions:
            inner = column.this if isinstance(column, exp.Alias) else column
            if not isinstance(inner, exp.Cast):
                yield f"CAST the column {column.alias_or_name}"


@cache
def _tree(sql: str) -> exp.Expr:
    return sqlglot.parse_one(_filled(sql), read="athena")


@cache
def _typed(sql: str) -> exp.Expr:
    """Return the query with its columns resolved and every expression's type worked out from the contracts."""
    schema: dict[str, object] = {
        name: {column["Name"]: column["Type"] for column in glue_columns(table)} | {"snapshot": "string"}
        for name, table in tables().items()
    }
    qualified = qualify(_tree(sql).copy(), schema=schema, dialect="athena", identify=False)
    return annotate_types(qualified, schema=schema, dialect="athena")


def _filled(sql: str) -> str:
    return _PARAMETER.sub(r"'\1'", sql)


def _conditions(select: exp.Expr) -> Iterator[exp.Expr]:
    for holder in (select.args.get("where"), *(join.args.get("on") for join in select.args.get("joins") or ())):
        root = holder.this if isinstance(holder, exp.Where) else holder
        if root is not None:
            yield from root.flatten() if isinstance(root, exp.And) else [root]


def _pinned_to(condition: exp.Expr, alias: str, value: str) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    column, literal = condition.left, condition.right
    return (
        isinstance(column, exp.Column)
        and column.name == "snapshot"
        and column.table in ("", alias)
        and isinstance(literal, exp.Literal)
        and literal.name == value
    )


def _meet(node: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """Yield the pairs of expressions whose types have to agree where they meet in ``node``."""
    if isinstance(node, exp.EQ | exp.NEQ | exp.LT | exp.LTE | exp.GT | exp.GTE | exp.Add | exp.Sub | exp.Mul):
        yield node.left, node.right
    elif isinstance(node, exp.In):
        yield from ((node.this, value) for value in node.expressions)
    elif isinstance(node, exp.Between):
        yield node.this, node.args["low"]
        yield node.this, node.args["high"]
    elif isinstance(node, exp.Concat):
        yield from ((node.expressions[0], value) for value in node.expressions[1:])
    elif isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
        yield from ((node.this, value) for value in node.expressions)
    elif isinstance(node, exp.Nullif):
        yield node.this, node.expression
    elif isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        results += [node.args["default"]] if node.args.get("default") is not None else []
        yield from ((results[0], other) for other in results[1:])
        if node.this is not None:
            yield from ((node.this, branch.this) for branch in node.args["ifs"])
    elif isinstance(node, exp.SetOperation):
        yield from zip(node.left.selects, node.right.selects, strict=True)


def _type(kind: exp.DataType) -> str:
    return kind.this.name if isinstance(kind.this, exp.DataType.Type) else str(kind.this)


def _kind(node: exp.Expr) -> str | None:
    """Return what sort of value an expression is; ``None`` where that is not known, or it is null."""
    kind = node.type
    if not isinstance(kind, exp.DataType):
        return None
    name = _type(kind)
    if name in INTEGERS:
        return "whole number"
    if name in TEXT:
        return "text"
    return {"DOUBLE": "double", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp", "ARRAY": "list"}.get(
        name
    )
