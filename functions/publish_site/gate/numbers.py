"""Numbers in running text: each is part of a phrase that is known to carry no figure, or a figure named for the place.

Known phrases are what the templates and the descriptions of the KPIs say with a number in
it, and what a page's own rules make of the document: days, years, ids, "2 of 10". They are
taken out whole, as they stand. Whatever number is left must be one of those allowed where
it stands, written exactly as it is published.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from functions.publish_site import words
from functions.publish_site.templates import SITE_TEMPLATES, environment

if TYPE_CHECKING:
    from placements_kpi.results import KpiResult, Protected

_NUMBER = re.compile(r"[0-9](?:[0-9,]*[0-9])?(?:\.[0-9]+)?%?")
_DIGIT = re.compile("[0-9]")
_BARE = re.compile(r"[\W\d_]*")
_TAKEN_OUT = " \0 "


class Phrases:
    """Phrases that may stand anywhere in a page although they have numbers in them."""

    def __init__(self, phrases: Iterable[str], others: Phrases | None = None) -> None:
        wanted = {" ".join(phrase.split()) for phrase in phrases}
        longest_first = sorted((one for one in wanted if has_number(one)), key=lambda one: (-len(one), one))
        pattern = re.compile("|".join(map(_whole, longest_first)) or r"(?!)")
        self._patterns: tuple[re.Pattern[str], ...] = (pattern, *(others._patterns if others else ()))

    def and_also(self, phrases: Iterable[str]) -> Phrases:
        """Return these phrases and some more."""
        return Phrases(phrases, self)

    def numbers(self, text: str) -> list[str]:
        """Return the numbers of ``text`` that are in none of the phrases, as they are written, in order.

        A digit of another script, a fraction or a superscript is a number too.
        """
        if not has_number(text):
            return []
        rest = " ".join(text.split())
        for pattern in self._patterns:
            rest = pattern.sub(_TAKEN_OUT, rest)
        found = _NUMBER.findall(rest)
        return found + [letter for letter in rest if letter.isnumeric() and not letter.isascii()]

    def explains(self, text: str, allowed: Collection[str] = ()) -> bool:
        """Return whether every number of ``text`` is in a phrase or is one of those allowed."""
        return all(number in allowed for number in self.numbers(text))


def _whole(phrase: str) -> str:
    """What finds ``phrase`` as it stands: where it begins or ends with a number, not as a piece of a longer one."""
    before = r"(?<![0-9])(?<![0-9][.,])" if phrase[0].isnumeric() else ""
    after = r"(?![0-9%]|[.,][0-9])" if phrase[-1].isnumeric() else r"(?![0-9])" if phrase[-1] == "%" else ""
    return before + re.escape(phrase) + after


def has_number(text: str) -> bool:
    """Return whether any character of ``text`` stands for a number."""
    if text.isascii():
        return _DIGIT.search(text) is not None
    return any(map(str.isnumeric, text))


@cache
def template_phrases() -> frozenset[str]:
    """Return what the templates themselves say with a number in it, each piece of text between tags and values.

    A piece that is a number and nothing else is left out: it would allow that number everywhere.
    """
    found: set[str] = set()
    for path in sorted(SITE_TEMPLATES.glob("*.html")):
        for _, kind, text in environment().lex(path.read_text(encoding="utf-8")):
            if kind in {"data", "string"} and has_number(text):
                pieces = (" ".join(html.unescape(one).split()) for one in re.split(r"<[^>]*>|[<>\n\"]", text))
                found |= {one.strip("'") for one in pieces if has_number(one) and not _BARE.fullmatch(one)}
    return frozenset(found)


def document_phrases(document: Protected, published: date, today: date) -> set[str]:
    """Return what every page of a release may say: its id, its days, its texts and those of its KPIs."""
    days = {document.as_of, document.month_end, document.disclosure.approved_on, published, today}
    days |= {_next_month_end(document.month_end)}
    phrases = {f"Release {document.release}", f"release {document.release}", document.release, document.code_version}
    for source in document.sources:
        phrases |= {source.title, f"more than {source.max_age_days} days old"}
        phrases |= {f"{source.age_days} days old"} if source.age_days is not None else set()
        phrases |= {f"Snapshot {source.snapshot}"} if source.snapshot else set()
        days |= {source.as_of, source.as_of + timedelta(days=source.max_age_days)} if source.as_of else set()
        days |= {_next_month_end(document.month_end) + timedelta(days=source.max_age_days)}
        days |= {source.counted_on} if source.counted_on else set()
    for kpi in document.kpis:
        phrases |= kpi_texts(kpi)
        days |= kpi_days(kpi)
    phrases |= set(words.SYMBOLS.values())
    return phrases | {words.day(one) for one in days}


def kpi_texts(kpi: KpiResult) -> set[str]:
    """Return the texts of a KPI that its authors wrote, and the names of its periods.

    ``reason`` is not one of them: a program writes it when something goes wrong, and nobody has read it before.
    """
    about = kpi.description
    texts = {about.title, about.question, about.region_of, about.definition_version, about.target.text}
    texts |= {*about.means, *about.method, *about.leaves_out, *about.caveats, *kpi.comparison.values()}
    texts |= {said for one in about.breaks for said in (one.text, one.before, one.after)}
    if about.target.value is not None:
        level = f"{Decimal(str(about.target.value)).normalize():f}%"
        texts |= {f"{level} target", f"Target: {level}"}
    for measure in about.measures:
        texts |= {measure.title, measure.what, measure.out_of or "", measure.note or "", measure.id}
    for part in about.breakdowns:
        texts |= {part.title, part.note or "", part.id, *(one.label for one in part.categories)}
        texts |= {one.code for one in part.categories}
    for point in kpi.points:
        texts |= {point.period_label, words.years(point.period_label)}
    texts |= {f"version {about.definition_version}"}
    return {spelling for text in texts for spelling in _spellings(text) if not _BARE.fullmatch(spelling)}


def kpi_days(kpi: KpiResult) -> set[date]:
    """Return every day that a page of the KPI may name."""
    days = {point.as_of for point in kpi.points} | {one.on for one in kpi.description.breaks}
    days |= set(kpi.source_dates.values()) | ({kpi.as_of} if kpi.as_of else set())
    return days


def _spellings(text: str) -> Iterator[str]:
    """A text as it stands, without its full stop, and with either case of its first letter: as a sentence or in one."""
    stem = " ".join(text.split()).rstrip(".")
    for one in (text, stem):
        if one and has_number(one):
            yield from (one, one[0].upper() + one[1:], one[0].lower() + one[1:])


def _next_month_end(month_end: date) -> date:
    first = month_end + timedelta(days=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return following - timedelta(days=1)
