"""A small world of the services over many months: what each leaves on a day, and how it is corrected afterwards.

All people are invented. A record has the days on which things happen to it; a drop holds what had happened by its day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from placements_kpi import months
from tests.ingest import drops
from tests.schools import extracts

Record = dict[str, Any]

REGIONS = (
    *("london", "north_east", "north_west", "south_east", "eastern"),
    *("east_midlands", "west_midlands", "south_west", "yorkshire_and_the_humber"),
)
GORS = ("H", "A", "B", "J", "G")
PHASES = ("2", "4")
"""Primary and secondary."""
REASONS = (
    ("course_full",),
    ("course_full", "qualifications"),
    ("school_placement",),
    ("school_placement.no_placements", "course_full"),
    ("qualifications",),
    ("personal_statement",),
    (),
)
ANSWERS = ("hired_tvs", "hired_paid", "not_filled_ongoing", None, None)
"""What a school says of its advert."""
WITHDRAWN_FOR = ("teaching_placement_problems", "financial_problems", "got_a_job", "did_not_make_progress", "unknown")
CANDIDATES, TRAINEES, ADVERTS = 900, 200, 240
LEVELS = ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied")
ONLINE, CHANNELS = ("digital", "assisted_digital"), ("digital", "assisted_digital", "phone", "email")
RUN = {
    "find_placement_schools": (date(2023, 7, 31), date(2026, 12, 31), CHANNELS),
    "manage_school_placements": (date(2024, 5, 31), date(2025, 10, 31), (*CHANNELS, "paper")),
}
"""The first and the last month of each service, and its channels."""
TOLD_AFTER = timedelta(days=5)
"""How long after its end a month is in the service team's drop."""
OPENS = {2024: date(2023, 10, 10), 2025: date(2024, 10, 8), 2026: date(2025, 10, 8), 2027: date(2026, 10, 8)}
SCHOOLS = range(100001, 100061)
EARLY = "one candidate of cycle 2024 with a reason that was not collected"


@dataclass
class Entry:
    """One record of one file: each version of it with the day from which drops have it; ``None`` where it is gone."""

    file: str
    versions: list[tuple[date, Record | None]]

    def on(self, day: date) -> Record | None:
        """Return the record as a drop of the day has it, if it has."""
        known = [record for since, record in self.versions if since <= day]
        return _as_seen(self.file, known[-1], day) if known and known[-1] is not None else None

    def change(self, day: date, **changed: Any) -> None:
        """Change the record from a day on."""
        last = self.versions[-1][1]
        assert last is not None
        self.versions.append((day, {**last, **changed}))

    def delete(self, day: date) -> None:
        """Take the record away from a day on."""
        self.versions.append((day, None))

    @property
    def gone(self) -> bool:
        """Whether the newest version is that there is none."""
        return self.versions[-1][1] is None


@dataclass
class World:
    """Everything that the services know, and who does what to it; the same seed gives the same world."""

    seed: int
    entries: list[Entry] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    """TRNs of the people who are to be erased."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.number = 0
        for cycle in OPENS:
            for _ in range(CANDIDATES):
                self.candidate(cycle)
        for year in (2022, 2023, 2024, 2025, 2026):
            for _ in range(TRAINEES):
                self.trainee(year)
        for year in (2025, 2026):
            for _ in range(ADVERTS):
                self.vacancy(year)
        for urn in SCHOOLS:
            self.school(urn)
        self.providers()
        self.months()
        early = self.add("application_choices", date(2023, 11, 6), **self._choice(2024, "early"))
        early.versions[0][1].update(_rejected(("school_placement",), date(2024, 3, 4)))  # type: ignore[union-attr]
        self.early = early

    def add(self, file: str, since: date, **record: Any) -> Entry:
        """Add a record that drops have from a day on."""
        entry = Entry(file, [(since, record)])
        self.entries.append(entry)
        return entry

    def of(self, file: str) -> list[Entry]:
        """Return the records of a file that are not gone."""
        return [entry for entry in self.entries if entry.file == file and not entry.gone]

    def candidate(self, cycle: int, since: date | None = None) -> None:
        """Add a candidate with one or two choices; known later than they happened, if ``since`` is given."""
        self.number += 1
        for _ in range(self.chance.choice((2, 3, 4, 4))):
            record = self._choice(cycle, f"C{self.number}")
            self.add("application_choices", since or date.fromisoformat(record["sent"]), **record)

    def _choice(self, cycle: int, candidate: str) -> Record:
        self.number += 1
        sent = OPENS[cycle] + self._early(300)
        record = {
            "id": str(self.number),
            "candidate_id": candidate,
            "recruitment_cycle_year": cycle,
            "provider_region_code": self.chance.choice(REGIONS),
            "provider_code": "1AB",
            "sent": sent.isoformat(),
            "status": self.chance.choice(("recruited", "declined", "awaiting_provider_decision")),
        }
        if self.chance.random() < 0.6:
            reasons = [one for one in REASONS if cycle > 2024 or "school" not in str(one)]
            record |= _rejected(self.chance.choice(reasons), sent + timedelta(days=self.chance.randrange(2, 40)))
        return record

    def _early(self, days: int) -> timedelta:
        """Return some days, few more often than many: what opens is busy at first."""
        return timedelta(days=int(days * self.chance.random() ** 2))

    def trainee(self, year: int, since: date | None = None) -> None:
        """Add a trainee of an academic year."""
        self.number += 1
        starts = date(year, 9, 4)
        chance = self.chance.random()
        record: Record = {
            "trainee_id": f"t{self.number}",
            "trn": f"{2000000 + self.number}",
            "training_route": "12",
            "ukprn": "10000001",
            "starts": starts.isoformat(),
            "placements": [{"urn": str(self.chance.choice(SCHOOLS))}],
        }
        if chance < 0.25:
            record["left"] = (starts + timedelta(days=self.chance.randrange(20, 330))).isoformat()
            record["why"] = self.chance.choice(WITHDRAWN_FOR)
        else:
            record["awarded"] = (starts + timedelta(days=self.chance.randrange(290, 330))).isoformat()
        self.add("trainees", since or starts, **record)

    def vacancy(self, year: int, since: date | None = None) -> None:
        """Add an advert of an academic year with its applications."""
        self.number += 1
        published = date(year, 9, 10) + self._early(300)
        closes = published + timedelta(days=20)
        vacancy = f"v{self.number}"
        self.add(
            "vacancies",
            since or published,
            vacancy_id=vacancy,
            organisation_urns=[str(self.chance.choice(SCHOOLS))],
            publish_on=published.isoformat(),
            expires_at=f"{closes}T12:00:00Z",
            takes_applications=True,
            answer=self.chance.choice(ANSWERS),
            answered=(closes + timedelta(days=self.chance.randrange(5, 40))).isoformat(),
        )
        trainees = list(self.of("trainees"))
        offered = self.chance.random() < 0.7
        for place in range(self.chance.randrange(1, 5)):
            self.number += 1
            sent = published + timedelta(days=self.chance.randrange(15))
            trn = self.chance.choice(trainees).versions[-1][1]["trn"] if self.chance.random() < 0.7 else None  # type: ignore[index]
            self.add(
                "applications",
                since or sent,
                application_id=f"ap{self.number}",
                vacancy_id=vacancy,
                trn=trn,
                sent=sent.isoformat(),
                offered=(closes + timedelta(days=3)).isoformat() if offered and place == 0 else None,
                qualified_teacher_status=self.chance.choice(("on_track", "on_track", "yes")),
            )

    def school(self, urn: int) -> None:
        """Add a school and what it does on the placements service."""
        region, phase = self.chance.choice(GORS), self.chance.choice(PHASES)
        self.add("schools", date(2020, 1, 1), urn=urn, region=region, phase=phase)
        day = date(2025, 9, 10) + timedelta(days=self.chance.randrange(200))
        self.add("school_activity", day, **drops.school(urn - 100000, sign_in_dates=[day.isoformat()]))
        self.number += 1
        allocation = drops.allocation(self.number, school_urn=str(urn), created_at=f"{day}T10:00:00Z")
        self.add("mentor_allocations", day, **allocation | {"updated_at": f"{day}T10:00:00Z"})

    def providers(self) -> None:
        """Add two providers with courses in every cycle."""
        for code, ukprn, region in (("1AB", "10000001", "london"), ("2CD", "10000002", "north_west")):
            self.add("provider_activity", date(2023, 9, 1), provider_code=code, sign_in_dates=["2025-10-02"])
            for cycle in OPENS:
                provider = {"code": code, "recruitment_cycle_year": cycle, "ukprn": ukprn, "region_code": region}
                self.add("providers", date(2023, 9, 1), **provider, accredited_body=True)
                self.add("courses", date(2023, 9, 1), provider_code=code, code="C", recruitment_cycle_year=cycle)

    def months(self) -> None:
        """Add what the service team says of each month; its draws are of their own."""
        chance = random.Random(f"{self.seed}:months")
        for service, (first, last, channels) in RUN.items():
            for end in months.ends(first, last):
                key = {"month": f"{end:%Y-%m}", "service": service}
                for channel in channels:
                    completed = chance.randrange(200)
                    started = completed + chance.randrange(50) if channel in ONLINE else ""
                    row = {"channel": channel, "started": started, "completed": completed}
                    self.add("transactions", end + TOLD_AFTER, **key, **row)
                answers = {level: chance.randrange(12) for level in LEVELS}
                self.add("satisfaction", end + TOLD_AFTER, **key, **answers)
                for category in ("staff", "technology", "support", "other"):
                    cost = {"category": category, "pounds": f"{chance.randrange(10_000_00) / 100:.2f}"}
                    self.add("costs", end + TOLD_AFTER, **key, **cost)

    # What goes wrong and is put right.

    def edit(self, month: int, day: date) -> list[str]:
        """Correct records from a day on as people do, more kinds of it in some months; return what was done."""
        done = []
        cycle = self.chance.choice((2024, 2025, 2026))
        self.candidate(cycle, since=day)
        done.append(f"a candidate of cycle {cycle} comes late")
        self._one("application_choices").delete(day)
        done.append("an application is deleted")
        moved = self._one("application_choices")
        moved.change(day, provider_region_code=self.chance.choice(REGIONS))
        done.append("an application moves to another region")
        if month == 2:
            self.early.change(day, **_rejected(("qualifications",), date(2024, 3, 4)))
            done.append(f"{EARLY} has another one")
        if month % 3 == 0:
            self.trainee(self.chance.choice((2023, 2024, 2025)), since=day)
            done.append("a trainee comes late")
        if month % 3 == 1:
            self._one("trainees").delete(day)
            done.append("a trainee is deleted")
        if month % 4 == 1:
            self._one("application_choices").change(day, hide_in_reporting=True)
            done.append("a candidate is hidden")
        if month % 4 == 2:
            self.vacancy(2025, since=day)
            self._one("vacancies").change(day, organisation_urns=[str(self.chance.choice(SCHOOLS))])
            done.append("an advert comes late, another is of another school")
        if month % 4 == 3:
            answers = [entry for entry in self.of("satisfaction") if entry.versions[0][0] < day]
            self.chance.choice(answers).change(day, satisfied=self.chance.randrange(12))
            done.append("the answers of a month are put right")
        return done

    def erase(self) -> str:
        """Choose a trainee to be erased and return the TRN; the services take the record away too."""
        chosen = self._one("trainees")
        trn = str(chosen.versions[-1][1]["trn"])  # type: ignore[index]
        chosen.delete(date(2020, 1, 1))
        chosen.versions.sort(key=lambda version: version[1] is None)
        self.erased.append(trn)
        return trn

    def _one(self, file: str) -> Entry:
        return self.chance.choice([entry for entry in self.of(file) if entry is not self.early])

    def files(self, day: date) -> dict[str, dict[str, list[Record]]]:
        """Return the records that each source drops on a day, by file."""
        found: dict[str, dict[str, list[Record]]] = {source: {name: [] for name in names} for source, names in FILES}
        of = {name: source for source, names in FILES for name in names}
        for entry in self.entries:
            record = entry.on(day)
            if record is not None:
                found[of[entry.file]][entry.file].append(record)
        return found


FILES = (
    ("apply", ("application_choices",)),
    ("register", ("trainees",)),
    ("placements", ("mentor_allocations", "school_activity", "provider_activity")),
    ("vacancies", ("vacancies", "applications")),
    ("providers", ("providers", "courses")),
    ("schools", ("schools",)),
    ("service", ("transactions", "satisfaction", "costs")),
)


def _rejected(reasons: tuple[str, ...], on: date) -> Record:
    return {"rejected": on.isoformat(), "rejection_reasons_type": "rejection_reasons", "reasons": list(reasons)}


def _as_seen(file: str, record: Record, day: date) -> Record | None:
    """Return a record as its service tells it on a day: what has not happened yet is not in it."""
    seen = _SEEN.get(file, lambda record, _: dict(record))(dict(record), day.isoformat())
    return (
        None
        if seen is None
        else {
            **seen,
            **(
                {}
                if file in {"schools", "transactions", "satisfaction", "costs"}
                else {"updated_at": f"{day}T10:00:00Z"}
            ),
        }
    )


def _choice_seen(record: Record, day: str) -> Record | None:
    sent, rejected, reasons = record.pop("sent"), record.pop("rejected", None), record.pop("reasons", None)
    if sent > day:
        return None
    seen = drops.choice(1) | record | {"sent_to_provider_at": f"{sent}T10:00:00Z", "rejection_reasons_type": None}
    if rejected and rejected <= day:
        told = {"rejection_reasons_type": "rejection_reasons", "structured_rejection_reasons": None}
        seen |= told | {"status": "rejected", "rejected_at": f"{rejected}T10:00:00Z", "rejection_reason_ids": reasons}
    return seen


def _trainee_seen(record: Record, day: str) -> Record | None:
    starts, left, awarded = record.pop("starts"), record.pop("left", None), record.pop("awarded", None)
    why = record.pop("why", None)
    seen = drops.trainee(1) | record | {"itt_start_date": starts, "trainee_start_date": starts}
    if left and left <= day:
        seen |= {"state": "withdrawn", "withdrawal_date": left, "withdrawal_reasons": [why]}
    if awarded and awarded <= day:
        seen |= {"state": "awarded", "awarded_at": f"{awarded}T10:00:00Z"}
    return seen


def _vacancy_seen(record: Record, day: str) -> Record | None:
    answer, answered = record.pop("answer"), record.pop("answered")
    told = {"hired_status": answer, "stats_updated_at": f"{answered}T10:00:00Z"} if answer and answered <= day else {}
    return drops.vacancy(1) | record | told


def _application_seen(record: Record, day: str) -> Record | None:
    sent, offered = record.pop("sent"), record.pop("offered")
    seen = drops.application(1) | record | {"submitted_at": f"{sent}T10:00:00Z", "status": "submitted"}
    if offered and offered <= day:
        seen |= {"status": "offered", "offered_at": f"{offered}T10:00:00Z"}
    return seen


_SEEN = {
    "application_choices": _choice_seen,
    "trainees": _trainee_seen,
    "applications": _application_seen,
    "vacancies": _vacancy_seen,
    "schools": lambda record, _: extracts.school(**record),
}


def days(months: int, first: date = date(2025, 11, 30)) -> Iterator[tuple[int, date, bool]]:
    """Yield the days of releases: every month's end, and after every third one a day in mid-month too."""
    day = first
    for month in range(months):
        yield month, day, True
        if month % 3 == 2:
            yield month, day + timedelta(days=14), False
        following = (day + timedelta(days=40)).replace(day=1)
        day = following - timedelta(days=1)
