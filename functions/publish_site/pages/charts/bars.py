"""The bar below the name of a row: as long as its figure is of the greatest of its table, from zero.

It has no words, since the figure stands in the row.
"""

from __future__ import annotations

from functions.publish_site.pages.charts.svg import DARK_BLUE, ORANGE, element, of_width

HEIGHT = 10


def row_bar(share: float, *, whole: float | None = None, small: bool = False) -> str:
    """Return a bar of ``share`` (0 to 1) of its column; ``whole`` is where the figure of all is drawn across it.

    ``small`` where a percentage is out of too few to be compared: hollow and dashed.
    """
    style = {"fill": "#ffffff", "stroke": DARK_BLUE, "stroke_width": 2, "stroke_dasharray": "5 3"}
    bar = element(
        "rect",
        class_="app-chart__bar",
        width=of_width(share),
        height=HEIGHT,
        **(style if small else {"fill": DARK_BLUE}),
    )
    across = ""
    if whole is not None:
        at = of_width(whole)
        across = element(
            "line", class_="app-chart__reference", x1=at, y1=0, x2=at, y2=HEIGHT, stroke=ORANGE, stroke_width=3
        )
    return element("svg", bar + across, class_="app-bar", height=HEIGHT, aria_hidden="true", focusable="false")
