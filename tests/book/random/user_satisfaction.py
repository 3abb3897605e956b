"""Random worlds of answers to the feedback form (:mod:`tests.book.random.service`)."""

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.service import satisfaction


def worlds() -> st.SearchStrategy[Drops]:
    """A world of answers."""
    return satisfaction()
