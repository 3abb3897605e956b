"""The tally: a KPI's query gives rows with facts, ``kpi.toml`` says what of them is counted into which figure.

``query.sql`` names the shared parts that it uses (``parts/<name>.sql``) in a line ``-- uses: points lists``, then has
its own clauses and a final ``SELECT`` of one row a unit and point: ``period``, ``as_of`` (and ``family``, if the KPI
has several), a column a breakdown, and whole numbers. :func:`statement` makes the whole statement for Athena: parts,
clauses, sums by breakdown, one row a cell. ``docs/kpi-catalogue.md`` has the keys.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from placements_kpi.errors import PlacementsKpiError

if TYPE_CHECKING:
    from placements_kpi.results import Description, Measure

PARTS = Path(__file__).parents[1] / "parts"

_USES = re.compile(r"^-- uses: (.+)$", re.M)
_COMMENT = r"(?:--[^\n]*\n)*"
_QUERY = re.compile(rf"({_COMMENT})(?:WITH\n(.*?\n))?({_COMMENT})(SELECT\b.*)", re.S)
_NAME = r"[a-z][a-z0-9_]*"
_COLUMN = re.compile(rf"(?:({_NAME})\.)?({_NAME})")
_COUNTED = re.compile(rf"({_NAME}(?:\.{_NAME})?)(?: / ({_NAME}(?:\.{_NAME})?))?")
_OWN = ("unit", "tally", "cells", "counted", "results")
_KEYS = ("counts", "in_categories", "by_category")


class TallyError(PlacementsKpiError):
    """``kpi.toml`` does not say what a measure counts, or ``query.sql`` does not give it."""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Required(_Keys):
    """What figures need at a point, or else have a status: the first that does not hold decides."""

    that: str
    """A condition over the point's national sums."""
    otherwise: Literal["not_collected", "not_available", "insufficient_coverage"]
    measures: tuple[str, ...] = ()
    """None named: every rate, and every cost of each."""
    categories: tuple[str, ...] = ()
    """None named: all, and the national figure."""


class Counted(_Keys):
    """What a measure counts: ``column``, or of a rate ``column / column``."""

    counts: str | None = None
    """Nationally; left out, there is no national figure."""
    in_categories: str | None = None
    """In each category of its breakdowns; left out: as nationally."""
    by_category: Mapping[str, str] = {}
    """In the categories that have a column of their own, by code, over the national rows."""


class Tally(_Keys):
    """What ``[tally]`` says of a KPI, and its measures of what they count."""

    facts: str
    """The column of ``facts_in_source``."""
    refused_when: str | None = None
    """Of the newest point's national sums: when the measures of ``[comparison_refused]`` are not compared."""
    refused_hides: bool = True
    """Whether the earlier points of those measures are then not available."""
    requires: tuple[Required, ...] = ()
    measures: Mapping[str, Counted] = {}


@dataclass(frozen=True)
class Cell:
    """One cell to return, or one for each category of a breakdown: ``category`` is then blank."""

    measure: str
    family: str
    breakdown: str
    category: str
    numerator: str
    denominator: str = ""
    is_kept: bool = False
    """Whether it is returned where nothing was counted as well."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it is counted from."""
        return tuple(column for column in (self.numerator, self.denominator) if column)


@dataclass(frozen=True)
class _Sums:
    """What is added up of one clause (blank: of the final ``SELECT``), nationally and in which breakdowns."""

    clause: str
    columns: list[str]
    cuts: list[str]


def taken_from(facts: dict[str, Any]) -> Tally | None:
    """Return what ``kpi.toml`` says of the tally, and take it out of ``facts``; ``None`` where it says nothing.

    :class:`TallyError` names the key that is wrong.
    """
    if "tally" not in facts:
        return None
    measures = {
        str(measure.get("id")): {key: measure.pop(key) for key in _KEYS if key in measure}
        for measure in facts.get("measures", [])
        if isinstance(measure, dict)
    }
    try:
        return Tally.model_validate({**facts.pop("tally"), "measures": measures})
    except (ValidationError, TypeError) as error:
        raise TallyError(f"[tally]: {error}") from None


def statement(kpi: Description, tally: Tally, refused: Iterable[str], query: str) -> str:
    """Return the whole statement of a KPI; ``refused`` are the measures of ``[comparison_refused]``.

    :class:`TallyError` if a measure has nothing to count, or the query does not give it.
    """
    match = _QUERY.fullmatch(query)
    if match is None:
        raise TallyError("query.sql must be clauses (WITH), and one SELECT that begins a line")
    title, clauses, comment, rows = match.groups()
    taken = sorted({*re.findall(rf"^({_NAME}) AS \($", clauses or "", re.M)} & {*_OWN})
    if taken:
        raise TallyError(f"query.sql has the clause {', '.join(taken)}, which is a name of the tally")
    refused = tuple(refused)
    _check(kpi, tally, refused)
    cells = list(_cells(kpi, tally, refused))
    conditions = [rule.that for rule in tally.requires] + [tally.refused_when or ""]
    named = {match[0] for match in _COLUMN.finditer(" ".join(conditions))}  # in lower case, as SQL is in capitals
    columns = sorted({*named, *(name for cell in cells for name in cell.columns)})
    absent = [name for name in columns if not _gives(query, *name.rpartition(".")[::2])]
    if absent:
        raise TallyError(f"query.sql does not give {', '.join(absent)}")
    place = ["family", "period", "as_of"] if len(kpi.families) > 1 else ["period", "as_of"]
    added = _sums_of(cells, columns)
    fields = [name for name in CELL if name != "family" or name in place]
    whole = [
        *(part(name, kpi.id) for name in uses(query)),
        *([clauses.rstrip()] if clauses else []),
        _clause("unit", rows, comment),
        *(text for sums in added for text in _added_up(sums, place)),
        _clause(f"cells ({', '.join(fields)})", _values(cells, fields), "-- What to return, and from which sums.\n"),
        _clause("counted", _counted(kpi, tally, cells, place, added)),
        _clause("results", _results(kpi, tally, refused)),
    ]
    return f"{title}WITH\n" + ",\n".join(whole) + _RESULT


def uses(query: str) -> list[str]:
    """Return the names of the parts that a query uses, in order; :class:`TallyError` for one that there is not."""
    names = [name for line in _USES.findall(query) for name in line.split()]
    unknown = [name for name in names if not (PARTS / f"{name}.sql").is_file()]
    if unknown:
        raise TallyError(f"query.sql uses {', '.join(unknown)}, which is no part")
    return names


def _gives(query: str, clause: str, column: str) -> bool:
    """Whether a query has a clause of that name, if one is asked for, and names the column."""
    has_clause = not clause or re.search(rf"^{clause} AS \($", query, re.M)
    return bool(has_clause and re.search(rf"\b{column}\b", re.sub(r"--[^\n]*", "", query)))


def part(name: str, kpi: str) -> str:
    """Return a part as a clause of the statement of a KPI."""
    text = (PARTS / f"{name}.sql").read_text(encoding="utf-8").replace("{kpi}", kpi)
    comment = "".join(itertools.takewhile(lambda line: line.startswith("--"), text.splitlines(keepends=True)))
    return _clause(name, text.removeprefix(comment), comment)


def _clause(name: str, text: str, comment: str = "") -> str:
    return f"{comment}{name} AS (\n{indent(text.strip(), '    ')}\n)"


def _check(kpi: Description, tally: Tally, refused: tuple[str, ...]) -> None:
    """Check that every figure has something to count, of its kind, and that every name is declared."""
    wrong: list[str] = []
    for measure in kpi.measures:
        counted = tally.measures[measure.id]
        own = [text for text in (counted.counts, counted.in_categories) if text is not None]
        for text in (*own, *counted.by_category.values()):
            match = _COUNTED.fullmatch(text)
            if match is None or (match[2] is not None and not measure.is_divided):
                wrong.append(f"measure {measure.id!r} cannot count {text!r}")
            elif match[2] is None and measure.is_divided and text in own:
                wrong.append(f"measure {measure.id!r} is a {measure.kind}, so it counts one column out of another")
        breakdowns = [breakdown for breakdown in kpi.breakdowns if measure.id in breakdown.measures]
        codes = [category.code for breakdown in breakdowns for category in breakdown.categories]
        wrong += [
            f"measure {measure.id!r} counts in category {code!r}, which is not one of one of its breakdowns"
            for code in counted.by_category
            if codes.count(code) != 1
        ]
        if not own and not (codes and {*codes} <= {*counted.by_category}) and not measure.score_of:
            wrong.append(f"measure {measure.id!r} does not say what it counts")
    known = {measure.id for measure in kpi.measures}
    strange = {name for rule in tally.requires for name in rule.measures} - known
    wrong += [f"requires names measure {name!r}, which is not declared" for name in sorted(strange)]
    rates = [measure.id for measure in kpi.measures if measure.is_divided]
    ruled = {(name, rule.categories) for rule in tally.requires for name in rule.measures or rates if name in known}
    ruled |= {(name, ()) for name in refused if tally.refused_hides}
    wrong += [
        f"a status of measure {name!r} would have no row: it has neither a national figure nor columns by category"
        for name, categories in sorted(ruled)
        if not _has_row(tally.measures[name], categories)
    ]
    if bool(refused) != (tally.refused_when is not None):
        wrong.append("refused_when and [comparison_refused] need each other")
    if wrong:
        raise TallyError("; ".join(wrong))


def _has_row(counted: Counted, categories: tuple[str, ...]) -> bool:
    """Whether these categories of a measure (none named: all, of which the national figure speaks) have a row always.

    What has none counts nothing, and has the status of the national figure.
    """
    if counted.counts is None and counted.in_categories is None:
        return {*categories} <= {*counted.by_category}
    return counted.counts is not None and not categories


def _cells(kpi: Description, tally: Tally, refused: tuple[str, ...]) -> Iterator[Cell]:
    for measure in kpi.measures:
        yield from _cells_of(kpi, measure, tally.measures[measure.id])
    families = [family.id for family in kpi.families]
    for family in families:
        category = family if len(families) > 1 else "Total"
        yield Cell("facts_in_source", family, "national", category, tally.facts, is_kept=True)
    family_of = {measure.id: measure.family for measure in kpi.measures}
    for name in refused:
        yield Cell("comparison_refused", family_of[name], "national", name, "")


def _cells_of(kpi: Description, measure: Measure, counted: Counted) -> Iterator[Cell]:
    def cell(breakdown: str, category: str, counts: str, *, is_kept: bool) -> Cell:
        numerator, _, denominator = counts.partition(" / ")
        return Cell(measure.id, measure.family, breakdown, category, numerator, denominator, is_kept)

    if counted.counts:
        yield cell("national", "Total", counted.counts, is_kept=True)
    in_categories = counted.in_categories or counted.counts
    for breakdown in kpi.breakdowns:
        if measure.id in breakdown.measures:
            own = {category.code: counted.by_category.get(category.code) for category in breakdown.categories}
            for code, counts in own.items():
                if counts:
                    yield cell(breakdown.id, code, counts, is_kept=in_categories is None)
            if in_categories and not all(own.values()):
                yield cell(breakdown.id, "", in_categories, is_kept=False)


def _sum(column: str) -> str:
    """Return where a column is once it is added up: ``trainee.placed`` is ``trainee_tally.placed``."""
    clause, _, name = column.rpartition(".")
    return f"{_tally_of(clause)}.{name}"


def _tally_of(clause: str) -> str:
    return f"{clause}_tally" if clause else "tally"


def _sums_of(cells: list[Cell], columns: list[str]) -> list[_Sums]:
    """Return what is added up of each clause; :class:`TallyError` for a breakdown that two of them have."""
    added = []
    for clause in sorted({column.rpartition(".")[0] for column in columns}):
        own = [column for column in columns if column.rpartition(".")[0] == clause]
        cuts = dict.fromkeys(cell.breakdown for cell in cells if {*cell.columns} & {*own} and not cell.category)
        added.append(_Sums(clause, [column.rpartition(".")[2] for column in own], list(cuts)))
    every = [cut for sums in added for cut in sums.cuts]
    if len(every) > len({*every}):
        raise TallyError("a breakdown is of the rows of one clause, not of several")
    return added


def _added_up(sums: _Sums, place: list[str]) -> Iterator[str]:
    """Yield the clauses that add up: one row a point, breakdown and category."""
    columns = [f"SUM({name}) AS {name}" for name in sums.columns]
    source = sums.clause or "unit"
    if sums.cuts:  # in two steps, since the second makes several of every row
        by = [*place, *sums.cuts]
        yield _clause(f"{source}_part", f"{_select(*by, *columns)}\nFROM {source}\nGROUP BY {', '.join(by)}")
        source = f"{source}_part"
    text = f"{_select(*place, *_levels(sums.cuts), *columns)}\nFROM {source}\nGROUP BY {_sets(place, sums.cuts)}"
    yield _clause(_tally_of(sums.clause), text)


def _case(subject: str, ways: Iterable[tuple[str, str]], otherwise: str = "") -> str:
    lines = [f"    WHEN {when} THEN {then}" for when, then in ways] + ([f"    ELSE {otherwise}"] if otherwise else [])
    return "\n".join([f"CASE {subject}".rstrip(), *lines, "END"])


def _select(*columns: str) -> str:
    return "SELECT\n" + ",\n".join(indent(column, "    ") for column in columns)


def _levels(cuts: list[str]) -> tuple[str, str]:
    """Return the breakdown and the category of a row of grouping sets, as SQL."""
    if not cuts:
        return "'national' AS breakdown", "'Total' AS category"
    every = (1 << len(cuts)) - 1
    bits = {every - (1 << place): cut for place, cut in enumerate(reversed(cuts))}
    grouping = f"GROUPING({', '.join(cuts)})"
    breakdown = _case(grouping, [(str(bit), f"'{cut}'") for bit, cut in bits.items()], "'national'")
    category = _case(grouping, [(str(bit), cut) for bit, cut in bits.items()], "'Total'")
    return f"{breakdown} AS breakdown", f"{category} AS category"


def _sets(place: list[str], cuts: list[str]) -> str:
    if not cuts:
        return ", ".join(place)
    sets = [f"    ({', '.join([*place, *cut])})" for cut in ([], *([cut] for cut in cuts))]
    return "GROUPING SETS (\n" + ",\n".join(sets) + "\n)"


def _values(cells: list[Cell], fields: list[str]) -> str:
    rows = [[getattr(cell, name) for name in fields] for cell in cells]
    texts = (", ".join(str(int(value)) if isinstance(value, bool) else f"'{value}'" for value in row) for row in rows)
    return "VALUES\n" + ",\n".join(f"    ({text})" for text in texts)


def _counted(kpi: Description, tally: Tally, cells: list[Cell], place: list[str], added: list[_Sums]) -> str:
    point = ", ".join(f"points.{name}" for name in place)
    holds = [
        _any(_over(condition), f"PARTITION BY {point}") + f" AS holds_{number}"
        for number, condition in enumerate(_conditions(tally), 1)
    ]
    if tally.refused_when:
        holds.append(f"{_any(f'points.is_current AND {_over(tally.refused_when)}', '')} AS is_refused")
    newest = ["comparison_refused", *(measure.id for measure in kpi.measures if measure.newest_only)]
    level = "CASE WHEN cells.category = '' THEN cells.breakdown ELSE 'national' END"
    given = [f"{_tally_of(sums.clause)}.category" for sums in added if sums.cuts]
    shown = " OR ".join(["cells.category <> ''", *(f"{category} IS NOT NULL" for category in given)])
    joins = [
        f"LEFT JOIN {name}\n    ON "
        + " AND ".join([*(f"{name}.{column} = points.{column}" for column in place), f"{name}.breakdown = {level}"])
        for name in (_tally_of(sums.clause) for sums in added)
    ]
    category = "NULLIF(cells.category, '')"
    category = f"COALESCE({', '.join([category, *given])})" if given else category
    return "\n".join(
        [
            _select(
                "cells.measure",
                "points.period",
                "points.as_of",
                "points.is_current",
                "cells.breakdown",
                f"{category} AS category",
                f"COALESCE({_pick('numerator', cells)}, 0) AS numerator",
                f"CASE WHEN cells.denominator <> '' THEN COALESCE({_pick('denominator', cells)}, 0) END AS denominator",
                "cells.is_kept",
                *holds,
            ),
            "FROM points",
            "INNER JOIN cells ON cells.family = points.family" if "family" in place else "CROSS JOIN cells",
            *joins,
            f"WHERE\n    ({shown})\n    AND (points.is_current OR cells.measure NOT IN ({_listed(newest)}))",
        ]
    )


def _conditions(tally: Tally) -> list[str]:
    return list(dict.fromkeys(rule.that for rule in tally.requires))


def _any(condition: str, window: str) -> str:
    """Return, as SQL, whether a condition holds of the national sums of a point."""
    return f"MAX(\n    CASE WHEN cells.category <> '' AND {condition} THEN 1 ELSE 0 END\n) OVER ({window})"


def _over(condition: str) -> str:
    return f"({_COLUMN.sub(lambda match: _sum(match[0]), condition)})"


def _pick(which: str, cells: list[Cell]) -> str:
    columns = sorted({str(getattr(cell, which)) for cell in cells} - {""})
    return _case(f"cells.{which}", [(f"'{column}'", _sum(column)) for column in columns]) if columns else "0"


def _results(kpi: Description, tally: Tally, refused: tuple[str, ...]) -> str:
    rates = tuple(measure.id for measure in kpi.measures if measure.is_divided)
    statuses = []
    for rule in tally.requires:
        number = _conditions(tally).index(rule.that) + 1
        which = f"\n        AND measure IN ({_listed(rule.measures or rates)})"
        which += f"\n        AND category IN ({_listed(rule.categories)})" if rule.categories else ""
        statuses.append((f"holds_{number} <> 1{which}", f"'{rule.otherwise}'"))
    if refused and tally.refused_hides:
        statuses.append(
            (f"is_refused = 1 AND NOT is_current\n        AND measure IN ({_listed(refused)})", "'not_available'")
        )
    numerator = "CASE WHEN measure = 'comparison_refused' THEN is_refused ELSE numerator END AS numerator"
    return (
        _select(
            "measure",
            "period",
            "as_of",
            "breakdown",
            "category",
            numerator if refused else "numerator",
            "denominator",
            f"{_case('', statuses, repr('ok'))} AS status" if statuses else "'ok' AS status",
            "is_kept",
        )
        + "\nFROM counted"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


CELL = tuple(field.name for field in dataclasses.fields(Cell))
_RESULT = """
SELECT
    CAST(measure AS varchar) AS measure,
    CAST(period AS bigint) AS period,
    CAST(as_of AS date) AS as_of,
    CAST(breakdown AS varchar) AS breakdown,
    CAST(category AS varchar) AS category,
    CAST(CASE WHEN status = 'ok' THEN numerator END AS bigint) AS numerator,
    CAST(CASE WHEN status = 'ok' THEN denominator END AS bigint) AS denominator,
    CAST(status AS varchar) AS status
FROM results
WHERE is_kept = 1 OR numerator > 0 OR denominator > 0
"""
