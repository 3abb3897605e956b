"""Rows that the kept worlds of several KPIs are made of."""

from typing import Any

from tests.book.world import Row


def school(urn: str, **columns: Any) -> Row:
    """An open primary school in the North East that a local authority maintains, but for ``columns``."""
    return {
        "urn": urn,
        "establishment_status": 1,
        "type_of_establishment": 1,
        "establishment_type_group": 4,
        "phase_of_education": 2,
        "gor": "A",
        **columns,
    }
