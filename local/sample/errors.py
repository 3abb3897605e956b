"""What can go wrong when the sample is written."""

from placements_kpi.errors import PlacementsKpiError


class SampleError(PlacementsKpiError):
    """The sample cannot be made as asked."""
