"""The KPI catalogue: ``kpis/<kpi-id>/kpi.toml`` and ``query.sql``, checked (``docs/kpi-catalogue.md``).

A folder that cannot be used does not stop the others: it is returned as a
:class:`Unusable`, and the run says why.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from functions.compute_kpis.catalogue import tally
from functions.compute_kpis.catalogue.definitions import Definitions, DefinitionsError
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.quantities import PARTS, is_of_people
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import Description, Measure
from placements_kpi.settings import SOURCES

FOLDER = Path(__file__).parents[1] / "kpis"

INTERNAL_MEASURES = frozenset({"facts_in_source", "comparison_refused"})
"""Measures that a query returns for the engine alone; ``kpi.toml`` does not declare them."""

OWN_TABLES = frozenset({"kpi_points", "definitions"})

_ID = re.compile(r"(?=.{1,28}\Z)[a-z0-9]+(-[a-z0-9]+)*")
"""Of a KPI: no longer than the name of a sheet of the workbook can have, after its number."""
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_REFERENCE = re.compile(r"(?P<measure>\w+)\.(?P<part>numerator|denominator)(@(?P<breakdown>\w+)(=(?P<category>\w+))?)?")


class CatalogueError(PlacementsKpiError):
    """A KPI's folder cannot be used."""


@dataclass(frozen=True)
class Kpi:
    """One KPI of the catalogue: its description, its query, and the tables the query names."""

    description: Description
    sql: str
    tables: tuple[str, ...]
    digest: str
    comparison_refused: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the KPI's id: the name of its folder."""
        return self.description.id


@dataclass(frozen=True)
class Unusable:
    """A KPI folder that cannot be used, and why."""

    id: str
    reason: str
    digest: str


def load_catalogue(definitions: Definitions, folder: Path = FOLDER) -> tuple[list[Kpi], list[Unusable]]:
    """Return the KPIs of ``folder`` in page order, and the folders that cannot be used.

    :class:`CatalogueError` if the folder holds no KPI, or two share an ``order``.
    """
    kpis: list[Kpi] = []
    unusable: list[Unusable] = []
    places = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
    if not places:
        raise CatalogueError(f"{folder} holds no KPI; it should have one folder for each")
    for place in places:
        try:
            kpis.append(load_kpi(place, definitions))
        except (CatalogueError, DefinitionsError) as error:
            unusable.append(Unusable(id=place.name, reason=str(error), digest=_digest(place)))
    kpis.sort(key=lambda kpi: (kpi.description.order, kpi.id))
    for first, second in itertools.pairwise(kpis):
        if first.description.order == second.description.order:
            raise CatalogueError(f"{first.id} and {second.id} both have order {second.description.order}; change one")
    return kpis, unusable


def load_kpi(place: Path, definitions: Definitions) -> Kpi:
    """Return the KPI of one folder; :class:`CatalogueError` says which key, measure or parameter is wrong."""
    if not _ID.fullmatch(place.name):
        raise CatalogueError(f"{place.name}: a KPI's folder is named in lower case, digits and hyphens, 28 at most")
    try:
        facts = tomllib.loads((place / "kpi.toml").read_text(encoding="utf-8"))
        sql = (place / "query.sql").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CatalogueError(f"{place.name}: {Path(str(error.filename)).name} is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{place.name}: kpi.toml or query.sql cannot be read: {error}") from None
    refused = facts.pop("comparison_refused", {})
    counting = _counting(place.name, facts)
    description = _description(place.name, facts, definitions)
    _check(description)
    known = {measure.id for measure in description.measures}
    if not isinstance(refused, dict) or not set(refused) <= known or not all(map(_is_text, refused.values())):
        raise CatalogueError(f"{place.name}: [comparison_refused] must give a sentence for measures of this KPI")
    if counting is not None:
        try:
            sql = tally.statement(description, counting, refused, sql)
        except tally.TallyError as error:
            raise CatalogueError(f"{place.name}: {error}") from None
    return Kpi(
        description=description,
        sql=sql,
        tables=_tables(description, sql),
        digest=_digest(place, sql),
        comparison_refused=refused,
    )


def _counting(kpi: str, facts: dict[str, Any]) -> tally.Tally | None:
    try:
        return tally.taken_from(facts)
    except tally.TallyError as error:
        raise CatalogueError(f"{kpi}: kpi.toml: {error}") from None


def _description(kpi: str, facts: dict[str, Any], definitions: Definitions) -> Description:
    breakdowns = facts.setdefault("breakdowns", [])
    for breakdown in breakdowns if isinstance(breakdowns, list) else []:
        if isinstance(breakdown, dict) and "category_list" in breakdown:
            if "categories" in breakdown:
                raise CatalogueError(f"{kpi}: a breakdown has either categories or category_list, not both")
            entries = definitions.entries_of(breakdown.pop("category_list"))
            breakdown["categories"] = [{"code": entry.code, "label": entry.value} for entry in entries]
    if facts.setdefault("id", kpi) != kpi:
        raise CatalogueError(f"{kpi}: id must be left out, or be the folder's name")
    try:
        return Description.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{kpi}: kpi.toml: {where}: {first['msg']} ({error.error_count()} such)") from None


def _check(kpi: Description) -> None:
    """Check what the types cannot say: that every name used is declared, once."""
    families = _once(kpi.id, "family", [family.id for family in kpi.families])
    measures = _once(kpi.id, "measure", [measure.id for measure in kpi.measures])
    if kpi.breakdowns:
        _once(kpi.id, "breakdown", [breakdown.id for breakdown in kpi.breakdowns])
    wrong: list[str] = []
    if kpi.headline not in measures:
        wrong.append(f"headline {kpi.headline!r} is not one of its measures")
    if [measure.id for measure in kpi.measures if measure.role == "headline"] != [kpi.headline]:
        wrong.append("exactly the headline measure has role 'headline'")
    kinds = {measure.id: measure.kind for measure in kpi.measures}
    beside = [("bounds", name, "rate") for name in kpi.bounds] + [("share_of", kpi.share_of, "count")]
    wrong += [f"{key} {name!r} is not a {kind}" for key, name, kind in beside if name and kinds.get(name) != kind]
    wrong += _wrong_sources(kpi)
    wrong += (text for measure in kpi.measures for text in _wrong_with(measure, families))
    for breakdown in kpi.breakdowns:
        _once(kpi.id, f"category of {breakdown.id}", [category.code for category in breakdown.categories])
        if breakdown.id == "national":
            wrong.append("no breakdown may be called 'national'")
        wrong += [
            f"breakdown {breakdown.id!r} is of measure {name!r}, which is not declared"
            for name in breakdown.measures
            if name not in measures
        ]
        wrong += [
            f"breakdown {breakdown.id!r}: overlapping names {name!r}, which is no measure of a partition"
            for name in breakdown.overlapping
            if name not in breakdown.measures or not breakdown.partition
        ]
    wrong += [
        f"the change of {change.on} concerns {name!r}, which is no measure"
        for change in kpi.breaks
        for name in change.measures
        if name not in measures
    ]
    wrong += _wrong_references(kpi)
    levels = {f"{measure}@{cut.id}" for cut in kpi.breakdowns if cut.partition for measure in cut.measures}
    wrong += [
        f"measure {measure.id!r} is the score of {measure.score_of!r}, which is no partition of a measure"
        for measure in kpi.measures
        if measure.score_of and measure.score_of not in levels
    ]
    if not (kpi.sources and kpi.means and kpi.method and kpi.leaves_out):
        wrong.append("sources, means, method and leaves_out must not be empty")
    if wrong:
        raise CatalogueError(f"{kpi.id}: kpi.toml: " + "; ".join(wrong))


def _wrong_with(measure: Measure, families: set[str]) -> Iterator[str]:
    name = f"measure {measure.id!r}"
    if measure.id in INTERNAL_MEASURES:
        yield f"{name} is internal and must not be declared"
    if measure.family not in families:
        yield f"{name} is of family {measure.family!r}, which is not declared"
    if measure.is_divided != (measure.out_of is not None):
        yield f"{name}: a rate needs out_of, and a count has none"
    if (measure.kind == "money") != (measure.unit == "pound"):
        yield f"{name}: money is in pounds, and nothing else is"
    if measure.kind == "money" and any(is_of_people(measure, part) for part in PARTS):
        yield f"{name}: money is exact, and cannot be about people"


def _wrong_sources(kpi: Description) -> list[str]:
    """Return what is wrong with the sources, and with which of them the figures need."""
    wrong = [f"source {source!r} is unknown" for source in kpi.sources if source not in SOURCES]
    needs = [(f"measure {measure.id!r}", measure.needs or kpi.sources) for measure in kpi.measures]
    needs += [(f"breakdown {breakdown.id!r}", breakdown.needs) for breakdown in kpi.breakdowns]
    strange = [(name, sorted({*of} - {*kpi.sources})) for name, of in needs]
    wrong += [f"{name} needs {', '.join(more)}, which is no source" for name, more in strange if more]
    wrong += [f"nothing needs source {source!r}" for source in kpi.sources if not any(source in of for _, of in needs)]
    headline = next((needed for measure, needed in needs if measure == f"measure {kpi.headline!r}"), kpi.sources)
    wrong += [
        f"source {source!r} is first, but the headline does not need it"
        for source in kpi.sources[:1]
        if source not in headline
    ]
    return wrong


def _wrong_references(kpi: Description) -> list[str]:
    """Return what relations and records name that is not declared."""
    measures = {measure.id: measure for measure in kpi.measures}
    breakdowns = {breakdown.id: breakdown for breakdown in kpi.breakdowns}
    wrong = []
    named = [("relation", (relation.whole, *relation.beside, *relation.parts)) for relation in kpi.relations]
    named += [("records", records.counts) for records in kpi.records]
    for what, references in named:
        for reference in references:
            match = _REFERENCE.fullmatch(reference)
            measure = measures.get(match["measure"]) if match else None
            if match is None or measure is None or (match["part"] == "denominator" and not measure.is_divided):
                wrong.append(f"{what} names {reference!r}, which is no numerator or denominator of a measure")
                continue
            breakdown = breakdowns.get(match["breakdown"]) if match["breakdown"] else None
            codes = {category.code for category in breakdown.categories} if breakdown else set()
            if match["breakdown"] and (
                breakdown is None
                or measure.id not in breakdown.measures
                or (match["category"] is not None and match["category"] not in codes)
            ):
                wrong.append(f"{what} names {reference!r}, but the measure has no such breakdown or category")
    return wrong


def _once(kpi: str, what: str, names: list[str]) -> set[str]:
    if not names:
        raise CatalogueError(f"{kpi}: kpi.toml: there is no {what}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CatalogueError(f"{kpi}: kpi.toml: {what} {', '.join(twice)} is declared twice")
    return set(names)


def _tables(kpi: Description, sql: str) -> tuple[str, ...]:
    """Return the tables whose snapshots the query asks for; all must be of the KPI's sources, or our own."""
    names = sorted(set(_PARAMETER.findall(sql)))
    tables = []
    for name in names:
        table = name.removesuffix("_snapshot")
        if table == name or (table not in OWN_TABLES and table not in SOURCE_OF_TABLE):
            raise CatalogueError(f"{kpi.id}: query.sql has the parameter :{name}; only :<table>_snapshot is known")
        if table not in OWN_TABLES and SOURCE_OF_TABLE[table] not in kpi.sources:
            raise CatalogueError(
                f"{kpi.id}: query.sql reads {table}, but kpi.toml does not name source {SOURCE_OF_TABLE[table]!r}"
            )
        tables.append(table)
    if "kpi_points" not in tables:
        raise CatalogueError(f"{kpi.id}: query.sql must take its days from kpi_points (:kpi_points_snapshot)")
    return tuple(tables)


def _digest(place: Path, sql: str = "") -> str:
    """Return the digest of a folder, and of the statement that is made of it: shared parts are in that alone."""
    digest = hashlib.sha256()
    bodies = {
        name: (place / name).read_bytes() if (place / name).exists() else b"" for name in ("kpi.toml", "query.sql")
    }
    for name, body in (bodies | {"statement": sql.encode()}).items():
        digest.update(f"{name} {len(body)}\n".encode() + body)
    return digest.hexdigest()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
