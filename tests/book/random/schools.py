"""Random registers: a few schools that open, close and succeed each other within some days."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.book.random.edges import maybe
from tests.book.world import Row

URNS = ("100001", "100002", "100003", "100004", "99999", "1000000")
"""Of five, six and seven digits: the highest is not the last in the alphabet."""


def school_tables(
    days: st.SearchStrategy[date], urns: Sequence[str] = URNS, least: int = 0, most: int = 6
) -> st.SearchStrategy[dict[str, list[Row]]]:
    """Tables ``schools`` and ``school_links``; the last of ``urns`` is often not in the register."""
    school = st.fixed_dictionaries(
        {
            "urn": st.sampled_from(urns),
            "establishment_status": st.sampled_from((1, 1, 1, 2, 2, 3, 4)),
            "type_of_establishment": st.sampled_from((1, 1, 6, 10, 11, 14, 18, 25, 30, 34, 35, 37)),
            "establishment_type_group": st.sampled_from((1, 3, 4, 4, 5, 6, 9, 10, 11, 99)),
            "phase_of_education": st.sampled_from((0, 1, 2, 2, 4, 4, 7, 99)),
            "gor": st.sampled_from(("A", "H", "H", "K", "W", "Z", None)),
            "open_date": maybe(days, 1),
            "close_date": maybe(days, 1),
        }
    )
    link = st.fixed_dictionaries(
        {
            "urn": st.sampled_from(urns),
            "link_urn": st.sampled_from(urns),
            "link_type": st.sampled_from(("Successor", "Successor", "Successor - Split School", "Predecessor")),
        }
    )
    return st.builds(
        lambda schools, links: {
            "schools": list({row["urn"]: row for row in schools if row["urn"] != urns[-1]}.values()),
            "school_links": list({(row["urn"], row["link_urn"], row["link_type"]): row for row in links}.values()),
        },
        st.lists(school, min_size=least, max_size=most),
        st.lists(link, max_size=most),
    )


@st.composite
def maybe_converted(
    draw: st.DrawFn, drawn: st.SearchStrategy[dict[str, list[Row]]], days: st.SearchStrategy[date]
) -> dict[str, list[Row]]:
    """Tables of ``drawn``; in most, the first school becomes the second on one of ``days`` and has no other link."""
    found = draw(drawn)
    if len(found["schools"]) < 2 or not draw(st.sampled_from((True, True, False))):
        return found
    (old, new), opens = found["schools"][:2], draw(days)
    closed = {"establishment_status": 2, "open_date": None, "close_date": opens - timedelta(days=1)}
    opened = {"establishment_status": 1, "open_date": opens, "close_date": None}
    link = {"urn": old["urn"], "link_urn": new["urn"], "link_type": "Successor"}
    return {
        "schools": [{**old, **closed}, {**new, **opened}, *found["schools"][2:]],
        "school_links": [link, *(one for one in found["school_links"] if one["urn"] != old["urn"])],
    }
