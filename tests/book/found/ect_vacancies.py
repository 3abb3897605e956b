"""Disagreements about KPI 4, each kept as the smallest world that showed it, and worlds that hold one rule."""

from datetime import date, datetime
from typing import Any

from tests.book.drops import Drops

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


def _with_offers(*, adverts: int, taking: int, offers: int, usable: int) -> Drops:
    """Adverts closed without an answer, and the offers that stand, dealt out among them."""
    offered = {"status": "offered", "offered_at": datetime(2026, 4, 10, 12)}
    return Drops(
        _DAY,
        {
            "vacancies": [
                _CLOSED | {"vacancy_id": f"V{number}", "takes_applications": number < taking}
                for number in range(adverts)
            ],
            "applications": [
                offered
                | {
                    "application_id": f"A{number}",
                    "vacancy_id": f"V{number % adverts}",
                    "trn": str(2000000 + number) if number < usable else None,
                }
                for number in range(offers)
            ],
        },
    )


_P = date(2026, 6, 30)
_BEFORE, _AFTER = date(2026, 1, 1), date(2026, 7, 5)
"""Days on either side of P; the second before D."""
_START = date(2026, 9, 1)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)


def _applying(*records: dict[str, Any], **advert: Any) -> Drops:
    """One school, an advert for each record of Register, and an offer from it, made on P to an application of P."""
    people = [{"trn": str(2000000 + number), "state": "trn_received", **one} for number, one in enumerate(records)]
    return Drops(
        _DAY,
        {
            "schools": [_SCHOOL],
            "vacancies": [
                _CLOSED | {"vacancy_id": f"V{number}", "starts_on": _START, "takes_applications": True} | advert
                for number in range(len(people))
            ],
            "applications": [
                {
                    "application_id": f"A{number}",
                    "vacancy_id": f"V{number}",
                    "status": "offered",
                    "submitted_at": _noon(_P),
                    "offered_at": _noon(_P),
                    "trn": str(2000000 + number),
                }
                for number in range(len(people))
            ],
            "trainees": [{"trainee_id": f"R{number}", **person} for number, person in enumerate(people)],
        },
    )


def _answers(*adverts: dict[str, Any], **application: Any) -> Drops:
    """Adverts with their answers, and if one is described an application to each."""
    return Drops(
        _DAY,
        {
            "vacancies": [
                _CLOSED | {"vacancy_id": f"V{number}", "starts_on": _START} | advert
                for number, advert in enumerate(adverts)
            ],
            "applications": [
                {"application_id": f"A{number}", "vacancy_id": f"V{number}", **application}
                for number in range(len(adverts))
                if application
            ],
        },
    )


def _versions(*versions: dict[str, Any]) -> Drops:
    """An offer to a trainee in the window, and the same application once more, as its versions say."""
    world = _applying({})
    (application,) = world.feeds["applications"]
    assert isinstance(application, dict)
    return Drops(_DAY, {**world.feeds, "applications": [{**application, **version} for version in versions]})


def _offers(*days: date, **advert: Any) -> Drops:
    """One advert, and an offer from it to a trainee in the window on each of these days."""
    world = _applying(*({} for _ in days), **advert)
    applications = [
        {**application, "vacancy_id": "V0", "offered_at": _noon(day)}
        for application, day in zip(world.feeds["applications"], days, strict=True)
        if isinstance(application, dict)
    ]
    return Drops(_DAY, {**world.feeds, "vacancies": world.feeds["vacancies"][:1], "applications": applications})


def _spelled(*trns: str) -> Drops:
    """Adverts, each with an offer to somebody who gives one of these TRNs; 0012345 is a trainee in the window."""
    world = _applying(*({"trn": str(3000000 + number)} for number in range(len(trns))))
    applications = [
        {**application, "trn": trn}
        for application, trn in zip(world.feeds["applications"], trns, strict=True)
        if isinstance(application, dict)
    ]
    trainee = {"trainee_id": "R", "trn": "0012345", "state": "trn_received"}
    return Drops(_DAY, {**world.feeds, "applications": applications, "trainees": [trainee]})


def _undated_ends(*days: tuple[date | None, date | None]) -> Drops:
    """Offers declined on a day that is not given: when each was made, and when it was last changed."""
    return Drops(
        _DAY,
        {
            "vacancies": [_CLOSED],
            "applications": [
                {
                    "application_id": f"A{number}",
                    "vacancy_id": "V1",
                    "status": "declined",
                    "submitted_at": _noon(_BEFORE),
                    "offered_at": offered and _noon(offered),
                    "updated_at": updated and _noon(updated),
                }
                for number, (offered, updated) in enumerate(days)
            ],
        },
    )


def _place(applied_to: str, placed_at: str, *schools: dict[str, Any], became: dict[str, str]) -> Drops:
    """A trainee who was placed at one school and applies to another; ``became`` has the successors."""
    world = _applying({"placements": [{"urn": placed_at}]}, organisation_urns=[applied_to])
    links = [{"urn": urn, "link_urn": link, "link_type": "Successor"} for urn, link in became.items()]
    return Drops(_DAY, {**world.feeds, "schools": [_SCHOOL | school for school in schools], "school_links": links})


def _became_another(applied_to: str, placed_at: str, *, closed: date, opened: date) -> Drops:
    """A trainee placed at one of two schools who applies to one: 100001 closed, 100002 opened and succeeded it."""
    first = {"urn": "100001", "establishment_status": 2, "close_date": closed}
    second = {"urn": "100002", "open_date": opened}
    return _place(applied_to, placed_at, first, second, became={"100001": "100002"})


FOUND: list[tuple[str, Drops]] = [
    (
        "The query showed an advert without a day of publication even where it had been discarded before it expired.",
        Drops(
            _DAY,
            {"vacancies": [_CLOSED | {"publish_on": None, "discarded_at": datetime(2026, 4, 1, 12)}]},
        ),
    ),
    (
        "The query did not show an advert without a day of publication that an answer had closed early.",
        Drops(
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
        Drops(
            _DAY,
            {
                "vacancies": [_CLOSED],
                "applications": [
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
        Drops(
            _DAY,
            {
                "vacancies": [_CLOSED | {"organisation_urns": ["100009"]}],
                "applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "submitted",
                        "submitted_at": datetime(2026, 4, 1, 12),
                        "trn": "2000001",
                    }
                ],
                "trainees": [
                    {"trainee_id": "R1", "trn": "2000001", "state": "trn_received", "placements": [{"urn": "100001"}]},
                ],
                "schools": [_SCHOOL],
                "school_links": [{"urn": "100009", "link_urn": "100001", "link_type": "Successor"}],
            },
        ),
    ),
    (
        "Before there were offers the book's side had no classes at all; those that an answer makes need no offer.",
        Drops(
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
        Drops(
            _DAY,
            {
                "applications": [{"application_id": "A1", "vacancy_id": "V1", "status": "offered", "trn": "1234"}],
                "trainees": [
                    {"trainee_id": "R1", "state": "draft", "trn": "12345678"},
                    {"trainee_id": "R2", "state": "awarded", "training_route": "19", "trn": "12345678"},
                ],
            },
        ),
    ),
    (
        "The book's side had an offer in doubt, declined on a day not given, though its last change says it was over.",
        Drops(
            _DAY,
            {
                "vacancies": [_CLOSED],
                "applications": [
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
        Drops(
            _DAY,
            {
                "vacancies": [_CLOSED | {"organisation_urns": ["100001"]}],
                "applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "submitted",
                        "submitted_at": datetime(2026, 4, 1, 12),
                        "trn": "2000001",
                    }
                ],
                "trainees": [
                    {"trainee_id": "R1", "trn": "2000001", "state": "trn_received", "placements": [{"urn": "100009"}]},
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
        Drops(_DAY, {"vacancies": [_CLOSED | {"discarded_at": _EXPIRED}]}),
    ),
    (
        "Holds: an advert discarded on P, before it expired on that day, is out; so is one without publication.",
        Drops(
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
        Drops(
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
        Drops(_DAY, {"vacancies": [_CLOSED | {"expires_at": datetime(2024, 9, 1, 12)}]}),
    ),
    (
        "Holds: an award on P, at the edges of the window, and 24 months before P or a day more.",
        _applying(
            {"state": "awarded", "awarded_at": _noon(_P), "itt_end_date": date(2027, 12, 31)},
            {"state": "awarded", "awarded_at": _noon(date(2024, 9, 1))},
            {"state": "awarded", "awarded_at": _noon(date(2024, 6, 30))},
            {"state": "awarded", "awarded_at": _noon(date(2024, 6, 29))},
        ),
    ),
    (
        "Holds: who has the award is no longer deferred.",
        _applying({"state": "awarded", "awarded_at": _noon(_P), "defer_date": _BEFORE, "reinstate_date": _AFTER}),
    ),
    ("Holds: who is withdrawn on P is out.", _applying({"state": "withdrawn", "withdrawal_date": _P})),
    (
        "Holds: who is deferred on P and comes back later is out.",
        _applying({"defer_date": _P, "reinstate_date": _AFTER}),
    ),
    ("Holds: who comes back on P is in.", _applying({"defer_date": _BEFORE, "reinstate_date": _P})),
    ("Holds: a deferral after P is undone.", _applying({"defer_date": date(2026, 7, 2), "reinstate_date": _AFTER})),
    ("Holds: who comes back after P is out until then.", _applying({"defer_date": _BEFORE, "reinstate_date": _AFTER})),
    ("Holds: who is deferred after P is in.", _applying({"state": "deferred", "defer_date": _AFTER})),
    ("Holds: who is deferred since nobody knows when is out.", _applying({"state": "deferred"})),
    (
        "Holds: who is withdrawn after P was deferred until then, if there was a deferral and no return.",
        _applying({"state": "withdrawn", "withdrawal_date": _AFTER, "defer_date": _BEFORE}),
    ),
    (
        "Holds: who is withdrawn after P and had come back from a deferral is in.",
        _applying(
            {
                "state": "withdrawn",
                "withdrawal_date": _AFTER,
                "defer_date": _BEFORE,
                "reinstate_date": date(2026, 2, 1),
            }
        ),
    ),
    (
        "Holds: who is withdrawn on a day that is not given is out, whatever is said of a deferral.",
        _applying({"state": "withdrawn"}, {"state": "withdrawn", "defer_date": _AFTER}),
    ),
    (
        "Holds: a state that no list has is that of a match, who is out whatever the days.",
        _applying({"state": "lost", "defer_date": _AFTER, "withdrawal_date": date(2026, 8, 1)}),
    ),
    ("Holds: a route of early years in capitals.", _applying({"training_route": "Early Years Postgrad"})),
    (
        "Holds: refused TRNs are shown once each, whatever lists a state or route is in, and not where there is none.",
        Drops(
            _DAY,
            {
                "vacancies": [_CLOSED],
                "applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V1",
                        "status": "submitted",
                        "submitted_at": _noon(_BEFORE),
                        "trn": "QQ012345C",
                    }
                ],
                "trainees": [
                    {"trainee_id": "R1", "state": "withdrawn", "trn": "1234"},
                    {"trainee_id": "R2", "state": "trn_received", "training_route": "10", "trn": "12345678"},
                    {"trainee_id": "R3", "state": "trn_received", "trn": "1111111"},
                    {"trainee_id": "R4", "state": "awarded"},
                ],
            },
        ),
    ),
    (
        "Holds: an advert without a school has applicants all the same.",
        _applying({}, organisation_urns=[]),
    ),
    (
        "Holds: an application of a status that no list has is an application.",
        Drops(
            _DAY,
            {
                **_applying({}).feeds,
                "applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V0",
                        "status": "ghosted",
                        "submitted_at": _noon(_BEFORE),
                        "trn": "2000000",
                    }
                ],
            },
        ),
    ),
    (
        "Holds: who has completed the induction, and says nothing else, is no early career teacher.",
        _answers({}, status="offered", offered_at=_noon(_BEFORE), is_statutory_induction_complete=True),
    ),
    ("Holds: an offer without any day is shown.", _answers({}, status="offered", submitted_at=_noon(_BEFORE))),
    (
        "Holds: an offer that was changed after P, and has no day of its own, is none yet and lacks none.",
        _answers({}, status="offered", submitted_at=_noon(_BEFORE), updated_at=_noon(_AFTER)),
    ),
    ("Holds: what is withdrawn and has no day at all was no offer.", _answers({}, status="withdrawn")),
    (
        "Holds: an offer that is withdrawn on a day after P stands on P, and lacks none.",
        _answers(
            {}, status="withdrawn", offered_at=_noon(_BEFORE), withdrawn_at=_noon(_AFTER), updated_at=_noon(_AFTER)
        ),
    ),
    (
        "Holds: an offer that ended on a day not given may have stood on P if made by then and changed since.",
        _undated_ends((_P, _AFTER), (_BEFORE, _P), (date(2026, 7, 2), _AFTER), (_BEFORE, None), (None, _AFTER)),
    ),
    (
        "Holds: an answer on P counts, one after P does not, and an advert may be published on the day it expires.",
        _answers(
            {"hired_status": "hired_tvs", "stats_updated_at": _noon(_P)},
            {"hired_status": "not_filled_ongoing", "stats_updated_at": _noon(_AFTER)},
            {"publish_on": _P, "expires_at": _noon(_P)},
            {"publish_on": None, "expires_at": _noon(_P)},
        ),
    ),
    (
        "Holds: an advert that an answer closed early and that is discarded after P is of P.",
        _answers(
            {
                "expires_at": _noon(date(2026, 7, 20)),
                "hired_status": "hired_tvs",
                "stats_updated_at": _noon(date(2026, 6, 20)),
                "discarded_at": _noon(_AFTER),
            }
        ),
    ),
    (
        "Holds: nobody filled it, says the school after an offer that makes an early career teacher: a conflict.",
        _applying({}, hired_status="not_filled_ongoing", stats_updated_at=_noon(_P)),
    ),
    (
        "Holds: of two such offers, one before the answer is enough for a conflict.",
        _offers(_BEFORE, _P, hired_status="not_filled_ongoing", stats_updated_at=_noon(date(2026, 5, 1))),
    ),
    (
        "Holds: the same answer after an offer to somebody unknown is no conflict.",
        _answers(
            {"hired_status": "not_filled_ongoing", "stats_updated_at": _noon(_P)},
            status="offered",
            offered_at=_noon(_BEFORE),
        ),
    ),
    (
        "Holds: a region that has coverage does not give it to England.",
        Drops(
            _DAY,
            {
                "schools": [_SCHOOL | {"gor": "A"}, _SCHOOL | {"urn": "100002", "gor": "B", "phase_of_education": 4}],
                "vacancies": [
                    _CLOSED
                    | {
                        "vacancy_id": f"V{number}",
                        "organisation_urns": ["100001" if number == 0 else "100002"],
                        "takes_applications": number == 0,
                    }
                    for number in range(5)
                ],
                "applications": [
                    {
                        "application_id": "A1",
                        "vacancy_id": "V0",
                        "status": "offered",
                        "offered_at": _noon(_BEFORE),
                        "trn": "2000001",
                    }
                ],
            },
        ),
    ),
    (
        "Holds: a region abroad, and a phase that no list has, are not available.",
        Drops(
            _DAY,
            {
                "schools": [
                    _SCHOOL | {"gor": "W", "phase_of_education": 99},
                    _SCHOOL | {"urn": "100002", "gor": "A"},
                ],
                "vacancies": [
                    _CLOSED
                    | {
                        "vacancy_id": f"V{number}",
                        "organisation_urns": urns,
                        "hired_status": "hired_tvs",
                        "stats_updated_at": _noon(_P),
                    }
                    for number, urns in enumerate((["100001"], ["100001", "100002"]))
                ],
            },
        ),
    ),
    (
        "Holds: who was placed in two regions, and applies in one of them, applies in the region of a placement.",
        Drops(
            _DAY,
            {
                **_applying({"placements": [{"urn": "100001"}, {"urn": "100002"}]}, organisation_urns=["100001"]).feeds,
                "schools": [_SCHOOL | {"gor": "A"}, _SCHOOL | {"urn": "100002", "gor": "B"}],
            },
        ),
    ),
    (
        "Holds: an advert that expires on 31 August is of the year that ends then.",
        _answers({"expires_at": _noon(date(2025, 8, 31))}),
    ),
    (
        "Holds: a school is itself on its last day, and its successor is one on its first.",
        _became_another("100001", "100001", closed=_P, opened=date(2026, 7, 1)),
    ),
    (
        "Holds: placed at a school that became another on P, where the trainee applies.",
        _became_another("100002", "100001", closed=date(2026, 6, 29), opened=_P),
    ),
    (
        "Holds: applies to the advert of a school that became another on P, where the trainee was placed.",
        _became_another("100001", "100002", closed=date(2026, 6, 29), opened=_P),
    ),
    (
        "Holds: a school that becomes another after P is not the other yet.",
        _became_another("100002", "100001", closed=_P, opened=date(2026, 1, 1)),
    ),
    (
        "Holds: nor is the one to which the trainee applies.",
        _became_another("100001", "100002", closed=_P, opened=date(2026, 1, 1)),
    ),
    (
        "Holds: a number that only a link knows is no school to apply to.",
        _place("199999", "100001", {"urn": "100001"}, {"urn": "100002"}, became={"199999": "100001"}),
    ),
    (
        "Holds: training may end 6 calendar months after the start, not a day more, nor 7 months.",
        _applying(*({"itt_end_date": date(2027, 3, 1 + more)} for more in (0, 1)), {"itt_end_date": date(2027, 4, 1)}),
    ),
    (
        "Holds: the newest version of an application decides, also where it is a draft; the older offer is none.",
        _versions(
            {"status": "offered", "updated_at": _noon(_P)},
            {"status": "draft", "updated_at": _noon(date(2026, 7, 1))},
        ),
    ),
    (
        "Holds: a version that is older decides nothing, wherever it stands.",
        _versions(
            {"status": "offered", "updated_at": _noon(_P)},
            {"status": "declined", "updated_at": _noon(_BEFORE)},
            {"status": "draft"},
        ),
    ),
    (
        "Holds: of two versions that are equally new the later decides.",
        _versions({"status": "submitted", "updated_at": _noon(_P)}, {"status": "offered", "updated_at": _noon(_P)}),
    ),
    (
        "Holds: a version that is refused decides nothing.",
        _versions(
            {"status": "offered", "updated_at": _noon(_P)},
            {"status": None, "updated_at": _noon(_AFTER)},
        ),
    ),
    (
        "Holds: one TRN in all its spellings, and what only has its digits in it is none.",
        _spelled(
            *("12345", "0012345", "RP00/12345", "TRN 001 2345", "-12345", "RP-0012345"),
            *("QQ012345C", "12345-", "12-34/5", "2f0012345", "\uff11\uff12\uff13\uff14\uff15", "RPTRN12345"),
            *("1234", "00012345", "11111", "1234567"),
        ),
    ),
    (
        "Holds: of a trainee's TRN, too: 5 to 7 digits that are neither all the same nor 1234567.",
        _applying(*({"trn": given} for given in ("1234", "00012345", "11111", "1234567", "012345", "7654321"))),
    ),
]
