"""Charts: a table goes in, an accessible SVG comes out. Nothing else in the project draws.

Each chart is drawn twice, wide and narrow, and the stylesheet shows the one that fits:
scaling one drawing down to 320 pixels would leave its text too small to read.
Colours and line styles are the Analysis Function's; text is near-black, never coloured.
"""

from functions.publish_site.pages.charts.bars import Bar, BarChart, bar_chart
from functions.publish_site.pages.charts.lines import Line, LineChart, LinePoint, Mark, Target, line_chart, spark
from functions.publish_site.pages.charts.svg import NARROW, WIDE, Layout

__all__ = [
    "NARROW",
    "WIDE",
    "Bar",
    "BarChart",
    "Layout",
    "Line",
    "LineChart",
    "LinePoint",
    "Mark",
    "Target",
    "bar_chart",
    "line_chart",
    "spark",
]
