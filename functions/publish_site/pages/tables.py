"""Tables of the page: the same cells as the charts and the files, with their symbols explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.publish_site.words import Cell, explained


@dataclass(frozen=True)
class Table:
    """A table whose first column names the row and whose other columns are figures."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    key: tuple[tuple[str, str], ...] = field(init=False)
    """The symbols in it and what they mean, to be said above the table."""

    def __post_init__(self) -> None:
        marks = {cell.mark for row in self.rows for cell in row if isinstance(cell, Cell) and cell.number is None}
        if any("[p]" in text for text in (self.caption, *self.head, *(str(row[0]) for row in self.rows))):
            marks.add("p")
        if any(isinstance(cell, Cell) and cell.revised for row in self.rows for cell in row):
            marks.add("r")
        object.__setattr__(self, "key", explained(marks))

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
                    {
                        "text": cell.marked if isinstance(cell, Cell) else cell,
                        **({"format": "numeric"} if index else {}),
                    }
                    for index, cell in enumerate(row)
                ]
                for row in self.rows
            ],
        }


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str | Cell]]) -> Table:
    """Return a table; every row must be as long as the head."""
    built = Table(caption, tuple(head), tuple(tuple(row) for row in rows))
    for row in built.rows:
        if len(row) != len(built.head):
            raise ValueError(f"table {caption!r}: a row has {len(row)} cells, the head has {len(built.head)}")
    return built
