"""KPI 9 again: cost per transaction, sentence by sentence (numbers#9-cost-per-transaction)."""

from collections.abc import Sequence
from datetime import date

from tests.book.answers import Answer, Answers, Cell
from tests.book.days import last_of_month
from tests.book.points import Point
from tests.book.service import CHANNELS, COSTS, FIND, FIRST, LAST, MANAGE, expected, facts, found, goes_back
from tests.book.world import World


def answers(world: World, points: Sequence[Point]) -> Answers:
    """Return every cell of the KPI at every point; numerators are pence."""
    given: Answers = {}
    transactions = found(world, "service_transactions", "channel")
    costs = found(world, "service_costs", "category")
    first = {service: _first_transaction(transactions, service) for service in COSTS}
    for point in points:
        of_costs, of_transactions = list(expected(point, COSTS)), list(expected(point, CHANNELS))
        back = all(goes_back(world, table, point) for table in ("service_costs", "service_transactions"))
        given |= facts(point, bool(of_costs) and back)
        whole = bool(of_costs)
        whole = whole and all(key in costs for key in of_costs) and all(key in transactions for key in of_transactions)
        pence = {key: int(costs[key]["pounds"] * 100) for key in of_costs} if whole else {}
        completed = {key: transactions[key]["completed"] for key in of_transactions} if whole else {}
        early = any(ends < first[service] for ends, service, _ in of_costs)
        cells: list[tuple[str, str, str, Answer]] = []
        for breakdown, category in (("national", "Total"), ("service", FIND), ("service", MANAGE)):
            cost, number = (
                sum(count for key, count in counts.items() if category in ("Total", key[1]))
                for counts in (pence, completed)
            )
            cells.append(("headline", breakdown, category, Answer(cost, number)))
            cells.append(("total_cost", breakdown, category, Answer(cost)))
        for kind in COSTS[MANAGE]:
            cost = sum(count for key, count in pence.items() if key[2] == kind)
            cells.append(("total_cost", "cost_category", kind, Answer(cost)))
        for measure, breakdown, category, answer in cells:
            cell = Cell(measure, point.period, point.as_of, breakdown, category)
            is_there = whole and not (early and measure == "headline")
            given[cell] = answer if is_there else Answer(None, None, "not_available")
    return given


def _first_transaction(reported: dict[tuple[date, str, str], dict[str, int]], service: str) -> date:
    """The last day of the first month in which a transaction of a service was completed in a channel of its own."""
    opened, closed = last_of_month(*FIRST[service]), last_of_month(*LAST.get(service, (9999, 12)))
    ends = [
        month
        for (month, of, channel), row in reported.items()
        if of == service and channel in CHANNELS[service] and opened <= month <= closed and row["completed"]
    ]
    return min(ends, default=date.max)
