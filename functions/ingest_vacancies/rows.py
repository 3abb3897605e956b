"""Which records of Teaching Vacancies belong in our tables at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placements_kpi.sources import Row


def prepare(row: Row) -> bool:
    """Return whether an application belongs in the table: a draft was never sent to anybody."""
    return bool(row["status"] != "draft")
