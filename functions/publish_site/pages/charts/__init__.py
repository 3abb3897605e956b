"""Charts: figures go in, an accessible SVG comes out. Nothing else in the project draws.

A drawing is as wide as its column: places along it are shares of its width, heights and letters are in pixels, so
that one serves every screen and no letter shrinks. Colours and line styles are the Analysis Function's; text is
near-black, never coloured.
"""

from functions.publish_site.pages.charts.bars import row_bar
from functions.publish_site.pages.charts.lines import Line, LineChart, LinePoint, Mark, Target, line_chart, spark
from functions.publish_site.pages.charts.svg import as_file, notice

__all__ = ["Line", "LineChart", "LinePoint", "Mark", "Target", "as_file", "line_chart", "notice", "row_bar", "spark"]
