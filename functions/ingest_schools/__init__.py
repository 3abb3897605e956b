"""Ingests the schools of Get Information about Schools (``app.py``)."""

import placements_kpi  # noqa: F401 - before pyarrow: it says how often Python looks for garbage
