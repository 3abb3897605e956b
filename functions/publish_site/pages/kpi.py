"""The page of one indicator: headline, charts with their tables, method, sources, downloads, SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from functions.publish_site import words
from functions.publish_site.pages import changes, glossary, graphics, sentences
from functions.publish_site.pages.front import card, notices, said
from functions.publish_site.pages.html_tables import Table, key, table
from functions.publish_site.pages.series import over_time
from functions.publish_site.words import Cell
from placements_kpi import times
from placements_kpi.results import NO_SNAPSHOT
from placements_kpi.settings import SOURCE_TITLES

if TYPE_CHECKING:
    from markupsafe import Markup

    from functions.publish_site.figures import KpiFigures
    from placements_kpi.results import Breakdown, Description, Measure, Protected, SeriesBreak


def kpi_view(
    figures: KpiFigures, kpis: list[KpiFigures], index: int, document: Protected, published: datetime
) -> dict[str, object]:
    """Return the values of the page of ``figures``, the ``index``-th of ``kpis``."""
    kpi, description = figures.kpi, figures.kpi.description
    alone = document.model_copy(update={"kpis": (kpi,)})
    checks = [
        *_beside(figures, ("quality",), "Checks and coverage"),
        *(view for part in _parts(figures, checks=True) for view in _tables(figures, part)),
    ]
    values: dict[str, object] = {
        "kpi": kpi,
        "description": description,
        "number": index + 1,
        "of": len(kpis),
        "card": card(figures),
        "not_available": sentences.not_available(figures),
        "doubts": sentences.doubts(figures, document),
        "stale": notices(document, times.london_day(published), description.sources),
        "graphics": _graphics(figures),
        "beside": _beside(figures, ("headline", "beside", "breakdown"), "Figures"),
        "breakdowns": [view for part in _parts(figures, checks=False) if (view := _breakdown(figures, part))],
        "checks": checks,
        "checks_folded": "; ".join(view.caption.partition(":")[0] for view in checks[1:]),
        "notes": _notes(description, checks=False),
        "check_notes": _notes(description, checks=True),
        "measures": [(measure.title, sentences.what(measure), measure.id) for measure in description.measures],
        "breaks": [
            (
                words.day(other.on),
                *map(words.sentence, (other.text, other.before, other.after)),
                _concerned(figures, other),
            )
            for other in description.breaks
        ],
        "compared_with": document.compared_with,
        "revisions": changes.groups(figures, document),
        "snapshots": [
            (table, "no snapshot" if snapshot == NO_SNAPSHOT else snapshot)
            for table, snapshot in sorted(kpi.snapshots.items())
        ],
        "sources": _sources(figures, document, times.london_day(published)),
        "late_after": sentences.late_after(alone),
        "texts": _texts(description),
        "next_update": sentences.next_update(alone, times.london_day(published)),
        "others": [(other.kpi.id, other.kpi.description.title) for other in kpis if other.kpi.id != kpi.id],
    }
    return {**values, "sections": _sections(values), "symbols": _key(values)}


def _key(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    drawn = [*values["graphics"], *(part["graphic"] for part in values["breakdowns"])]
    tables = [*(graphic.table for graphic in drawn), *values["beside"], *values["checks"], values["sources"]]
    tables += [table for part in values["breakdowns"] for table in part["tables"]]
    texts = [text for view in tables for text in view.texts]
    texts += [line for graphic in drawn for line in graphic.legend]
    texts += [line for group in values["revisions"] for line in group.lines]
    return key([*texts, *said(values["card"]), *values["not_available"]])


def _sections(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The contents of the page: (id, title) of each of its sections, those that it does not have left out."""
    parts = [(part["anchor"], part["title"]) for part in values["breakdowns"]]
    sections = [
        ("meaning", "What this means", True),
        ("over-time", "Over time", values["graphics"]),
        ("related", "Related figures", values["beside"]),
        *((anchor, title, True) for anchor, title in parts),
        ("method", "How we count it", True),
        ("checks", "Checks and coverage", values["checks"]),
        ("changes", "Changes that affect comparisons", True),
        ("revisions", "Revisions", values["revisions"]),
        ("sources", "Sources", True),
        ("download", "Download and check", True),
    ]
    return [(anchor, title) for anchor, title, there in sections if there]


def _graphics(figures: KpiFigures) -> list[graphics.Graphic]:
    """The headline over time, and one measure of each other family of points: it stands on days of its own."""
    drawn = [figures.headline]
    for measure in figures.kpi.description.measures:
        if measure.role == "beside" and measure.family not in {graphic.family for graphic in drawn}:
            drawn.append(measure)
    return [graphic for measure in drawn if (graphic := over_time(figures, measure))]


def _beside(figures: KpiFigures, roles: Collection[str], caption: str) -> list[Table]:
    """The measures in these roles with a national figure, those that stand on the same day in one table."""
    description = figures.kpi.description
    tables = []
    for family in description.families:
        measures = [
            measure for measure in description.measures if measure.family == family.id and measure.role in roles
        ]
        rows = [_beside_row(figures, measure) for measure in measures if _national(figures, measure)]
        point = next((point for measure in measures if (point := figures.current(measure))), None)
        if rows and point:
            now, before = (figures.mark(measures[0], measure) for measure in (point, figures.comparison(measures[0])))
            head = ("Measure", f"Figure{now}", f"Number{now}", f"Out of{now}", f"Year before{before}")
            # On the last day of a year it is the year to date of another family too: no two tables are called alike.
            period = f"{'whole ' if family.series == 'yearly' else ''}{point.period_label}"
            tables.append(table(f"{caption} as at {words.day(point.as_of)}, {period}", head, rows))
    return tables


def _notes(description: Description, *, checks: bool) -> list[tuple[str, str]]:
    """What is said of one measure more than of others, (title, note): of the checks on the data, or of the others."""
    return [
        (measure.title, words.sentence(measure.note))
        for measure in description.measures
        if measure.note and (measure.role == "quality") == checks
    ]


def _national(figures: KpiFigures, measure: Measure) -> bool:
    point = figures.current(measure)
    return point is not None and figures.has(measure, point, "national")


def _beside_row(figures: KpiFigures, measure: Measure) -> list[str | Cell]:
    now = figures.at(measure, figures.current(measure))
    comparable = figures.comparison(measure) is not None and measure.id not in figures.kpi.comparison
    before = figures.at(measure, figures.comparison(measure)).value if comparable else Cell(None, "x")
    return [measure.title, now.value, now.numerator, now.denominator, before]


def _concerned(figures: KpiFigures, change: SeriesBreak) -> str:
    """Which figures a change concerns, or which it does not if these are fewer; nothing where it is all of them.

    Checks are not named: they are of the records, not of what the records say.
    """
    measures = [measure for measure in figures.kpi.description.measures if measure.role != "quality"]
    named, others = ([one.title for one in measures if change.concerns(one.id) is told] for told in (True, False))
    if not others:
        return ""
    return f"All figures but: {'; '.join(others)}." if len(others) < len(named) else f"Figures: {'; '.join(named)}."


def _parts(figures: KpiFigures, *, checks: bool) -> list[Breakdown]:
    """The breakdowns of checks on the data, which need no chart; or all the others."""
    return [
        part
        for part in figures.kpi.description.breakdowns
        if all(figures.measure(measure).role == "quality" for measure in part.measures) == checks
    ]


def _tables(figures: KpiFigures, part: Breakdown) -> list[Table]:
    measures = [figures.measure(measure_id) for measure_id in part.on_page]
    return [view for measure in measures if (view := graphics.category_table(figures, measure, part))]


def _breakdown(figures: KpiFigures, part: Breakdown) -> dict[str, object] | None:
    """A table with bars of the first measure that has figures; those of the others of the breakdown without."""
    measures = [figures.measure(measure_id) for measure_id in part.on_page]
    drawn = next((graphic for measure in measures if (graphic := graphics.by_category(figures, measure, part))), None)
    if drawn is None:
        return None
    return {
        "anchor": f"by-{part.id}".replace("_", "-"),
        "title": part.title,
        "graphic": drawn,
        "tables": _tables(figures, part)[1:],
    }


def _texts(description: Description) -> dict[str, list[Markup]]:
    """The paragraphs and lists of the page, each term of the glossary linked where it is first used."""
    parts = {name: getattr(description, name) for name in ("means", "method", "leaves_out", "caveats")}
    linked = iter(glossary.linked([text for texts in parts.values() for text in texts], "../glossary/index.html"))
    return {name: [next(linked) for _ in texts] for name, texts in parts.items()}


def _sources(figures: KpiFigures, document: Protected, published: date) -> Table:
    """Date, age and greatest age of each source that this indicator's figures came from."""
    facts = {source.source: source for source in document.sources}
    rows: list[list[str | Cell]] = []
    for source in figures.kpi.description.sources:
        known = facts.get(source)
        used = figures.kpi.source_dates.get(source)
        missing = source in figures.kpi.missing
        if used is None and known and figures.kpi.state == "ok" and not missing:
            used = known.as_of
        rows.append(
            [
                known.title if known else SOURCE_TITLES.get(source, source),
                words.day_in_cell(used) if used else "none that can be used" if missing else "no data yet",
                Cell((published - used).days if used else None, "z"),
                Cell(known.max_age_days if known else None, "x"),
            ]
        )
    head = ("Source", "Data of", "Days old", "Most days allowed")
    return table("Age of each source when this was published", head, rows)
