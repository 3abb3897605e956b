"""Trino makes of every construct what ``constructs.toml`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trino.constructs import REFUSED, Construct, constructs, described
from tests.trino.server import RefusedError

if TYPE_CHECKING:
    from tests.trino.comparison import Referee

pytestmark = pytest.mark.trino


@pytest.mark.parametrize("construct", constructs(), ids=lambda construct: construct.sql)
def test_trino_makes_of_a_construct_what_is_written(construct: Construct, referee: Referee) -> None:
    try:
        said = described(referee.trino.ask(construct.query))
    except RefusedError:
        said = REFUSED
    assert said == construct.trino
