"""Works out the KPIs (``app.py``)."""

import placements_kpi  # noqa: F401 - before pandas: it says how often Python looks for garbage
