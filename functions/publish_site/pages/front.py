"""The first page: one card for each indicator, and the notices that appear by themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.pages import sentences
from functions.publish_site.pages.html_tables import key
from functions.publish_site.pages.series import sparkline

if TYPE_CHECKING:
    from functions.publish_site.figures import KpiFigures
    from placements_kpi.results import Point, Protected, SourceFacts


def front_view(kpis: list[KpiFigures], document: Protected, published: date, today: date) -> dict[str, object]:
    """Return the values of the first page of a release ``published`` on a day, as it stands on ``today``."""
    outcomes = [figures for figures in kpis if figures.kpi.description.section == "outcomes"]
    cards, service = (
        [{**card(figures), "spark": sparkline(figures)} for figures in some]
        for some in (outcomes, [figures for figures in kpis if figures not in outcomes])
    )
    return {
        "summary": sentences.summary([sentences.verdict(figures) for figures in outcomes]),
        "status": sentences.status(document, stale_sources(document, today), published),
        "up_to": sentences.up_to(document),
        "next_update": sentences.next_update(document, today),
        "late_after": sentences.late_after(document),
        "stale": notices(document, today),
        "cards": cards,
        "service_cards": service,
        "symbols": key(text for kpi in (*cards, *service) for text in said(kpi)),
    }


def stale_sources(document: Protected, today: date) -> list[SourceFacts]:
    """Return the sources that are older on ``today`` than they should ever be, or were never accepted."""
    return [source for source in document.sources if source.is_late(today)]


def notices(document: Protected, today: date, of: Collection[str] | None = None) -> list[str]:
    """Return the warnings about sources as of ``today``, a source at most once: too old, else refused last time.

    ``of`` keeps those about some sources only.
    """
    old = stale_sources(document, today)
    texts = [
        (source, sentences.stale(source) if source in old else sentences.refused(source)) for source in document.sources
    ]
    return [text for source, text in texts if text is not None and (of is None or source.source in of)]


def card(figures: KpiFigures) -> dict[str, object]:
    """Return what the first page says about one indicator."""
    description, headline = figures.kpi.description, figures.headline
    point = figures.current(headline)
    verdict = sentences.verdict(figures)
    shown = figures.at(headline, point)
    return {
        "id": figures.kpi.id,
        "title": description.title,
        "question": description.question,
        "figure": shown.value.text if point else None,
        "counts": sentences.counts(figures, headline),
        "beside": sentences.beside(figures),
        "what": sentences.what(headline),
        "period": _period(figures, point) if point else None,
        "mark": "[r]" if shown.value.revised else figures.mark(figures.headline, point).strip(),
        "change": sentences.change(figures, headline).sentence,
        "target": verdict.sentence,
        "met": verdict.met,
        "verdict": verdict.label,
        "notice": sentences.carried(figures),
    }


def _period(figures: KpiFigures, point: Point) -> str:
    stands = "" if figures.family(figures.headline).is_rolling else f", as at {words.day(point.as_of)}"
    return words.sentence(f"{point.period_label}{stands}")


def said(card: dict[str, object]) -> list[str]:
    """Return what a card says with figures in it."""
    return [str(card[part]) for part in ("figure", "counts", "beside", "change", "mark")]
