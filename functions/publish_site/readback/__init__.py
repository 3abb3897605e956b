"""Readback: what a reader can see in the rendered files of a release, taken from their bytes alone.

Nothing here knows what the figures should be; :mod:`functions.publish_site.gate` compares.
A file of a kind that nobody here can read is refused, never passed over.
"""

from functions.publish_site.readback.errors import ReadbackError

__all__ = ["ReadbackError"]
