"""KPI 7 again: digital take-up, sentence by sentence (numbers#7-digital-take-up)."""

from collections.abc import Sequence

from tests.book.answers import Answer, Answers, Cell
from tests.book.points import Point
from tests.book.service import CHANNELS, FIND, MANAGE, ONLINE, expected, facts, found, goes_back
from tests.book.world import World


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    given: Answers = {}
    reported = found(world, "service_transactions", "channel")
    for point in points:
        wanted = list(expected(point, CHANNELS))
        given |= facts(point, bool(wanted) and goes_back(world, "service_transactions", point))
        whole = bool(wanted) and all(key in reported for key in wanted)
        completed = {key: reported[key]["completed"] for key in wanted} if whole else {}
        cells: list[tuple[str, str, str, Answer]] = []
        for breakdown, category in (("national", "Total"), ("service", FIND), ("service", MANAGE)):
            own = {key: count for key, count in completed.items() if category in ("Total", key[1])}
            online, every = sum(count for key, count in own.items() if key[2] in ONLINE), sum(own.values())
            cells.append(("headline", breakdown, category, Answer(online, every)))
            cells.append(("completed_transactions", breakdown, category, Answer(every)))
        for channel in CHANNELS[MANAGE]:
            every = sum(count for key, count in completed.items() if key[2] == channel)
            cells.append(("completed_transactions", "channel", channel, Answer(every)))
        for measure, breakdown, category, answer in cells:
            cell = Cell(measure, point.period, point.as_of, breakdown, category)
            given[cell] = answer if whole else Answer(None, None, "not_available")
    return given
