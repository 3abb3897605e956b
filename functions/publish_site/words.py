"""Numbers, days and symbols as the public reads them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn, get_args

from placements_kpi.errors import PlacementsKpiError
from placements_kpi.results import Unit

SERVICE_NAME = "School placements performance"
PUBLISHER = "Department for Education"
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
LICENCE_NAME = "Open Government Licence v3.0"
NOT_STATISTICS = "Management information, not official statistics"

# Not the locale's, so that a page is the same wherever it is made.
MONTHS = "January February March April May June July August September October November December".split()

SYMBOLS = {
    "c": "confidential: withheld so that nobody can be identified",
    "x": "not available",
    "z": "not applicable",
    "low": "rounds to zero, but is not zero",
}
"""What each symbol means, in every format (publishing#symbols)."""

PROVISIONAL = "provisional: the period is not over, and the figure can still change"
REVISED = "revised: the release before said something else of the same day"
MEANINGS = {**SYMBOLS, "p": PROVISIONAL, "r": REVISED}
"""The symbols, which stand in the place of a number, and the marks, which stand beside one."""

SMALL_BASE = 50
"""A percentage out of fewer moves by two points or more with each one counted: shown, but never called highest."""

PLURALS: dict[str, str] = {unit: f"{unit}s" for unit in get_args(Unit)} | {"vacancy": "vacancies"}


class BareNumberError(PlacementsKpiError):
    """A template or a sentence prints a number that did not go through :func:`printed`."""


_BARE = "a sentence prints a bare number: print a cell's text, or the number by words.printed"


class Number(Decimal):
    """A published number, or what is worked out of one: it becomes text by :func:`printed` and a :class:`Cell` alone.

    A sentence that puts it between its words otherwise does not render, so that none says a figure in a way of its own.
    """

    __slots__ = ()

    def __str__(self) -> NoReturn:
        raise BareNumberError(_BARE)

    def __format__(self, *_: Any) -> NoReturn:
        raise BareNumberError(_BARE)

    def __repr__(self) -> str:
        return "<a published number>"

    def __add__(self, other: Any) -> Number:
        return Number(Decimal.__add__(self, other))

    def __sub__(self, other: Any) -> Number:
        return Number(Decimal.__sub__(self, other))

    def __mul__(self, other: Any) -> Number:
        return Number(Decimal.__mul__(self, other))

    def __abs__(self) -> Number:
        return Number(Decimal.__abs__(self))

    __radd__ = __add__
    __rmul__ = __mul__


def printed(number: Number | int) -> str:
    """Return a number as the public reads it, ``12,045``: a figure, or a fact about the release such as a limit."""
    return format(Decimal(number), ",")


@dataclass(frozen=True)
class Cell:
    """One published cell: a number, or a symbol in its place; the same in HTML, CSV and JSON.

    ``percent`` says that the number is a percentage (0 to 100), ``pounds`` that it is money, already rounded to what is
    published.
    ``revised`` says that the release before showed something else here; two cells that show the same are equal.
    """

    number: Number | None
    symbol: str | None = None
    percent: bool = False
    revised: bool = field(default=False, compare=False)
    pounds: bool = False

    def __init__(
        self,
        number: Decimal | int | None,
        symbol: str | None = None,
        *,
        percent: bool = False,
        revised: bool = False,
        pounds: bool = False,
    ) -> None:
        object.__setattr__(self, "number", None if number is None else Number(number))
        for name, value in (("symbol", symbol), ("percent", percent), ("revised", revised), ("pounds", pounds)):
            object.__setattr__(self, name, value)

    def __str__(self) -> NoReturn:
        raise BareNumberError(_BARE)

    @property
    def plain(self) -> str:
        """The cell in CSV: no thousands separator, no per cent sign, a bare symbol; never blank."""
        return format(Decimal(self.number), "f") if self.number is not None else self.mark

    @property
    def json(self) -> int | float | str:
        """The cell in JSON: a number, or the bare symbol."""
        if self.number is None:
            return self.mark
        return float(self.number) if self.percent or self.pounds else int(self.number)

    @property
    def text(self) -> str:
        """The cell in HTML: ``12,045``, ``33.4%``, ``£3.42`` or ``[c]``."""
        if self.number is None:
            return f"[{self.mark}]"
        return f"{'£' * self.pounds}{printed(self.number)}{'%' * self.percent}"

    @property
    def marked(self) -> str:
        """The cell in a table of HTML, with the mark of a revised figure: ``33.4% [r]``."""
        return f"{self.text} [r]" if self.revised else self.text

    @property
    def places(self) -> int:
        """The decimals of the number; 0 where there is none."""
        exponent = 0 if self.number is None else self.number.as_tuple().exponent
        return -exponent if isinstance(exponent, int) else 0

    @property
    def mark(self) -> str:
        """The symbol; ``x`` where nothing says why there is no number."""
        return self.symbol or "x"


def rounded(value: float | Decimal, places: int) -> Decimal:
    """Return ``value`` with ``places`` decimals, halves up."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def explained(marks: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return those of all symbols and marks that are in ``marks``, as they are shown (``[c]``), with their meaning."""
    return tuple((f"[{mark}]", meaning) for mark, meaning in MEANINGS.items() if mark in marks)


def day(value: date) -> str:
    """Return ``14 July 2026``."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """Return the month of a day: ``July 2026``."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def day_in_cell(value: date) -> str:
    """Return a day for a table: the same, but where a column is narrow its month stays with its number."""
    return day(value).replace(" ", "\N{NO-BREAK SPACE}", 1)


def years(label: str) -> str:
    """Return the years of a period's label: ``2025 to 2026`` of "2025 to 2026 cycle"; else the whole label."""
    match = re.search(r"\d{4} to \d{4}", label)
    return match.group() if match else label


def sentence(text: str) -> str:
    """Return ``text`` as a sentence: a capital first, a full stop last."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")


def listed(items: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def label_of(code: str) -> str:
    """Return a code such as ``unknown_urn`` in words: ``unknown URN``."""
    words = code.replace("_", " ").replace("-", " ")
    return re.sub(r"\b(urn|trn|ukprn|gias|ect|qts|id|hesa)(s?)\b", lambda m: m[1].upper() + m[2], words)
