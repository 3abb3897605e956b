"""Tables of the page: the same cells as the charts and the files, with their symbols explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from functions.publish_site import words
from functions.publish_site.words import Cell

BROAD = 4
"""Columns that the narrowest screen has room for."""
ROOM = 22
"""Letters that it has room for beside the names of the rows: some 9 of its 320 pixels for each."""


@dataclass(frozen=True)
class Table:
    """A table whose first column names the row and whose other columns are figures."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    bars: tuple[str, ...] = ()
    """Drawn below what the first rows are called."""

    @property
    def texts(self) -> Iterator[str]:
        """Everything that it says but its caption."""
        yield from self.head
        for row in self.rows:
            yield from map(_text, row)

    @property
    def is_broad(self) -> bool:
        """Whether it has more columns, or longer words in them, than a narrow screen has room for."""
        columns = list(zip(self.head, *self.rows, strict=True))[1:]
        letters = sum(max(len(word) for text in map(_text, column) for word in text.split(" ")) for column in columns)
        return len(self.head) > BROAD or letters > ROOM

    def params(self) -> dict[str, object]:
        """Return what GOV.UK Frontend's table macro takes."""
        from markupsafe import Markup

        return {
            # In a span of its own, the caption can keep to the screen while the table scrolls.
            "caption": Markup('<span class="app-caption">{}</span>').format(self.caption),
            "captionClasses": "govuk-table__caption--s",
            "firstCellIsHeader": True,
            "head": [
                {"text": text, **({"format": "numeric"} if index else {})} for index, text in enumerate(self.head)
            ],
            "rows": [
                [
                    {"html": Markup("{}{}").format(row[0], Markup(bar))}  # noqa: S704 - a bar is our own SVG, no words
                    if bar
                    else {"text": row[0]},
                    *({"text": _text(cell), "format": "numeric"} for cell in row[1:]),
                ]
                for row, bar in zip_longest(self.rows, self.bars)
            ],
        }


def _text(cell: str | Cell) -> str:
    return cell.marked if isinstance(cell, Cell) else cell


def key(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the symbols and marks that stand in ``texts``, with their meaning: a key to nothing would puzzle."""
    said = " ".join(texts)
    return words.explained([mark for mark in words.MEANINGS if f"[{mark}]" in said])


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str | Cell]], bars: tuple[str, ...] = ()) -> Table:
    """Return a table; every row must be as long as the head."""
    built = Table(caption, tuple(head), tuple(tuple(row) for row in rows), bars)
    for row in built.rows:
        if len(row) != len(built.head):
            raise ValueError(f"table {caption!r}: a row has {len(row)} cells, the head has {len(built.head)}")
    return built
