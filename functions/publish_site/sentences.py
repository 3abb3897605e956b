"""Every sentence with a figure in it, made by rules from the published cells.

A sentence says only what the cells say: a comparison that the figures do not allow is
not made, and the sentence says why.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, target_met

if TYPE_CHECKING:
    from functions.publish_site.words import Cell, Number
    from placements_kpi.results import Description, Measure, Protected, SourceFacts

MOST_WORDS = 10
"""Longest title of a chart (publishing.md part 3)."""

Way = Literal["up", "down", "unchanged", "none"]


@dataclass(frozen=True)
class Change:
    """How a measure moved since the same point of the previous period; ``way`` "none": no comparison."""

    way: Way
    sentence: str
    improved: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the target is met; ``met`` is ``None`` where the figures do not say."""

    met: bool | None
    label: str
    sentence: str


def difference(now: Cell, before: Cell) -> str:
    """Return how far two cells are apart, without a sign: ``2.2 percentage points``, ``840``."""
    gap = abs(Decimal(_number(now)) - Decimal(_number(before)))
    if not now.percent:
        return f"{gap:,}"
    unit = "percentage point" if gap == 1 else "percentage points"
    return f"{gap} {unit}"


def change(figures: KpiFigures, measure: Measure) -> Change:
    """Return how ``measure`` changed since the same point of the period before, in words."""
    current, previous = figures.current(measure), figures.comparison(measure)
    if current is None:
        return Change("none", "There is no figure yet.")
    now = figures.at(measure, current).value
    if now.number is None:
        return Change("none", f"No figure can be shown for {words.day(current.as_of)} [{now.mark}].")
    reason = figures.kpi.comparison.get(measure.id)
    if reason:
        return Change("none", f"Cannot be compared with the year before: {reason.strip().rstrip('.')}.")
    if previous is None:
        return Change("none", "Cannot be compared with the year before: there is no figure for it.")
    before = figures.at(measure, previous).value
    if before.number is None:
        return Change(
            "none",
            f"Cannot be compared with {words.day(previous.as_of)}: no figure can be shown for it [{before.mark}].",
        )
    where = f"on {words.day(previous.as_of)}, the same point of the year before"
    if figures.family(measure).series == "yearly":
        where = f"in the year before ({words.years(previous.period_label)})"
    if now.number == before.number:
        return Change("unchanged", f"Unchanged from {before.text} {where}.", improved=False)
    way: Way = "up" if now.number > before.number else "down"
    wanted = "down" if figures.kpi.description.direction == "lower" else "up"
    return Change(
        way,
        f"{way.capitalize()} {difference(now, before)}, from {before.text} {where}.",
        improved=(way == wanted) if measure.id == figures.kpi.description.headline else None,
    )


def verdict(figures: KpiFigures) -> Verdict:
    """Return whether the KPI's headline meets its target: a level, or a change the right way."""
    description = figures.kpi.description
    target, headline = description.target, figures.headline
    if target.value is not None:
        met = target_met(figures.at(headline, figures.current(headline)), target.value, description.direction)
    else:
        met = change(figures, headline).improved
    label = {True: "Target met", False: "Target not met", None: "Cannot be said yet"}[met]
    return Verdict(met, label, f"Target: {target_words(description)}.")


def target_words(description: Description) -> str:
    """Return the target in words, with its number if it has one."""
    text = description.target.text.strip().rstrip(".")
    return text[0].lower() + text[1:] if not text[1:2].isupper() else text


def counts(figures: KpiFigures, measure: Measure) -> str:
    """Return what stands under the figure: "1,235 out of 7,580", "schools", or why there is no figure."""
    shown = figures.at(measure, figures.current(measure))
    if shown.value.number is None:
        return f"No figure can be shown [{shown.value.mark}]: {words.SYMBOLS[shown.value.mark]}"
    if measure.kind == "count":
        return words.PLURALS[measure.unit]
    return f"{shown.numerator.text} out of {shown.denominator.text}"


def what(measure: Measure) -> str:
    """Return in words what a measure counts, and what it is out of."""
    if measure.kind == "count" or not measure.out_of:
        return words.sentence(measure.what)
    return words.sentence(f"{measure.what}, out of {measure.out_of}")


def finding(figures: KpiFigures, measure: Measure) -> str:
    """Return a chart title that says the finding, in at most ten words."""
    current = figures.current(measure)
    if current is None:
        return "No figures yet"
    now = figures.at(measure, current).value
    if now.number is None:
        return f"No figure can be shown for {words.day(current.as_of)}"
    moved = change(figures, measure)
    ending = ""
    target = figures.kpi.description.target.value
    if measure.id == figures.kpi.description.headline and target is not None:
        ending = f", {_side(now, target)} the {percentage(target)} target"
    if moved.way == "none":
        return f"{now.text} on {words.day(current.as_of)}{ending}"
    previous = figures.comparison(measure)
    before = figures.at(measure, previous).value
    if moved.way == "unchanged":
        return f"Unchanged at {now.text} in a year{ending}"
    return f"{moved.way.capitalize()} from {before.text} to {now.text}{ending or ' in a year'}"


def trend(label: str, points: list[tuple[str, Cell]]) -> str:
    """Return what one line of a chart does, from its first figure to its last, and how many are missing.

    ``points`` are (when, cell), oldest first.
    """
    known = [(when, cell) for when, cell in points if cell.number is not None]
    missing = len(points) - len(known)
    gaps = "" if not missing else f" {missing} of its {len(points)} points cannot be shown."
    if not known:
        return f"{label}: no figure can be shown."
    (first_when, first), (last_when, last) = known[0], known[-1]
    if len(known) == 1:
        return f"{label}: {last.text} {last_when}.{gaps}"
    rise = _number(last) - _number(first)
    verb = "rises" if rise > 0 else "falls" if rise < 0 else "is unchanged"
    if rise == 0:
        return f"{label}: {verb}, {first.text} {first_when} and {last_when}.{gaps}"
    return f"{label}: {verb} from {first.text} {first_when} to {last.text} {last_when}.{gaps}"


def spread(points: list[tuple[str, Cell]]) -> str:
    """Return which of the categories has the highest and lowest figure; ``points`` are (label, cell)."""
    known = sorted(
        ((label, cell) for label, cell in points if cell.number is not None), key=lambda one: _number(one[1])
    )
    missing = len(points) - len(known)
    gaps = f" {missing} of {len(points)} cannot be shown." if missing else ""
    if not known:
        return "No figure can be shown."
    (low, lowest), (high, highest) = known[0], known[-1]
    if lowest.number == highest.number:
        return f"All that can be shown are {highest.text}.{gaps}"
    return f"Highest: {high}, {highest.text}. Lowest: {low}, {lowest.text}.{gaps}"


def leading(points: list[tuple[str, Cell]], title: str) -> str:
    """Return a bar chart's title in at most ten words: which category is highest, unless its name is too long."""
    known = [(label, cell) for label, cell in points if cell.number is not None and label != "Not available"]
    if not known:
        return f"No figures by {title.lower()} can be shown"
    most = max(_number(cell) for _, cell in known)
    top = [(label, cell) for label, cell in known if cell.number == most]
    if len(top) == len(known) and len(known) > 1:
        return f"All the same, {top[0][1].text}"
    if len(top) > 1:
        return f"{len(top)} share the highest figure, {top[0][1].text}"
    title = f"{top[0][0]} is highest, at {top[0][1].text}"
    return title if len(title.split()) <= MOST_WORDS else f"The highest figure is {top[0][1].text}"


def next_update(document: Protected) -> str:
    """Return when figures change next: those about people after the next month end, the others with any release."""
    first = document.month_end + timedelta(days=1)
    month_end = date(first.year, first.month, calendar.monthrange(first.year, first.month)[1])
    return (
        f"Figures about people: after {words.day(month_end)}. "
        "Figures about schools and providers: with the next release."
    )


def up_to(document: Protected) -> str:
    """Return the days that the figures of a release go up to and include."""
    if document.month_end == document.as_of:
        return f"{words.day(document.as_of)}."
    return f"{words.day(document.as_of)} for schools and providers, {words.day(document.month_end)} for people."


def stale(source: SourceFacts) -> str:
    """Return the notice for a source older than its maximum age, naming it and its date."""
    if source.as_of is None:
        return f"{source.title}: no data has been accepted yet."
    return (
        f"{source.title}: the newest data is of {words.day(source.as_of)}. "
        f"It should never be more than {source.max_age_days} days old."
    )


def refused(source: SourceFacts) -> str | None:
    """Return the notice for a source whose newest attempt was not accepted; ``None`` when it was."""
    if source.last_attempt is None:
        return None
    if source.as_of is None:
        return f"{source.title}: no data could be used yet. The data quality page says why."
    return (
        f"{source.title}: the newest data could not be used. Figures that need it stay at the last good data, "
        f"of {words.day(source.as_of)}. The data quality page says why."
    )


def carried(figures: KpiFigures) -> str | None:
    """Return why a KPI shows older figures than the release, or none at all; ``None`` when it is up to date."""
    kpi = figures.kpi
    reason = words.sentence(kpi.reason or "")
    if kpi.state == "none":
        return f"There are no figures for this indicator yet. {reason}".strip()
    if kpi.state == "carried":
        date_of = words.day(kpi.as_of) if kpi.as_of else "an earlier release"
        return f"This indicator shows the last good figures, of {date_of}. {reason}".strip()
    return None


def percentage(value: float) -> str:
    """Return a target's level as read: ``50%``."""
    return f"{Decimal(str(value)).normalize():f}%"


def _side(now: Cell, target: float) -> str:
    level = Decimal(str(target))
    return "at" if _number(now) == level else "above" if _number(now) > level else "below"


def _number(cell: Cell) -> Number:
    if cell.number is None:
        raise ValueError("a cell without a number has no difference")
    return cell.number
