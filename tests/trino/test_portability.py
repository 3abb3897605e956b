"""The page on portable SQL, its data, the local engine and the lint say the same. Trino itself is not needed here."""

from __future__ import annotations

import re

import pytest

from tests.kpis.lint import ALLOWED_FUNCTIONS, RULES
from tests.trino.constructs import PAGE, Construct, constructs, locally, page

ALL = constructs()
DIFFERING = [construct for construct in ALL if not construct.agrees]


@pytest.mark.parametrize("construct", ALL, ids=lambda construct: construct.sql)
def test_the_local_engine_makes_of_a_construct_what_is_written(construct: Construct) -> None:
    assert locally(construct.query) == construct.local


@pytest.mark.parametrize("construct", DIFFERING, ids=lambda construct: construct.sql)
def test_what_differs_is_caught_by_the_rule_that_is_named(construct: Construct) -> None:
    if construct.rule.startswith("accepted: "):
        return
    rules = {rule.name: rule for rule in RULES}
    assert list(rules[construct.rule].find(construct.query))


@pytest.mark.parametrize("function", sorted(ALLOWED_FUNCTIONS))
def test_an_allowed_function_is_one_on_which_both_agree(function: str) -> None:
    used = re.compile(rf"\b{function}\b", re.IGNORECASE)
    assert any(construct.agrees and used.search(construct.sql) for construct in ALL)


def test_the_page_says_what_the_file_says() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "run python -m tests.trino.constructs"
