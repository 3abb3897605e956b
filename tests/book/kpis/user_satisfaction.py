"""KPI 10 again: user satisfaction, sentence by sentence (numbers#10-user-satisfaction); its score is no count."""

from collections.abc import Sequence

from tests.book.answers import Answer, Answers, Cell
from tests.book.points import Point
from tests.book.service import FIND, FORMS, LEVELS, MANAGE, expected, facts, goes_back
from tests.book.world import World


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point."""
    given: Answers = {}
    reported = {(row["ends"], row["service"]): row for row in world.rows("service_satisfaction")}
    for point in points:
        wanted = [(ends, service) for ends, service, _ in expected(point, FORMS)]
        given |= facts(point, bool(wanted) and goes_back(world, "service_satisfaction", point))
        whole = bool(wanted) and all(key in reported for key in wanted)
        rows = {key: reported[key] for key in wanted} if whole else {}
        cells: list[tuple[str, str, str, Answer]] = []
        for breakdown, category in (("national", "Total"), ("service", FIND), ("service", MANAGE)):
            own = [row for key, row in rows.items() if category in ("Total", key[1])]
            content = sum(row["very_satisfied"] + row["satisfied"] for row in own)
            cells.append(
                ("headline", breakdown, category, Answer(content, sum(row[one] for row in own for one in LEVELS)))
            )
        every = {level: sum(row[level] for row in rows.values()) for level in LEVELS}
        cells.append(("answers", "national", "Total", Answer(sum(every.values()))))
        cells += [("answers", "level", level, Answer(count)) for level, count in every.items()]
        for measure, breakdown, category, answer in cells:
            cell = Cell(measure, point.period, point.as_of, breakdown, category)
            given[cell] = answer if whole else Answer(None, None, "not_available")
    return given
