"""Mutants: a query with one rule changed must be caught. ``python -m tests.book.mutants [kpi …]``.

Every comparison, condition, branch, join, list and number of every query is changed, one at a time, and the changed
query is asked about the worked example, the kept worlds and a fixed set of random worlds. A mutant that nothing tells
from the query is a survivor: a rule that no test holds. Those that mean the same as the query are listed, with the
reason, in ``equivalent.toml``; any other survivor is an error, and so is a listed one that does not survive. What
``kpi.toml`` says is in the statement as well (the rows of ``cells``, the conditions), and is changed there. A part that
several queries use is judged by itself, under its own name: one of the KPIs that use it has to notice. So is what the
tally adds to several in the same words, under ``tally``. Some rules of the ingest are changed as well
(``mutants_of_ingest.py``).
"""

import argparse
import gc
import itertools
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path

import duckdb
import sqlglot
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlglot import exp

from functions.compute_kpis.catalogue.loading import INTERNAL_MEASURES, tally
from tests.book import compare, found
from tests.book.answers import disagreements
from tests.book.drops import Drops
from tests.book.engine import engine
from tests.book.example import drops_of
from tests.book.mutants_of_ingest import unnoticed
from tests.book.points import points_of
from tests.kpis import world as small

EQUIVALENT = Path(__file__).parent / "equivalent.toml"
EVERY = "every"
"""Stands in ``equivalent.toml`` for every KPI: what the tally adds is the same of all, and may be noticed in some.

An ellipsis in such a name stands for what differs from KPI to KPI.
"""
RANDOM_WORLDS = 120
PARTS = sorted(path.stem for path in tally.PARTS.glob("*.sql"))
TALLY = "tally"
SHARED = [*PARTS, TALLY]
"""What is judged by itself: one of the KPIs that have it has to notice."""
_ADDED = ("tally", "counted", "result")
"""Clauses that the tally adds, mostly in words of its own; of ``results`` the words are those of ``kpi.toml``."""


@dataclass(frozen=True)
class Mutant:
    """One changed query: ``name`` says what was changed, where, and is the same in every run."""

    name: str
    place: int
    number: int


def mutants(tree: exp.Expr) -> list[Mutant]:
    """Return every mutant of a query."""
    made: list[Mutant] = []
    names: Counter[str] = Counter()
    for place, node in enumerate(tree.walk()):
        for number, (label, _) in enumerate(_changes(node)):
            name = f"{_where(node)}: {label} [{_short(node.sql('athena'))}]"
            names[name] += 1
            made.append(Mutant(name if names[name] == 1 else f"{name} #{names[name]}", place, number))
    return made


def changed(tree: exp.Expr, mutant: Mutant) -> exp.Expr:
    """Return a copy of the query with the mutant's change made."""
    copy = tree.copy()
    node = next(itertools.islice(copy.walk(), mutant.place, None))
    _, change = list(_changes(node))[mutant.number]
    change()
    return copy


_SWAPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.Greatest: exp.Least,
    exp.Least: exp.Greatest,
}

Change = tuple[str, Callable[[], object]]


def _changes(node: exp.Expr) -> Iterator[Change]:
    """Yield what can be changed at ``node``: what to call it, and what does it."""
    if not _is_pin(node):
        for kind in (_swaps, _conditions, _branches, _parts, _rows, _literals):
            yield from kind(node)


def _swaps(node: exp.Expr) -> Iterator[Change]:
    swapped = _SWAPPED.get(type(node))
    if swapped is not None:
        yield f"{type(node).__name__} becomes {swapped.__name__}", lambda: node.replace(swapped(**node.args))


def _conditions(node: exp.Expr) -> Iterator[Change]:
    if isinstance(node, exp.And | exp.Or):
        if not _is_pin(node.right):
            yield "only the left of it", lambda: node.replace(node.left.copy())
        if not _is_pin(node.left):
            yield "only the right of it", lambda: node.replace(node.right.copy())
    if isinstance(node, exp.Not):
        yield "the opposite", lambda: node.replace(node.this.copy())
    if isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield "the opposite", lambda: node.replace(exp.Not(this=node.copy()))
    if isinstance(node, exp.Between):
        yield from _between(node)


def _branches(node: exp.Expr) -> Iterator[Change]:
    if isinstance(node, exp.Case) and len(node.args["ifs"]) > 1:
        for index, branch in enumerate(node.args["ifs"]):
            yield f"without branch {index + 1} ({_short(branch.this.sql('athena'), 50)})", branch.pop


def _parts(node: exp.Expr) -> Iterator[Change]:
    if isinstance(node, exp.Coalesce | exp.Nullif | exp.Upper | exp.Lower | exp.Trim):
        yield "only its first part", lambda: node.replace(node.this.copy())
    if isinstance(node, exp.Mul | exp.Sub | exp.Add) and not isinstance(node.left, exp.Literal):
        yield "only the left of it", lambda: node.replace(node.left.copy())
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        for value in node.expressions:
            yield f"without {value.sql('athena')}", value.pop


def _rows(node: exp.Expr) -> Iterator[Change]:
    if isinstance(node, exp.Distinct):
        yield "without DISTINCT", node.pop
    if isinstance(node, exp.Join) and node.side == "LEFT":
        yield "an inner join", lambda: node.set("side", None)
    if isinstance(node, exp.Tuple) and isinstance(node.parent, exp.Values) and len(node.parent.expressions) > 1:
        yield "without this row", node.pop
        if _where(node) == "cells":
            yield from _cell(node)


def _cell(row: exp.Tuple) -> Iterator[Change]:
    """Yield what ``kpi.toml`` could have said of a cell: another column, or out of another.

    Not of the measures that are for the engine alone: of these it is only read whether they are more than 0.
    """
    if row.expressions[0].name in INTERNAL_MEASURES:
        return
    for field in ("numerator", "denominator"):
        place = tally.CELL.index(field) - len(tally.CELL)
        given = sorted({other.expressions[place].name for other in row.parent.expressions} - {""})
        if row.expressions[place].name in given and len(given) > 1:
            other = given[given.index(row.expressions[place].name) - 1]
            column = exp.Literal.string(other)
            yield f"{field} {other}", partial(row.expressions[place].replace, column)


def _between(node: exp.Between) -> Iterator[Change]:
    def bounded(lowest: type[exp.Expr], highest: type[exp.Expr]) -> None:
        low = lowest(this=node.this.copy(), expression=node.args["low"].copy())
        node.replace(exp.and_(low, highest(this=node.this.copy(), expression=node.args["high"].copy())))

    yield "without its lowest", lambda: bounded(exp.GT, exp.LTE)
    yield "without its highest", lambda: bounded(exp.GTE, exp.LT)


def _literals(node: exp.Expr) -> Iterator[Change]:
    if not isinstance(node, exp.Literal) or isinstance(node.parent, exp.Tuple):
        return
    if not node.is_string:
        yield "one more", lambda: node.replace(exp.Literal.number(int(node.name) + 1))
    elif isinstance(node.parent, exp.EQ | exp.NEQ):
        yield "another text", lambda: node.replace(exp.Literal.string("zzz"))


def _is_pin(node: exp.Expr | None) -> bool:
    """Whether a node is the condition that pins a table, or part of it."""
    pin = node if isinstance(node, exp.EQ) else node.parent if node is not None else None
    return isinstance(pin, exp.EQ) and isinstance(pin.left, exp.Column) and pin.left.name == "snapshot"


def _where(node: exp.Expr) -> str:
    holder = node if isinstance(node, exp.CTE) else node.find_ancestor(exp.CTE)
    return holder.alias if holder is not None else "result"


def _short(text: str, most: int = 90) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: what caught it, or ``survived``."""

    name: str
    by: str


def judge(kpi: str, asked: Sequence[Mutant], random_worlds: int = RANDOM_WORLDS) -> list[Verdict]:
    """Return what first tells each of ``asked`` from the query of ``kpi``; worlds come one after the other."""
    tree = sqlglot.parse_one(small.pinned(kpi), read="athena")
    alive = dict.fromkeys(asked, "")
    verdicts: list[Verdict] = []
    for number, (kind, world) in enumerate(worlds(kpi, random_worlds)):
        if not alive:
            break
        points = points_of(kpi, world.as_of)
        right = engine(kpi).ask(world, points)
        for mutant in list(alive):
            try:
                alive[mutant] = alive[mutant] or engine(kpi).prepared(changed(tree, mutant))
                answers = engine(kpi).again(alive[mutant])
                by = kind if answers != right and disagreements(kpi, answers, right, points) else None
            except (duckdb.Error, KeyError):
                by = "refused"
            if by is not None:
                verdicts.append(Verdict(mutant.name, by))
                if sql := alive.pop(mutant):
                    engine(kpi).forget(sql)
        if number % 20 == 0:
            print(f"{kpi}: after {number + 1} worlds {len(alive)} of {len(asked)} are left", file=sys.stderr)
    for sql in alive.values():
        engine(kpi).forget(sql)
    return verdicts + [Verdict(mutant.name, "survived") for mutant in alive]


def worlds(kpi: str, random_worlds: int = RANDOM_WORLDS) -> Iterator[tuple[str, Drops]]:
    """Yield the worlds that mutants of ``kpi`` are asked about, and of which kind each is."""
    yield "example", drops_of(kpi)
    yield from (("kept world", world) for _, world in found.worlds(kpi))
    yield "no record", Drops(date(2026, 7, 14))
    yield from (("random world", world) for world in _random(kpi, random_worlds))


def _random(kpi: str, number: int) -> list[Drops]:
    """Return ``number`` worlds, each drawn for itself: one run's are mostly slight changes of those before."""
    return [_drawn(kpi, one) for one in range(1, number + 1)]


def _drawn(kpi: str, number: int) -> Drops:
    drawn: list[Drops] = []

    @seed(number)
    @settings(
        max_examples=2,  # the first is the simplest world there is, whatever the seed
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(compare.worlds(kpi))
    def draw(world: Drops) -> None:
        drawn.append(world)

    draw()
    return drawn[-1]


def judge_of(owner: str, names: Sequence[str], random_worlds: int) -> list[Verdict]:
    """Return what tells each of these mutants of a KPI from its query; of what is shared, what first does in a KPI."""
    caught: list[Verdict] = []
    for kpi in users(owner) if owner in SHARED else [owner]:
        left = {*names} - {verdict.name for verdict in caught}
        every = mutants(sqlglot.parse_one(small.pinned(kpi), read="athena"))
        verdicts = judge(kpi, [mutant for mutant in every if mutant.name in left], random_worlds)
        caught += [verdict for verdict in verdicts if verdict.by != "survived"]
    return caught


def names_of(owner: str) -> list[str]:
    """Return the names of all mutants of what is shared, or of a KPI but for those of what it shares."""
    if owner == TALLY:
        named = Counter(name for kpi in compare.KPIS for name in _names(kpi) if _clause(name) in _ADDED)
        return [name for name, kpis in named.items() if kpis > 1]
    if owner in PARTS:
        return [name for name in _names(users(owner)[0]) if _clause(name) == owner]
    shared = {*names_of(TALLY)}
    return [name for name in _names(owner) if _clause(name) not in PARTS and name not in shared]


@cache
def _names(kpi: str) -> list[str]:
    return [one.name for one in mutants(sqlglot.parse_one(small.pinned(kpi), read="athena"))]


def _clause(name: str) -> str:
    """Return the clause of the statement in which a mutant is."""
    return name.partition(":")[0]


def users(shared: str) -> list[str]:
    """Return the KPIs whose query uses a part, or has the tally."""
    queries = {kpi: (small.COMPUTE / "kpis" / kpi / "query.sql").read_text(encoding="utf-8") for kpi in compare.KPIS}
    return [kpi for kpi, query in queries.items() if shared == TALLY or shared in tally.uses(query)]


def equivalents() -> dict[tuple[str, str], str]:
    """Return the mutants that mean the same as the query, by KPI and name, and why."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return {(kpi, entry["mutant"]): entry["because"] for kpi, entries in listed.items() for entry in entries}


def is_like(name: str, like: str) -> bool:
    """Whether the name of a mutant is one that stands for every KPI."""
    return re.fullmatch(".*".join(map(re.escape, like.split("…"))), name) is not None


def main(arguments: list[str] | None = None) -> int:
    """Judge every mutant of the KPIs and parts named (default: all), print what became of them; 1 if one is open."""
    parser = argparse.ArgumentParser(prog="python -m tests.book.mutants", description=__doc__)
    parser.add_argument("owner", nargs="*", default=[*compare.KPIS, *SHARED], help="a KPI, a part or tally")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--worlds", type=int, default=RANDOM_WORLDS, help="random worlds after the written ones")
    parser.add_argument("--like", default="", help="only mutants whose name has this in it")
    asked = parser.parse_args(arguments)
    started, excused, bad = time.monotonic(), equivalents(), 0
    gc.set_threshold(50_000, 20, 20)  # as in tests/conftest.py: a mutant is a tree of thousands of objects
    with ProcessPoolExecutor(asked.processes) as pool:
        todo = []
        for owner in asked.owner:
            names = [name for name in names_of(owner) if asked.like in name]
            shares = [names[first :: asked.processes] for first in range(asked.processes)]
            judged = [pool.submit(judge_of, owner, share, asked.worlds) for share in shares]
            of_ingest = [pool.submit(unnoticed_of, owner)] if not asked.like and owner not in SHARED else []
            todo.append((owner, names, judged, of_ingest))
        for owner, names, judged, of_ingest in todo:
            verdicts = [verdict for share in judged for verdict in share.result()]
            caught = {verdict.name for verdict in verdicts}
            verdicts += [Verdict(name, "survived") for name in names if name not in caught]
            of_it = {name: why for (whose, name), why in excused.items() if whose == owner}
            everywhere = {name for whose, like in excused if whose == EVERY for name in names if is_like(name, like)}
            bad += _tell(owner, verdicts, of_it, everywhere)
            bad += sum(_tell_of_ingest(survivors.result()) for survivors in of_ingest)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if bad else 0


def _tell(owner: str, verdicts: Sequence[Verdict], excused: dict[str, str], everywhere: set[str]) -> int:
    ways = Counter(verdict.by for verdict in verdicts)
    survivors = {verdict.name for verdict in verdicts if verdict.by == "survived"}
    told = ", ".join(f"{number} {by}" for by, number in ways.most_common())
    print(
        f"{owner}: {len(verdicts)} mutants; {told} ({len(survivors & {*excused, *everywhere})} listed as equivalent)",
        flush=True,
    )
    every = set(names_of(owner))
    found = [f"nothing catches {name}" for name in survivors - excused.keys() - everywhere]
    found += [
        f"listed as equivalent, but it is caught: {verdict.name}"
        for verdict in verdicts
        if verdict.name in excused and verdict.name not in survivors
    ]
    found += [f"listed as equivalent, but there is no such mutant: {name}" for name in excused.keys() - every]
    for line in sorted(found):
        print(f"  {line}")
    return len(found)


def unnoticed_of(kpi: str) -> list[str]:
    """Return the changed rules of the ingest that no written world of ``kpi`` notices."""
    return list(unnoticed(kpi, [world for _, world in worlds(kpi, 0)]))


def _tell_of_ingest(survivors: Sequence[str]) -> int:
    for says in survivors:
        print(f"  nothing notices that {says}")
    return len(survivors)


if __name__ == "__main__":
    sys.exit(main())
