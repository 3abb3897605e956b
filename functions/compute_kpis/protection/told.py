"""What a reader is told of one KPI: rounded figures, and symbols where a number is too small or withheld."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.compute_kpis.protection.knowledge import FEW, Cell, Percentage, Sign
from functions.compute_kpis.protection.quantities import PARTS, Part, counts, is_of_people, parse
from functions.compute_kpis.protection.withholding import Place
from placements_kpi import months
from placements_kpi.results import LEAST_EACH, decimals_of

if TYPE_CHECKING:
    from functions.compute_kpis.protection.counts import Roundings
    from placements_kpi.results import Figure, Measure, Symbol


def percentage(numerator: int, denominator: int, decimals: int) -> float:
    """Return the percentage rounded half up, by whole numbers alone so that it is the same everywhere."""
    scale = 10 if decimals else 1
    return (200 * scale * numerator + denominator) // (2 * denominator) / scale


@dataclass(frozen=True)
class Told:
    """The figures as shown, and what is withheld of them so that nothing can be worked out."""

    roundings: Roundings
    places: frozenset[Place]
    """What is withheld."""
    figures: tuple[Figure, ...]
    few: Mapping[str, Sign]
    """What a ``c`` says of a count, by the name of what it shows: ``few`` or ``fewer``."""

    def signs(self, figure: Figure) -> Iterator[tuple[Part, Sign]]:
        """Yield what a reader is told of each part of a figure."""
        for part in PARTS:
            if figure.symbol is None:
                number = getattr(figure, part)
                if number is not None:
                    yield part, number
            elif figure.symbol == "z":
                yield part, 0
            elif figure.symbol == "low" and part == "numerator":
                yield part, "low"
            elif figure.symbol in {"c", "low"}:
                yield part, self.few.get(self.roundings.counts.quantity(figure, part).name)

    def cells(self) -> dict[str, Cell]:
        """Return what stands for each count, by its one name."""
        known = self.roundings.counts
        cells: dict[str, Cell] = {}
        for figure in self.figures:
            for part, sign in self.signs(figure):
                name = known.name(figure, part)
                if name in known.by_name and (
                    name not in cells or (sign is not None and cells[name].shown in {None, *FEW})
                ):
                    cells[name] = Cell(sign, exact=name in known.exact)
        return cells

    def percentages(self) -> Iterator[Percentage]:
        """Yield the percentages that are shown and have to do with people."""
        known = self.roundings.counts
        for figure in self.figures:
            is_rate = known.measures[figure.measure].kind == "rate"
            if is_rate and figure.value is not None and figure.denominator is not None:
                names = [known.name(figure, part) for part in PARTS]
                if not known.exact.issuperset(names) and all(name in known.by_name for name in names):
                    yield Percentage(names[0], names[1], figure.value, decimals_of(figure.denominator))

    def at(self, places: frozenset[Place]) -> Iterator[Figure]:
        """Yield the figures at some places."""
        for figure in self.figures:
            shows = self.roundings.counts.quantity(figure, "numerator")
            if any(place.holds(shows) for place in places):
                yield figure

    def numbers_at(self, places: frozenset[Place]) -> int:
        """Return how many figures with a number these places hold."""
        return sum(figure.symbol is None and figure.numerator is not None for figure in self.at(places))

    def smallest_other(self, row: Place) -> str | None:
        """Return the category with the fewest people at the newest point that still shows something."""
        shown = [
            (figure.as_of.toordinal(), -(figure.numerator or 0), figure.category)
            for figure in self.figures
            if (figure.measure, figure.breakdown) == (row.measure, row.breakdown)
            and figure.category != row.category
            and figure.symbol is None
            and figure.numerator
        ]
        return max(shown)[2] if shown else None


def told(roundings: Roundings, places: frozenset[Place]) -> Told:
    """Return what is shown where these ``places`` are withheld.

    While nobody accepts that a ``c`` can be read as few, its row is withheld whole.
    """
    known = roundings.counts
    nobody = {name for name, entry in known.terms.past.entries.items() if entry.shown == 0}
    while True:
        telling = _Telling(roundings, places, nobody)
        figures = tuple(map(telling.figure, known.kpi.figures))
        said = {name for name, cell in Told(roundings, places, figures, {}).cells().items() if cell.shown == 0}
        if places and not said <= nobody:
            nobody |= said
            continue
        few = {parse(name) for name, sign in telling.few.items() if sign == "few"}
        rows = {
            Place(quantity.measure, quantity.breakdown, quantity.category)
            for quantity in few
            if quantity.breakdown != "national"
        }
        if known.terms.disclosure.few_accepted or not rows:
            return Told(roundings, places, (*figures, *_scores(known.measures, figures)), telling.few)
        places |= rows


def _scores(measures: Mapping[str, Measure], figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield the scores of England, made of ``figures`` as they are told (numbers#10-user-satisfaction)."""
    for measure in measures.values():
        counted, _, breakdown = (measure.score_of or "").partition("@")
        for whole in figures:
            if whole.measure == counted and whole.breakdown == "national":
                at = (counted, breakdown, whole.period, whole.as_of)
                levels = [one for one in figures if (one.measure, one.breakdown, one.period, one.as_of) == at]
                yield _score(whole.model_copy(update={"measure": measure.id}), levels)


def _score(place: Figure, levels: Sequence[Figure]) -> Figure:
    """Return the points of the answers out of those that they could have: (mean - 1) / 4, the best level being 5."""
    symbols = {level.symbol for level in (place, *levels) if level.symbol not in {None, "low"}}
    if symbols or not levels:
        return _hidden(place, next((symbol for symbol in ("x", "c") if symbol in symbols), "x"))
    best = len(levels) - 1
    answers = [level.numerator or 0 for level in levels]
    points, most = sum((best - worse) * count for worse, count in enumerate(answers)), best * sum(answers)
    if not most:
        return _hidden(place, "z" if place.numerator == 0 else "c")
    value = percentage(points, most, decimals_of(most))
    return place.model_copy(update={"numerator": points, "denominator": most, "value": value})


class _Telling:
    """How a figure is shown; ``few`` is what that says of counts under the floor.

    ``nobody`` are the names that are said to be of nobody.
    """

    def __init__(self, roundings: Roundings, places: frozenset[Place], nobody: Collection[str]) -> None:
        self.roundings, self.places, self.nobody = roundings, places, nobody
        self.known, self.used = roundings.counts, roundings.counts.terms.disclosure
        self.few: dict[str, Sign] = {}

    def figure(self, figure: Figure) -> Figure:
        measure = self.known.measures[figure.measure]
        if figure.status != "ok" or figure.numerator is None:
            return _hidden(figure, "x")
        if not any(is_of_people(measure, part) for part, _ in counts(figure)):
            return _exact(figure, measure)
        if self._is_withheld(figure):
            return _hidden(figure, "c")
        numerator = self._rounded(figure, "numerator", figure.numerator)
        if measure.kind == "count" or figure.denominator is None:
            symbol = self._small(figure, numerator)
            value = None if measure.kind == "rate" else float(numerator)
            shown = figure.model_copy(update={"numerator": numerator, "value": value})
            return _hidden(figure, symbol) if symbol else shown
        denominator = self._rounded(figure, "denominator", figure.denominator)
        symbol = self._symbol_of_rate(figure, measure, numerator, denominator)
        if symbol:
            return _hidden(figure, symbol)
        value = percentage(numerator, denominator, decimals_of(denominator))
        return figure.model_copy(update={"numerator": numerator, "denominator": denominator, "value": value})

    def _symbol_of_rate(self, figure: Figure, measure: Measure, numerator: int, denominator: int) -> Symbol | None:
        if figure.denominator == 0:
            return "z"
        if denominator < self.used.floor and is_of_people(measure, "denominator"):
            self._says(figure, "denominator", "few")
        if denominator < self.used.percentage_floor or numerator > denominator:
            if is_of_people(measure, "numerator"):
                _ = self._small(figure, numerator) if figure.numerator else self._none(figure)
            return "c"
        if not is_of_people(measure, "numerator"):
            return None
        # Nobody of a group says of everybody in it that they are not in the category.
        return self._none(figure) if figure.numerator == 0 else self._small(figure, numerator)

    def _none(self, figure: Figure) -> Symbol:
        self._says(figure, "numerator", "fewer")
        return "c"

    def _small(self, figure: Figure, shown: int) -> Symbol | None:
        """Return the symbol for a count of people too small to show; a true zero is shown."""
        if figure.numerator == 0:
            return None
        is_cut = figure.breakdown != "national" or self.known.name(figure, "numerator") in self.known.structure.totals
        if is_cut and shown < self.used.floor:
            self._says(figure, "numerator", "few")
            return "c"
        return "low" if shown == 0 else None

    def _says(self, figure: Figure, part: Part, sign: Sign) -> None:
        self.few[self.known.quantity(figure, part).name] = sign

    def _rounded(self, figure: Figure, part: Part, count: int) -> int:
        return self.roundings.rounded.get(self.known.name(figure, part), count)

    def _is_withheld(self, figure: Figure) -> bool:
        if not months.is_end(figure.as_of):
            return True
        shows = self.known.quantity(figure, "numerator")
        name = self.known.name(figure, "numerator" if figure.denominator is None else "denominator")
        nobody = self.known.by_name.get(name) == 0
        if any(place.holds(shows) for place in self.places):
            # What is said to be nobody, before or elsewhere in this release, protects nobody when it is hidden.
            return not (nobody and name in self.nobody)
        return not nobody and (shows.measure, shows.period, shows.stands, shows.breakdown) in self.roundings.broken


def _exact(figure: Figure, measure: Measure) -> Figure:
    if not measure.is_divided or figure.denominator is None:
        return figure
    if figure.denominator < (LEAST_EACH if measure.kind == "money" else 1):
        return _hidden(figure, "z")
    if measure.kind == "money":
        return figure
    return figure.model_copy(update={"value": percentage(figure.numerator or 0, figure.denominator, 1)})


def _hidden(figure: Figure, symbol: Symbol) -> Figure:
    return figure.model_copy(update={"numerator": None, "denominator": None, "value": None, "symbol": symbol})
