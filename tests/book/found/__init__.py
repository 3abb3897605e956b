"""Worlds on which the query and the book once disagreed: one module a KPI, ``FOUND`` says what was wrong of each."""

import importlib
import importlib.util

from tests.book.drops import Drops


def worlds(kpi: str) -> list[tuple[str, Drops]]:
    """Return the kept worlds of ``kpi``; none if there are none."""
    name = f"tests.book.found.{kpi.replace('-', '_')}"
    if importlib.util.find_spec(name) is None:
        return []
    kept: list[tuple[str, Drops]] = importlib.import_module(name).FOUND
    return kept
