"""SVG as text: elements, the frame every chart has, and axes. Presentation attributes only, never ``style``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Literal

INK = "#0b0c0c"
GRID = "#cecece"
DARK_BLUE, TURQUOISE, PURPLE, ORANGE = "#12436D", "#28A197", "#801650", "#F46A25"  # Analysis Function, in order

Unit = Literal["", "%", "£"]
"""What the numbers of a chart are in."""

SIZE = 16
FILE_WIDTH = 720
"""Pixels that a drawing is wide which somebody takes as a file."""


def element(tag: str, content: str = "", **attributes: object) -> str:
    """Return one element; ``content`` is markup, attributes are escaped and underscores become hyphens."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(
    content: str,
    x: float | str,
    y: float,
    *,
    anchor: str = "start",
    bold: bool = False,
    size: int = SIZE,
    halo: bool = False,
) -> str:
    """Return a label, in the near-black of the frame; ``y`` is its baseline.

    With ``halo`` it can be read where a line runs under it.
    """
    return element(
        "text",
        escape(content, quote=False),
        x=x,
        y=y,
        font_size=None if size == SIZE else size,
        font_weight="bold" if bold else None,
        text_anchor=None if anchor == "start" else anchor,
        **({"stroke": "#ffffff", "stroke_width": 4, "paint_order": "stroke"} if halo else {}),
    )


def of_width(share: float) -> str:
    """Return a place along a drawing, 0 to 1, as a share of its width."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def frame(ident: str, height: float, title: str, description: str, body: Sequence[str]) -> str:
    """Return the whole drawing with its accessible name and description."""
    return element(
        "svg",
        element("title", escape(title, quote=False), id=f"{ident}-title")
        + element("desc", escape(description, quote=False), id=f"{ident}-desc")
        + "".join(body),
        class_="app-chart__svg",
        width="100%",
        height=height,
        fill=INK,
        font_size=SIZE,
        role="img",
        aria_labelledby=f"{ident}-title",
        aria_describedby=f"{ident}-desc",  # in its name too, it would be read twice
        focusable="false",
    )


def notice(title: str, reason: str) -> str:
    """Return what stands in the place of a drawing that was withdrawn."""
    lines = [title, *wrapped(reason, 80)]
    said = [text(line, 10, 30 + 24 * row, bold=not row) for row, line in enumerate(lines)]
    return frame("withdrawn", 24 * len(lines) + 30, title, reason, said)


def as_file(drawing: str) -> bytes:
    """Return a drawing as a file of its own: with its namespace, a width and a white ground."""
    head, body = drawing.split(">", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="Arial, sans-serif" ', 1)
    head = head.replace('width="100%"', f'width="{FILE_WIDTH}"', 1)
    return f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{body}\n'.encode()


def nice_ticks(top: float, wanted: int = 5) -> list[float]:
    """Return round values from zero to at least ``top``, about ``wanted`` of them."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / wanted
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough)
    return [float(Decimal(str(step)) * count) for count in range(math.ceil(round(top / step, 9)) + 1)]


def axis_label(value: float, unit: Unit = "") -> str:
    """Return a tick's label: ``20%``, ``12,000``, ``0.25%``, ``£0.50``; with all its decimals, so that it is true."""
    number = f"{value:,.0f}" if value == int(value) else f"{Decimal(str(value)):,f}"
    if unit == "£":
        return f"£{number}" if value == int(value) else f"£{value:,.2f}"
    return f"{number}{unit}"


def wrapped(label: str, most: int) -> list[str]:
    """Return ``label`` in lines of at most ``most`` characters, broken at spaces."""
    lines: list[str] = []
    for word in label.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".rstrip("0").rstrip(".") if value != int(value) else str(int(value))
    return str(value)
