"""Disagreements about KPI 4, each kept as the smallest world that showed it, and worlds that hold one rule."""

from datetime import date, datetime
from typing import Any

from tests.book.world import World

_DAY = date(2026, 7, 14)
_EXPIRED = datetime(2026, 4, 30, 12)
_CLOSED: dict[str, Any] = {
    "vacancy_id": "V1",
    "job_roles": ["teacher"],
    "publish_on": date(2026, 3, 1),
    "expires_at": _EXPIRED,
}
_SCHOOL: dict[str, Any] = {
    "urn": "100001",
    "establishment_status": 1,
    "type_of_establishment": 1,
    "establishment_type_group": 4,
    "phase_of_education": 2,
}


def _with_offers(*, adverts: int, taking: int, offers: int, usable: int) -> World:
    """Adverts closed without an answer, and the offers that stand, dealt out among them."""
    offered = {"status": "offered", "offered_at": datetime(2026, 4, 10, 12)}
    return World(
        _DAY,
        {
            "vacancies": [
                _CLOSED | {"vacancy_id": f"V{number}", "takes_applications": number < taking}
                for number in range(adverts)
            ],
            "vacancy_applications": [
                offered
                | {
                    "application_id": f"A{number}",
                    "vacancy_id": f"V{number % adverts}",
                    "trn": f"t{number}" if number < usable else None,
                }
                for number in range(offers)
            ],
        },
    )


FOUND: list[tuple[str, World]] = [
    (
        "The query showed an advert without a day of publication even where it had been discarded before it expired.",
        World(
            _DAY,
            {"vacancies": [_CLOSED | {"publish_on": None, "discarded_at": datetime(2026, 4, 1, 12)}]},
        ),
    ),
    (
        "The query did not show an advert without a day of publication that an answer had closed early.",
        World(
            _DAY,
            {
                "vacancies": [
                    _CLOSED
                    | {
                        "publish_on": None,
                        "expires_at": datetime(2026, 7, 20, 12),
                        "hired_status": "hired_tvs",
                        "stats_updated_at": datetime(2026, 6, 1, 12),
                    }
                ]
            },
        ),
    ),
    (
        "The query lost the missing day of submission of an application that was declined on a day not given.",
        World(
            _DAY,
            {
                "vacancies": [_CLOSED],
                "vacancy_applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "declined",
                        "updated_at": datetime(2026, 5, 1, 12),
                    }
                ],
            },
        ),
    ),
    (
        "The query took a URN that only a link knows for its successor; the book passes URNs not in GIAS over.",
        World(
            _DAY,
            {
                "vacancies": [_CLOSED | {"organisation_urns": ["100009"]}],
                "vacancy_applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "submitted",
                        "submitted_at": datetime(2026, 4, 1, 12),
                        "trn": "t1",
                    }
                ],
                "trainees": [
                    {"trainee_id": "R1", "trn": "t1", "state": "trn_received", "placement_urns": ["100001"]},
                ],
                "schools": [_SCHOOL],
                "school_links": [{"urn": "100009", "link_urn": "100001", "link_type": "Successor"}],
            },
        ),
    ),
    (
        "Before there were offers the book's side had no classes at all; those that an answer makes need no offer.",
        World(
            _DAY,
            {
                "vacancies": [
                    _CLOSED
                    | {
                        "publish_on": date(2025, 3, 1),
                        "expires_at": datetime(2025, 4, 30, 12),
                        "hired_status": "not_filled_ongoing",
                        "stats_updated_at": datetime(2025, 5, 1, 12),
                    }
                ]
            },
        ),
    ),
    (
        "The book's side showed refused TRNs of everybody; only those that could have matched are looked at.",
        World(
            _DAY,
            {
                "vacancy_applications": [
                    {"application_id": "A1", "vacancy_id": "V1", "status": "offered", "trn_problem": "too_short"}
                ],
                "trainees": [
                    {"trainee_id": "R1", "state": "draft", "trn_problem": "too_long"},
                    {"trainee_id": "R2", "state": "awarded", "training_route": "19", "trn_problem": "too_long"},
                ],
            },
        ),
    ),
    (
        "The book's side had an offer in doubt, declined on a day not given, though its last change says it was over.",
        World(
            _DAY,
            {
                "vacancies": [_CLOSED],
                "vacancy_applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "declined",
                        "submitted_at": datetime(2026, 4, 1, 12),
                        "offered_at": datetime(2026, 4, 10, 12),
                        "updated_at": datetime(2026, 5, 1, 12),
                    }
                ],
            },
        ),
    ),
    (
        "A placement at a school not in GIAS, which can be no advert's school, was recorded only by the book's side.",
        World(
            _DAY,
            {
                "vacancies": [_CLOSED | {"organisation_urns": ["100001"]}],
                "vacancy_applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "submitted",
                        "submitted_at": datetime(2026, 4, 1, 12),
                        "trn": "t1",
                    }
                ],
                "trainees": [
                    {"trainee_id": "R1", "trn": "t1", "state": "trn_received", "placement_urns": ["100009"]},
                ],
                "schools": [_SCHOOL],
            },
        ),
    ),
    (
        "Holds: 30% of adverts that take applications, and of offers with a TRN that can be used, are enough.",
        _with_offers(adverts=10, taking=3, offers=10, usable=3),
    ),
    (
        "Holds: a little under 30% of adverts that take applications is not enough.",
        _with_offers(adverts=37, taking=11, offers=1, usable=1),
    ),
    (
        "Holds: a little under 30% of offers with a TRN that can be used is not enough.",
        _with_offers(adverts=1, taking=1, offers=37, usable=11),
    ),
    (
        "Holds: without an offer nothing is covered.",
        _with_offers(adverts=1, taking=1, offers=0, usable=0),
    ),
    (
        "Holds: an advert discarded at the very instant at which it expired was not discarded after it.",
        World(_DAY, {"vacancies": [_CLOSED | {"discarded_at": _EXPIRED}]}),
    ),
    (
        "Holds: an advert discarded on P, before it expired on that day, is out; so is one without publication.",
        World(
            _DAY,
            {
                "vacancies": [
                    _CLOSED
                    | {
                        "vacancy_id": f"V{number}",
                        "publish_on": publish_on,
                        "expires_at": datetime(2026, 6, 30, 12),
                        "discarded_at": datetime(2026, 6, 30, 9),
                    }
                    for number, publish_on in enumerate((date(2026, 3, 1), None))
                ]
            },
        ),
    ),
    (
        "Holds: an answer on P closes an advert, whether or not its day of publication is known.",
        World(
            _DAY,
            {
                "vacancies": [
                    _CLOSED
                    | {
                        "vacancy_id": f"V{number}",
                        "publish_on": publish_on,
                        "expires_at": datetime(2026, 7, 20, 12),
                        "hired_status": "hired_tvs",
                        "stats_updated_at": datetime(2026, 6, 30, 12),
                    }
                    for number, publish_on in enumerate((date(2026, 3, 1), None))
                ]
            },
        ),
    ),
    (
        "Holds: an advert that expires on 1 September is a fact of the year that begins then.",
        World(_DAY, {"vacancies": [_CLOSED | {"expires_at": datetime(2024, 9, 1, 12)}]}),
    ),
]
