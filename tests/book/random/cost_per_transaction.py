"""Random worlds of transactions and what they cost (:mod:`tests.book.random.service`)."""

from hypothesis import strategies as st

from tests.book.drops import Drops
from tests.book.random.service import with_costs


def worlds() -> st.SearchStrategy[Drops]:
    """A world of transactions and costs."""
    return with_costs()
