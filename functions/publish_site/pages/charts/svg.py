"""SVG as text: elements, the frame every chart has, and axes. Presentation attributes only, never ``style``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

INK = "#0b0c0c"
GRID = "#cecece"
DARK_BLUE, TURQUOISE, PURPLE, ORANGE = "#12436D", "#28A197", "#801650", "#F46A25"  # Analysis Function, in order

SIZE = 16


@dataclass(frozen=True)
class Layout:
    """The drawing's size in its own units, which are CSS pixels where it is shown unscaled."""

    name: str
    width: int
    narrow: bool
    font: int = SIZE


WIDE = Layout("wide", 640, narrow=False)
NARROW = Layout("narrow", 320, narrow=True, font=15)


def element(tag: str, content: str = "", **attributes: object) -> str:
    """Return one element; ``content`` is markup, attributes are escaped and underscores become hyphens."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(
    content: str, x: float, y: float, *, anchor: str = "start", bold: bool = False, size: int = SIZE, halo: bool = False
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


def frame(ident: str, layout: Layout, height: float, title: str, description: str, body: Sequence[str]) -> str:
    """Return the whole drawing with its accessible name and description."""
    return element(
        "svg",
        element("title", escape(title, quote=False), id=f"{ident}-title")
        + element("desc", escape(description, quote=False), id=f"{ident}-desc")
        + "".join(body),
        class_=f"app-chart__svg app-chart__svg--{layout.name}",
        fill=INK,
        font_size=SIZE,
        viewBox=f"0 0 {layout.width} {_plain(height)}",
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
        focusable="false",
    )


def nice_ticks(top: float, wanted: int = 5) -> list[float]:
    """Return round values from zero to at least ``top``, about ``wanted`` of them."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / wanted
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough)
    return [float(Decimal(str(step)) * count) for count in range(math.ceil(round(top / step, 9)) + 1)]


def axis_label(value: float, *, percent: bool) -> str:
    """Return a tick's label: ``20%``, ``12,000``, ``0.25%``; as many decimals as the tick has, so that it is true."""
    number = f"{value:,.0f}" if value == int(value) else f"{Decimal(str(value)):,f}"
    return f"{number}%" if percent else number


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
