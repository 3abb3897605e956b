"""The base of every error this project raises; docs/errors.md has the whole tree.

Every error that is defined beside a feature ends in ``Error`` and derives from this one. A message says what was
wrong, where, and what to do about it, and never carries a value that describes a person.
"""


class PlacementsKpiError(Exception):
    """Something this project can name went wrong; the message says what to do."""

    transient: bool = False
    """Whether the same event may go well later though nobody mends anything: a lost race, a service that is down."""

    def __init__(self, message: str = "", *, transient: bool | None = None) -> None:
        """``transient`` is given where errors of one class differ."""
        super().__init__(message)
        if transient is not None:
            self.transient = transient
