"""KPI 8 again: completion rate, sentence by sentence (numbers#8-completion-rate)."""

from collections.abc import Sequence

from tests.book.answers import Answer, Answers, Cell
from tests.book.points import Point
from tests.book.service import FIND, MANAGE, ONLINE, expected, facts, found, goes_back
from tests.book.world import World


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    given: Answers = {}
    reported = found(world, "service_transactions", "channel")
    for point in points:
        wanted = list(expected(point, {FIND: ONLINE, MANAGE: ONLINE}))
        given |= facts(point, bool(wanted) and goes_back(world, "service_transactions", point))
        whole = bool(wanted) and all(key in reported and reported[key]["started"] is not None for key in wanted)
        for breakdown, category in (("national", "Total"), ("service", FIND), ("service", MANAGE)):
            rows = [reported[key] for key in wanted if category in ("Total", key[1])] if whole else []
            started, completed = (sum(row[name] for row in rows) for name in ("started", "completed"))
            for measure, answer in (
                ("headline", Answer(completed, started)),
                ("started_transactions", Answer(started)),
            ):
                cell = Cell(measure, point.period, point.as_of, breakdown, category)
                given[cell] = answer if whole else Answer(None, None, "not_available")
    return given
