"""Random worlds of transactions (:mod:`tests.book.random.service`)."""

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.service import transactions


def worlds() -> st.SearchStrategy[Drops]:
    """A world of transactions."""
    return transactions()
