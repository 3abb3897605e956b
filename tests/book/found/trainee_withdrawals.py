"""Worlds of KPI 2: disagreements, each kept as the smallest world that showed it; the last ones hold a rule."""

from datetime import date, datetime
from typing import Any

from tests.book.drops import Drops
from tests.book.world import Row


def _of(as_of: date, *providers: Row, **columns: Any) -> Drops:
    trainee = {
        "trainee_id": "t1",
        "ukprn": "10000001",
        "training_route": "provider_led_postgrad",
        "withdrawal_reasons": ["death"],
        **columns,
    }
    return Drops(as_of, {"trainees": [trainee], "providers": providers})


def _provider(code: str, region_code: str) -> Row:
    return {"code": code, "recruitment_cycle_year": 2024, "ukprn": "10000001", "region_code": region_code}


STARTS = (date(2025, 7, 31), date(2025, 8, 1), date(2025, 10, 8), date(2025, 10, 9))


def _cohort(*withdrawals: tuple[date, date]) -> Drops:
    """Trainees who started and withdrew on these days, on 14 July 2026: people stand at 30 June."""
    return Drops(
        date(2026, 7, 14),
        {
            "trainees": [
                {
                    "trainee_id": f"t{number}",
                    "state": "withdrawn",
                    "training_route": "provider_led_postgrad",
                    "itt_start_date": start,
                    "withdrawal_date": on,
                }
                for number, (start, on) in enumerate(withdrawals)
            ]
        },
    )


FOUND: list[tuple[str, Drops]] = [
    (
        "A withdrawal without a start was not shown by the query if it had a date of award too: the state decides.",
        _of(
            date(2025, 11, 14),
            state="withdrawn",
            withdrawal_date=date(2025, 3, 3),
            awarded_at=datetime(2025, 6, 30, 12),
        ),
    ),
    (
        "The query did not show somebody without a start, awarded after the day: on the day there is no award.",
        _of(date(2025, 11, 14), state="awarded", awarded_at=datetime(2025, 11, 3, 12), withdrawal_reasons=None),
    ),
    (
        "The book's side showed an award without a start as not counted: it counts, and a later withdrawal is undone.",
        _of(
            date(2026, 11, 20),
            state="withdrawn",
            withdrawal_date=date(2027, 4, 15),
            awarded_at=datetime(2026, 4, 15, 23),
        ),
    ),
    (
        "The book's side found no fact in a year of which it counted an award, since that trainee withdrew later.",
        _of(
            date(2023, 11, 30),
            state="withdrawn",
            itt_start_date=date(2022, 9, 2),
            withdrawal_date=date(2023, 4, 15),
            awarded_at=datetime(2021, 4, 15, 12),
        ),
    ),
    (
        "Who started on the last day of a year is a fact of that year, though after every census.",
        _of(date(2026, 6, 30), state="trn_received", itt_start_date=date(2025, 7, 31), withdrawal_reasons=None),
    ),
    (
        "A starter is somebody who started by the census, also where they moved since.",
        _of(
            date(2026, 6, 30),
            state="withdrawn",
            itt_start_date=date(2025, 10, 9),
            withdrawal_date=date(2026, 1, 12),
            withdrawal_reasons=["moved_to_different_itt_course"],
        ),
    ),
    (
        "A reason on no list is an assumption though there is a known one beside it.",
        _of(
            date(2025, 11, 14),
            state="withdrawn",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 3, 3),
            withdrawal_reasons=["death", "not_on_any_list", "safeguarding_concerns"],
        ),
    ),
    (
        "A route is one by the list of routes: a word of another list is none.",
        _of(date(2025, 11, 14), state="awarded", training_route="awarded", awarded_at=datetime(2025, 6, 30, 12)),
    ),
    (
        "At the end of July the year that has ended and the running one are the same, and stand at the same day.",
        _of(
            date(2026, 7, 31),
            state="awarded",
            itt_start_date=date(2025, 9, 8),
            awarded_at=datetime(2026, 7, 10, 12),
            withdrawal_reasons=None,
        ),
    ),
    (
        "Who withdrew on the day itself is not awarded on it.",
        _of(
            date(2025, 10, 31),
            state="withdrawn",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 10, 31),
            awarded_at=datetime(2025, 6, 30, 12),
        ),
    ),
    (
        "Nor does the award of somebody who withdrew on the day stand in place of a start.",
        _of(
            date(2025, 10, 31),
            state="withdrawn",
            withdrawal_date=date(2025, 10, 31),
            awarded_at=datetime(2025, 6, 30, 12),
        ),
    ),
    (
        "An award of the day itself stands in place of a start.",
        _of(date(2025, 10, 31), state="awarded", awarded_at=datetime(2025, 10, 31, 12), withdrawal_reasons=None),
    ),
    (
        "A state on no list is neither an award nor a withdrawal: a starter still in training.",
        _of(date(2026, 6, 30), state="unheard_of", itt_start_date=date(2025, 9, 8), withdrawal_reasons=None),
    ),
    (
        "A provider in London and outside the nine regions is in more than one: not available.",
        _of(
            date(2025, 11, 14),
            _provider("A01", "london"),
            _provider("A02", "wales"),
            state="awarded",
            awarded_at=datetime(2025, 6, 30, 12),
        ),
    ),
    (
        "A withdrawal from a route that does not lead to QTS is in nothing.",
        _of(
            date(2025, 11, 14),
            state="withdrawn",
            training_route="early_years_postgrad",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 3, 3),
        ),
    ),
    (
        "A withdrawal from a route that nobody knows is shown as not counted, and is not counted.",
        _of(
            date(2025, 11, 14),
            state="withdrawn",
            training_route="by post",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 3, 3),
        ),
    ),
    (
        "The name of a group is no id of a reason: other, with a warning.",
        _of(
            date(2025, 11, 14),
            state="withdrawn",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 3, 3),
            withdrawal_reasons=["career_choice"],
        ),
    ),
    (
        "A withdrawal with an empty list of reasons is one without reasons; a region comes in small letters or large.",
        _of(
            date(2025, 11, 14),
            _provider("A01", "North_West"),
            state="withdrawn",
            itt_start_date=date(2023, 9, 4),
            withdrawal_date=date(2025, 3, 3),
            withdrawal_reasons=[],
        ),
    ),
    (
        "Reasons left behind by a withdrawal that was undone are of no account, an error among them.",
        _of(
            date(2025, 11, 14),
            state="awarded",
            itt_start_date=date(2023, 9, 4),
            awarded_at=datetime(2025, 6, 30, 12),
            withdrawal_reasons=["record_added_in_error"],
        ),
    ),
    (
        "On a route that does not lead to QTS no date is missing.",
        _of(date(2025, 11, 14), state="awarded", training_route="assessment_only", withdrawal_reasons=None),
    ),
    (
        "A starter who withdraws on the day itself has withdrawn, on the day after has not.",
        _cohort((date(2025, 9, 8), date(2026, 6, 30)), (date(2025, 9, 8), date(2026, 7, 1))),
    ),
    (
        "A starter starts on the first day of the year or on the census day, not the day before or the day after.",
        _cohort(*((start, date(2026, 1, 12)) for start in STARTS)),
    ),
    (
        "A withdrawal on the first or the last day of a year is of that year.",
        _cohort(
            *(
                (date(2023, 9, 4), on)
                for on in (date(2024, 8, 1), date(2025, 7, 31), date(2024, 7, 31), date(2025, 8, 1))
            )
        ),
    ),
    (
        "Each group of reasons has a number of trainees of its own: the n-th group n of them.",
        Drops(
            date(2025, 12, 10),
            {
                "trainees": [
                    {
                        "trainee_id": f"t{group}-{number}",
                        "state": "withdrawn",
                        "training_route": "provider_led_postgrad",
                        "itt_start_date": date(2024, 9, 2),
                        "withdrawal_date": date(2025, 2, 3),
                        "withdrawal_reasons": [reason],
                    }
                    for group, reason in enumerate(
                        (
                            "lack_of_progress_during_placements",
                            "did_not_make_progress",
                            "trainee_workload_issues",
                            "does_not_want_to_become_a_teacher",
                            "mandatory_reasons",
                            "written_off_after_lapse_of_time",
                            "unknown",
                        )
                    )
                    for number in range(group + 1)
                ]
            },
        ),
    ),
]
