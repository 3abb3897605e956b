"""The base of every error this project raises.

PlacementsKpiError
    every error defined beside a feature ends in ``Error`` and derives from this one

A message says what was wrong, where, and what to do about it, and never carries
a value that describes a person.
"""


class PlacementsKpiError(Exception):
    """Something this project can name went wrong; the message says what to do."""
