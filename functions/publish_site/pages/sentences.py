"""Every sentence with a figure in it, made by rules from the published cells.

A sentence says only what the cells say: a comparison that the figures do not allow is
not made, and the sentence says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from functions.publish_site import words
from functions.publish_site.figures import KpiFigures, target_met
from functions.publish_site.words import Cell
from placements_kpi import months
from placements_kpi.results import ONE_DECIMAL_FROM

if TYPE_CHECKING:
    from functions.publish_site.words import Number
    from placements_kpi.facts import Disclosure
    from placements_kpi.results import Description, Measure, Protected, SourceFacts

MOST_WORDS = 10
"""Longest title of a chart (publishing#charts)."""

Way = Literal["up", "down", "unchanged", "none"]


@dataclass(frozen=True)
class Change:
    """How a measure moved since the same point of the previous period; ``way`` "none": no comparison."""

    way: Way
    sentence: str
    improved: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the target is met, for good once the figures are final; ``met`` is ``None`` where they do not say."""

    met: bool | None
    final: bool
    sentence: str

    @property
    def label(self) -> str:
        """The verdict in two or three words."""
        if self.met is None:
            return "Cannot be said yet"
        if self.final:
            return "Target met" if self.met else "Target not met"
        return "Met so far" if self.met else "Not yet met"


def difference(now: Cell, before: Cell) -> str:
    """Return how far two cells are apart, without a sign: ``2.2 percentage points``, ``840``, ``£0.12``."""
    gap = abs(_gap(now, before))
    if not now.percent:
        return Cell(gap, pounds=now.pounds).text
    unit = "percentage point" if gap == 1 else "percentage points"
    return f"{words.printed(gap)} {unit}"


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
    elif figures.family(measure).is_rolling:
        where = f"in the {previous.period_label}"
    gap = _gap(now, before)
    if gap == 0:
        return Change("unchanged", f"Unchanged from {before.text} {where}.", improved=False)
    way: Way = "up" if gap > 0 else "down"
    wanted = "down" if figures.kpi.description.direction == "lower" else "up"
    return Change(
        way,
        f"{way.capitalize()} {difference(now, before)}, from {before.text} {where}.",
        improved=(way == wanted) if measure.id == figures.kpi.description.headline else None,
    )


def verdict(figures: KpiFigures) -> Verdict:
    """Return whether the KPI's headline meets its target, a level or a change the right way, and when it is judged."""
    description = figures.kpi.description
    target, headline = description.target, figures.headline
    if target.value is not None:
        met = target_met(figures.at(headline, figures.current(headline)), target.value, description.direction)
    else:
        met = change(figures, headline).improved
    point, aim = figures.current(headline), target_words(description)
    if point is None:
        return Verdict(met, False, f"Target: {aim}.")
    if figures.provisional(headline, point):
        judged = words.day(figures.final_on(headline, point))
        return Verdict(met, False, f"Target: {aim}, judged on the final figures of {judged}.")
    return Verdict(met, True, f"Target: {aim}, judged on these final figures.")


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return what the first page says of all aims: how many are met, not met, and cannot be judged."""
    met, missed, unknown = ([verdict for verdict in verdicts if verdict.met is met] for met in (True, False, None))
    said = f"{words.printed(len(met))} of {words.printed(len(verdicts))} aims met"
    said += "." if met and all(verdict.final for verdict in met) else " so far."
    if missed:
        not_met = "Not met" if all(verdict.final for verdict in missed) else "Not yet met"
        said += f" {not_met}: {words.printed(len(missed))}."
    return f"{said} Cannot be said yet: {words.printed(len(unknown))}." if unknown else said


def target_words(description: Description) -> str:
    """Return the target in words, with its number if it has one."""
    text = description.target.text.strip().rstrip(".")
    return text[0].lower() + text[1:] if not text[1:2].isupper() else text


def counts(figures: KpiFigures, measure: Measure) -> str:
    """Return what stands under the figure: "1,235 out of 7,580", "schools", or why there is no figure."""
    shown = figures.at(measure, figures.current(measure))
    if shown.value.number is None:
        return f"No figure can be shown [{shown.value.mark}]: {words.SYMBOLS[shown.value.mark]}"
    if not measure.is_divided:
        return words.PLURALS[measure.unit]
    if measure.kind == "money":
        return f"{shown.numerator.text} for {shown.denominator.text} {words.PLURALS[figures.kpi.description.unit]}"
    return f"{shown.numerator.text} out of {shown.denominator.text}"


def beside(figures: KpiFigures) -> str | None:
    """Return what has to stand beside the headline: the range it could lie in, or the share of all that its part is."""
    return possible_range(figures) or wider_share(figures)


def wider_share(figures: KpiFigures) -> str | None:
    """Return what part the headline's numerator is of a wider count, worked out from what is published of both."""
    if figures.kpi.description.share_of is None:
        return None
    measure = figures.measure(figures.kpi.description.share_of)
    part = figures.at(figures.headline, figures.current(figures.headline)).numerator
    whole = figures.at(measure, figures.current(measure)).value
    if part.number is None or not whole.number:
        return None
    share = Cell(words.rounded(100 * Decimal(part.number) / Decimal(whole.number), 0), percent=True)
    return f"{part.text} is {share.text} of the {whole.text} {measure.what}."


def possible_range(figures: KpiFigures) -> str | None:
    """Return between which rates the headline could be, where its indicator says so and both can be shown."""
    measures = [figures.measure(measure) for measure in figures.kpi.description.bounds]
    cells = [figures.at(measure, figures.current(measure)).value for measure in measures]
    if not cells or any(cell.number is None for cell in cells):
        return None
    least, most = (cell.text for cell in cells)
    return f"It could be from {least} to {most} of {measures[0].out_of}."


def what(measure: Measure) -> str:
    """Return in words what a measure counts, and what it is out of."""
    if not measure.is_divided or not measure.out_of:
        return words.sentence(measure.what)
    how = "divided by the number of" if measure.kind == "money" else "out of"
    return words.sentence(f"{measure.what}, {how} {measure.out_of}")


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
    rise = _gap(last, first)
    between = _between(known)
    if rise == 0:
        return f"{label}: is unchanged, {first.text} {first_when} and {last_when}.{between}{gaps}"
    verb = "rises" if rise > 0 else "falls"
    by = difference(last, first)
    return f"{label}: {verb} by {by}, from {first.text} {first_when} to {last.text} {last_when}.{between}{gaps}"


def _between(known: list[tuple[str, Cell]]) -> str:
    """The highest and the lowest figure of a line where it is neither its first nor its last."""
    ends = [_number(known[0][1]), _number(known[-1][1])]
    highest, lowest = (pick(known, key=lambda place: _number(place[1])) for pick in (max, min))
    high = f" Its highest is {highest[1].text} {highest[0]}." if _number(highest[1]) > max(ends) else ""
    low = f" Its lowest is {lowest[1].text} {lowest[0]}." if _number(lowest[1]) < min(ends) else ""
    return high + low


def gaps(label: str, cells: Sequence[Cell]) -> list[str]:
    """Return what is said below a chart of the points of one line that are not drawn, by symbol; mostly nothing."""
    missing = Counter(cell.mark for cell in cells if cell.number is None)
    name = f"{label}: " if label else ""
    said = []
    for mark, count in missing.items():
        every = count == len(cells)
        many = "no figure can" if every else f"{words.printed(count)} of {words.printed(len(cells))} figures cannot"
        said.append(words.sentence(f"{name}{many} be shown [{mark}]: {words.SYMBOLS[mark]}"))
    return said


def coarse(counts: Mapping[str, int]) -> str:
    """Return what is said below a chart of figures that are too coarse to stand in their line, by the line's name."""
    lines = "; ".join(f"{label}: {words.printed(count)}".removeprefix(": ") for label, count in counts.items())
    least = words.printed(ONE_DECIMAL_FROM)
    return f"Not drawn but in the table: whole per cents, out of fewer than {least} ({lines})."


def signed(now: Cell, before: Cell) -> str | Cell:
    """Return how a figure of a table changed: ``+340``, ``-2.2`` points, ``0``; the symbol of one that is missing."""
    if now.number is None or before.number is None:
        return Cell(None, (before if before.number is None else now).mark)
    gap = _gap(now, before)
    sign = "+" if gap > 0 else "\N{MINUS SIGN}" if gap < 0 else ""
    if now.pounds and sign:
        sign += "\N{WORD JOINER}"  # else a line may end between the sign and the pound's
    return f"{sign}{Cell(abs(gap), pounds=now.pounds).text}"


def standing(now: Cell, target: float) -> str:
    """Return where the newest figure of a chart stands to the target."""
    if now.number is None:
        return f"The target is {percentage(target)}."
    return f"The newest figure, {now.text}, is {_side(now, target)} the {percentage(target)} target."


def small_base(labels: Collection[str], drawn: str = "") -> str:
    """Return which categories have a percentage out of too few to be compared with the others, and how it is drawn."""
    how = f" ({drawn})" if drawn else ""
    return f"Out of fewer than {words.SMALL_BASE}, so not compared{how}: {words.listed(list(labels))}."


def leading(points: list[tuple[str, Cell]], title: str, small: Collection[str] = ()) -> str:
    """Return a table's title in at most ten words: which category is highest, unless its name is too long.

    Percentages that are a point apart or less are as good as the same, and none is called the highest; nor is a
    category in ``small``, which is out of too few.
    """
    named = [(label, cell) for label, cell in points if cell.number is not None and label != "Not available"]
    if not named:
        return f"No figures by {title.lower()} can be shown"
    known = [place for place in named if place[0] not in small]
    if not known:
        return f"Out of fewer than {words.SMALL_BASE} each, so not compared"
    most = max(_number(cell) for _, cell in known)
    top = [(label, cell) for label, cell in known if cell.number == most]
    if len(top) == len(known) and len(known) > 1:
        return f"All {'that are compared are ' if small else ''}the same, {top[0][1].text}"
    least = min((cell for _, cell in known), key=_number)
    if least.percent and most - _number(least) <= 1:
        return f"All {'that are compared ' if small else ''}between {least.text} and {top[0][1].text}"
    names = [f"“{label}”" if label.startswith("Not ") else label for label, _ in top]
    title = f"{words.listed(names)} highest, at {top[0][1].text}"
    if len(top) <= 2 and len(title.split()) <= MOST_WORDS:
        return title
    return f"{len(top)} share the highest figure, {top[0][1].text}" if top[1:] else f"Highest is {top[0][1].text}"


def doubts(figures: KpiFigures, document: Protected) -> list[str]:
    """Return what others have published of the denominators of an indicator, where ours is far from it.

    Of a headline that counts organisations it says what it would be out of as many as they say; percentages of people
    are worked out from counts that are published alone (publishing#percentages).
    """
    said = []
    for check in document.checks:
        others = check.published
        if check.state == "ok" or others is None or others.kpi != figures.kpi.id:
            continue
        ours = [count.count for count in check.counts if count.count is not None]
        if not ours:
            continue
        about = " to ".join(words.printed(number) for number in sorted({others.low, others.high}))
        whose = "This figure" if others.measure == figures.headline.id else "A related figure"
        count = words.printed(ours[0])
        text = f"{whose} is in doubt. {check.title}: we count {count}, published figures say about {about}."
        headline = figures.headline
        numerator = figures.at(headline, figures.current(headline)).numerator.number
        if others.measure == headline.id and check.counts[0].disclosure == "organisation" and numerator is not None:
            ends = [words.rounded(Decimal(numerator) * 100 / whole, 1) for whole in (others.high, others.low)]
            would_be = " to ".join(Cell(end, percent=True).text for end in sorted(set(ends)))
            text += f" Out of as many as those, the figure would be {would_be}."
        said.append(text)
    return said


def next_update(document: Protected, today: date) -> str:
    """Return when figures change next: those about people after the next month end, the others with any release.

    Of what the document has alone. On a page that is shown ``today`` no update is promised for a day that has gone.
    """
    reported = [
        point.as_of
        for kpi in document.kpis
        for family in kpi.description.families
        for point in kpi.points
        if family.is_rolling and point.family == family.id and point.is_current
    ]
    waited = words.month(months.next_end(min(reported))) if reported else "another month"
    end = months.next_end(document.month_end)
    stands = {family.stands for kpi in document.kpis for family in kpi.description.families}
    said = {
        "month_end": f"Figures about people: {'after' if today <= end else 'due since'} {words.day(end)}.",
        "day": "Figures about schools and providers: with the next release.",
        "whole_month": f"Figures on how the service runs: once its team has reported {waited}.",
    }
    return " ".join(text for kind, text in said.items() if kind in stands)


def status(document: Protected, late: Sequence[SourceFacts], published: date) -> str:
    """Return in one line whether the figures are up to date, and until when if nothing newer comes; or what is late."""
    said = f"published on {words.day(published)}"
    if late:
        return f"Late: {words.listed([source.title for source in late])}; {said}."
    last = min(last_days(document).values(), default=None)
    return f"Up to date: {said}{f', late after {words.day(last)} if nothing newer appears' if last else ''}."


def late_after(document: Protected) -> str:
    """Return the days after which the figures are late, so that a reader can tell with a calendar and nothing else.

    Figures of a day are late once one of their sources is older than it should ever be. Figures
    about people are late once the next month end is longer past than their sources may be old.
    """
    said = [f"{whose} after {words.day(last)}" for whose, last in last_days(document).items()]
    return f"If nothing newer has been published, figures are late: {words.listed(said)}." if said else ""


def last_days(document: Protected) -> dict[str, date]:
    """Return the last day on which figures are not late yet, by whom they are about; none where they are by now."""
    most = {source.source: source for source in document.sources}
    days: dict[str, date] = {}
    kinds = {
        "day": "those about schools and providers",
        "month_end": "those about people",
        "whole_month": "those on how the service runs",
    }
    for stands, whose in kinds.items():
        used = {
            source
            for kpi in document.kpis
            if kpi.description.families[0].stands == stands
            for source in kpi.description.sources
            if source in most
        }
        if stands == "month_end" and used:
            longest = max(most[name].max_age_days for name in used)
            days[whose] = months.next_end(document.month_end) + timedelta(days=longest)
        ends = [
            facts.as_of + timedelta(days=facts.max_age_days)
            for facts in (most[name] for name in used)
            if facts.as_of and facts.as_of + timedelta(days=facts.max_age_days) >= document.as_of
        ]
        if stands != "month_end" and ends:
            days[whose] = min(ends)
    return days


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
    """Return why a KPI shows older figures than the release, or no headline; ``None`` when it is up to date."""
    kpi = figures.kpi
    reason = words.sentence(kpi.reason or "")
    if kpi.state == "none":
        return f"There are no figures for this indicator yet. {reason}".strip()
    if kpi.state == "carried":
        date_of = words.day(kpi.as_of) if kpi.as_of else "an earlier release"
        return f"This indicator shows the last good figures, of {date_of}. {reason}".strip()
    needed = kpi.description.needs(kpi.description.headline)
    return next((words.sentence(why) for source, why in kpi.missing.items() if source in needed), None)


def not_available(figures: KpiFigures) -> list[str]:
    """Return, for each source that is missing and not needed by the headline, what needs it and why it is missing."""
    about = figures.kpi.description
    texts = []
    for source, why in figures.kpi.missing.items():
        if source not in about.needs(about.headline):
            titles = [measure.title for measure in about.measures if source in about.needs(measure.id)]
            titles += [part.title for part in about.breakdowns if source in part.needs]
            quoted = words.listed([f"“{title}”" for title in titles])
            texts.append(f"Not available [x]: {quoted}. {words.sentence(why)}")
    return texts


def approval(used: Disclosure) -> str:
    """Return who approved the limits of disclosure control and when, or that nobody has yet."""
    if not used.approved:
        said = used.approved_by.strip().lower() or "not yet approved"
        return f"These limits are {said}, as of {words.day(used.approved_on)}."
    return f"These limits were approved on {words.day(used.approved_on)}. Who approved them: {used.approved_by}."


def percentage(value: float) -> str:
    """Return a target's level as read: ``50%``."""
    return f"{Decimal(str(value)).normalize():f}%"


def _side(now: Cell, target: float) -> str:
    level = Decimal(str(target))
    return "at" if _number(now) == level else "above" if _number(now) > level else "below"


def _gap(now: Cell, before: Cell) -> Number:
    """How far ``now`` is above ``before``, at the decimals that both have: 1% and then 0.9% are as good as the same."""
    places = min(now.places, before.places)
    one, other = (words.rounded(Decimal(_number(cell)), places) for cell in (now, before))
    return words.Number(one - other)


def _number(cell: Cell) -> Number:
    if cell.number is None:
        raise ValueError("a cell without a number has no difference")
    return cell.number
