"""The base of every error of the local stack."""

from placements_kpi.errors import PlacementsKpiError


class LocalError(PlacementsKpiError):
    """The local stack cannot do what was asked; the message says why and what to do."""
