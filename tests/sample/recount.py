"""The six headlines counted a second time, from the files of a sample, by a plain reading of the book (docs/book).

The generator tallies what it decided; this reads what it wrote. They share no code: agreement means that the
files hold what the answers say. Slow and simple on purpose: every rule is one test on one record.
"""

from __future__ import annotations

import calendar
import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
FAR = date(9999, 12, 31)
LONG_AGO = date(1800, 1, 1)
REGION_CODES = {
    code: f"E1200000{number}"
    for number, code in enumerate(
        "north_east north_west yorkshire_and_the_humber east_midlands west_midlands eastern london south_east "
        "south_west".split(),
        1,
    )
}
CAPACITY = {"school_placement", "course_full", "R08", "R10"}
LEAVES = {
    "no_placements": "school_placement",
    "salary_course_full": "course_full",
    "subject_knowledge": "teaching_knowledge",
}
KNOWN_REASONS = set(
    "qualifications personal_statement teaching_knowledge communication_and_scheduling references safeguarding "
    "visa_sponsorship course_full school_placement other R01 R02 R03 R04 R06 R07 R08 R09 R10".split()
)
FLAT_REASONS = (
    "candidate_behaviour quality_of_application qualifications performance_at_interview course_full "
    "offered_on_another_course honesty_and_professionalism safeguarding cannot_sponsor_visa"
).split()
OTHER_ROUTES = {"assessment_only", "16", "Assessment only"}
EARLY_YEARS = {"18", "19", "20", "17"}
NIOT = "1YF 21J 1GV 2HE 24P 1MN 1TZ 5J5 7K9 L06 2P4 21P 1FE 3P4 3L4 2H7 2A6 4W2 4L1 4L3 4C2 5A6 2U6".split()


def london(value: str | None) -> date | None:
    """Return the London day of an instant."""
    if not value:
        return None
    return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(ZoneInfo("Europe/London")).date()


def iso_day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def trn(value: str | None) -> str | None:
    letters, digits = re.fullmatch(r"([A-Z]*)(.*)", (value or "").replace(" ", "")).groups()
    for stroke in "/-":
        if digits.count(stroke) == 1 and not digits.endswith(stroke):
            digits = digits.replace(stroke, "")
            break
    if letters not in {"", "RP", "TRN"} or not (digits.isascii() and digits.isdigit()):
        return None
    if not 5 <= len(digits) <= 7 or len(set(digits)) == 1 or digits == "1234567":
        return None
    return digits.zfill(7)


def parses(check: Callable[[Any], object], value: Any) -> bool:
    try:
        check(value)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


class Sample:
    """A written sample."""

    def __init__(self, folder: Path, as_of: date = date(2026, 7, 14), month_end: date = date(2026, 6, 30)) -> None:
        self.folder, self.as_of, self.month_end = folder, as_of, month_end

    def rows(self, source: str, name: str) -> Iterator[Record]:
        for path in self.folder.glob(f"{source}/dt=*/{name}.ndjson.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)

    def newest(self, source: str, name: str, key: tuple[str, ...], newest_by: str, required: Iterable[str],
               instants: Iterable[str] = (), types: dict[str, type] | None = None) -> list[Record]:  # fmt: skip
        """Return the good rows of a file, one for each key."""
        best: dict[tuple[Any, ...], tuple[datetime, Record]] = {}
        for row in self.rows(source, name):
            if any(row.get(column) in (None, "") for column in required):
                continue
            if not all(row.get(column) is None or parses(london, row[column]) for column in instants):
                continue
            if not all(
                row.get(column) is None or isinstance(row[column], kind) for column, kind in (types or {}).items()
            ):
                continue
            stamp = datetime.fromisoformat((row.get(newest_by) or "1900-01-01T00:00:00Z").replace("Z", "+00:00"))
            identity = tuple(row[column].upper() if column.endswith("code") else row[column] for column in key)
            if identity not in best or stamp >= best[identity][0]:
                best[identity] = (stamp, row)
        return [row for _, row in best.values()]

    # Schools

    @cached_property
    def schools(self) -> dict[str, Record]:
        found: dict[str, Record] = {}
        (path,) = self.folder.glob("schools/dt=*/edubasealldata*.csv")
        with path.open(encoding="cp1252", newline="") as file:
            reader = csv.reader(file)
            header = next(reader)
            for cells in reader:
                row = dict(zip(header, cells, strict=False))
                if len(cells) != len(header) or not row["URN"]:
                    continue
                day = {
                    name: datetime.strptime(row[name].replace("/", "-"), "%d-%m-%Y").date() if row[name] else None
                    for name in ("OpenDate", "CloseDate", "LastChangedDate")
                }
                school = {
                    "urn": row["URN"],
                    "status": row["EstablishmentStatus (code)"],
                    "type": int(row["TypeOfEstablishment (code)"]),
                    "group": row["EstablishmentTypeGroup (code)"],
                    "gor": row["GOR (code)"],
                    "open": day["OpenDate"] if day["OpenDate"] and day["OpenDate"] > date(1900, 1, 1) else LONG_AGO,
                    "close": day["CloseDate"],
                    "changed": day["LastChangedDate"],
                }
                if school["urn"] not in found or school["changed"] >= found[school["urn"]]["changed"]:
                    found[school["urn"]] = school
        return found

    @cached_property
    def successors(self) -> dict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        (path,) = self.folder.glob("schools/dt=*/links*.csv")
        with path.open(encoding="cp1252", newline="") as file:
            for row in csv.DictReader(file):
                if row["LinkType"].startswith("Successor"):
                    found[row["URN"]].add(row["LinkURN"])
        return found

    def in_force(self, urn: str, day: date) -> list[str]:
        return [
            new
            for new in self.successors.get(urn, ())
            if new in self.schools and self.schools[new]["status"] != "4" and self.schools[new]["open"] <= day
        ]

    def last_day(self, school: Record) -> date:
        """Return the last day of a school that is or was open at some time."""
        close = school["close"]
        if school["status"] == "2":
            if close is None:
                return date.min
            new = self.in_force(school["urn"], close)
            same_day = len(new) == 1 and self.schools[new[0]]["open"] == close
            return close - timedelta(days=1) if same_day else close
        return FAR if close is None or close < self.as_of else close

    def is_open(self, urn: str, day: date) -> bool:
        school = self.schools.get(urn)
        return bool(school and school["status"] != "4" and school["open"] <= day <= self.last_day(school))

    def counted(self, urn: str, day: date) -> str:
        """Return the URN that a URN counts as on a day."""
        seen = [urn]
        while not self.is_open(seen[-1], day):
            new = self.in_force(seen[-1], day)
            if len(new) != 1:
                break
            if new[0] in seen:
                return max(seen[seen.index(new[0]) :], key=int)
            seen.append(new[0])
        return seen[-1] if self.is_open(seen[-1], day) or len(seen) > 1 else urn

    def in_england(self, urn: str) -> bool:
        school = self.schools[urn]
        return school["gor"] != "W" and school["type"] not in (25, 30, 37) and school["group"] != "6"

    def in_d2(self, urn: str, day: date) -> bool:
        return (
            urn in self.schools
            and self.in_england(urn)
            and self.is_open(urn, day)
            and self.schools[urn]["group"] in {"3", "4", "5", "10", "11"}
        )

    def d2(self, day: date) -> int:
        return sum(self.in_d2(urn, day) for urn in self.schools)

    # KPI 1

    @cached_property
    def choices(self) -> list[Record]:
        rows = self.newest(
            "apply", "application_choices", ("id",), "updated_at", ("id", "status", "recruitment_cycle_year"),
            ("sent_to_provider_at", "rejected_at"), {"recruitment_cycle_year": int, "rejected_by_default": bool},
        )  # fmt: skip
        hidden = {row["candidate_id"] for row in rows if row["hide_in_reporting"]}
        return [row for row in rows if row["candidate_id"] not in hidden and row["candidate_id"]]

    @staticmethod
    def reason_ids(row: Record) -> list[str]:
        if "rejection_reason_ids" in row:
            return list(row["rejection_reason_ids"])
        shape = row.get("structured_rejection_reasons") or {}
        if "selected_reasons" in shape:
            return [reason["id"] for reason in shape["selected_reasons"]]
        ids = [name for name in FLAT_REASONS if shape.get(f"{name}_y_n") == "Yes"]
        return ["course_full" if id == "course_full" else "other" for id in ids] or (
            ["other"] if shape.get("why_are_you_rejecting_this_application") else []
        )

    def rejected(self, cycle: int, day: date) -> Iterator[tuple[Record, set[str]]]:
        """Yield the rejections of a cycle by a day, with the first parts of their reasons' ids."""
        for row in self.choices:
            sent, rejected = london(row["sent_to_provider_at"]), london(row["rejected_at"])
            if row["recruitment_cycle_year"] != cycle or row["course_level"] == "further_education":
                continue
            if not sent or sent > day or row["status"] != "rejected" or row["rejected_by_default"]:
                continue
            if not rejected or rejected > day:
                continue
            yield row, {LEAVES.get(id, id.split(".")[0]) for id in self.reason_ids(row)}

    def rejections(self, cycle: int, day: date) -> tuple[int, int]:
        numerator, denominator = set(), set()
        for row, firsts in self.rejected(cycle, day):
            if firsts & KNOWN_REASONS:
                denominator.add(row["candidate_id"])
            if firsts & CAPACITY:
                numerator.add(row["candidate_id"])
        return len(numerator & denominator), len(denominator)

    def rejections_for_capacity(self, cycle: int, day: date) -> dict[str, tuple[int, int]]:
        """Return rejections for capacity and readable ones by Apply's code of the provider's region."""
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row, firsts in self.rejected(cycle, day):
            if firsts & KNOWN_REASONS:
                region = REGION_CODES.get(row["provider_region_code"] or "", "not_available")
                found[region][0] += bool(firsts & CAPACITY)
                found[region][1] += 1
        return {region: (over, under) for region, (over, under) in found.items()}

    # KPI 2

    @cached_property
    def trainees(self) -> list[Record]:
        return self.newest(
            "register", "trainees", ("trainee_id",), "updated_at", ("trainee_id", "state"),
            ("withdrawal_date",), {"withdrawal_reasons": list},
        )  # fmt: skip

    @staticmethod
    def route(row: Record) -> str:
        route = row["training_route"]
        if route in OTHER_ROUTES or route == "apprenticeship_in_orbit":
            return "out"
        early = route.startswith(("early_years", "Early years")) or route in EARLY_YEARS
        return "early_years" if early else "qts"

    def outcomes(self, year: int) -> tuple[int, int]:
        first, last = date(year, 8, 1), date(year + 1, 7, 31)
        withdrawn = awarded = 0
        for row in self.trainees:
            reasons = set(row["withdrawal_reasons"])
            if row["state"] == "draft" or self.route(row) != "qts":
                continue
            start = iso_day(row["trainee_start_date"] or row["itt_start_date"])
            left, award = iso_day(row["withdrawal_date"]), london(row["awarded_at"])
            if row["state"] == "withdrawn":
                if reasons == {"record_added_in_error"} or left is None or start is None:
                    continue
                if reasons & {"moved_to_different_itt_course", "transferred_to_another_provider"}:
                    continue
                withdrawn += first <= left <= last and left - start >= timedelta(days=90)
            elif row["state"] == "awarded" and award:
                awarded += first <= award <= last
        return withdrawn, withdrawn + awarded

    def cohort(self, year: int, day: date) -> tuple[int, int]:
        october = [date(year, 10, dom) for dom in range(1, 32)]
        census = [d for d in october if d.weekday() == 2][1]
        at_risk = left = 0
        for row in self.trainees:
            reasons = set(row["withdrawal_reasons"])
            start = iso_day(row["trainee_start_date"] or row["itt_start_date"])
            if row["state"] == "draft" or self.route(row) != "qts" or start is None:
                continue
            if row["state"] == "withdrawn" and reasons == {"record_added_in_error"}:
                continue
            if date(year, 8, 1) <= start <= min(census, day):
                at_risk += 1
                moved = reasons & {"moved_to_different_itt_course", "transferred_to_another_provider"}
                gone = iso_day(row["withdrawal_date"])
                left += bool(row["state"] == "withdrawn" and not moved and gone and gone <= day)
        return left, at_risk

    # KPI 3

    @cached_property
    def allocations(self) -> list[Record]:
        return self.newest(
            "placements", "mentor_allocations", ("allocation_id",), "updated_at",
            ("allocation_id", "academic_year", "created_at"), ("created_at", "deleted_at"), {"academic_year": int},
        )  # fmt: skip

    def participation(self, year: int, day: date) -> tuple[int, int, int]:
        rows = [
            row
            for row in self.allocations
            if row["academic_year"] == year and (london(row["created_at"]) or FAR) <= day
        ]
        named = any(row["trainee_id"] or trn(row["trn"]) for row in rows)
        found = set()
        for row in rows:
            deleted = london(row["deleted_at"])
            trainee = (row["trainee_id"] or trn(row["trn"])) if named else row["provider_code"]
            if (deleted and deleted <= day) or not (trainee and row["mentor_id"] and row["placement_id"]):
                continue
            urn = self.counted(row["school_urn"], day)
            school = self.schools.get(urn)
            if school is None or not self.in_england(urn) or school["status"] == "4":
                continue
            if school["open"] <= day and self.last_day(school) >= date(year, 9, 1):
                found.add(urn)
        return len(found), sum(self.in_d2(urn, day) for urn in found), self.d2(day)

    # KPI 4

    def vacancies(self) -> tuple[int, int]:
        """Return vacancies filled by probable ECTs, and those filled by a person known to be one or not."""
        day = self.month_end
        trainees: defaultdict[str, list[Record]] = defaultdict(list)
        for row in self.trainees:
            number = trn(row["trn"])
            if number and row["state"] != "draft" and self.route(row) != "early_years":
                trainees[number].append(row)
        offers: defaultdict[str, list[Record]] = defaultdict(list)
        for row in self.newest(
            "vacancies", "applications", ("application_id",), "updated_at", ("application_id", "vacancy_id", "status"),
            ("offered_at",), {"qualified_teacher_status_year": int},
        ):  # fmt: skip
            on = london(row["offered_at"]) or (london(row["updated_at"]) if row["status"] == "offered" else None)
            ended = london(row["declined_at"] or row["withdrawn_at"])
            if on and on <= day and (row["status"] == "offered" or (ended and ended > day)):
                offers[row["vacancy_id"]].append(row | {"on": on})
        classes: defaultdict[str, int] = defaultdict(int)
        for row in self.newest(
            "vacancies", "vacancies", ("vacancy_id",), "updated_at", ("vacancy_id", "expires_at"), ("expires_at",),
            {"job_roles": list},
        ):  # fmt: skip
            expires, answered = london(row["expires_at"]), london(row["stats_updated_at"])
            assert expires
            discarded = london(row["discarded_at"])
            closed = expires <= day or (row["hired_status"] and answered and answered <= day)
            if not (date(2025, 9, 1) <= expires <= date(2026, 8, 31) and closed and "teacher" in row["job_roles"]):
                continue
            if (discarded and discarded <= day and discarded <= expires) or row["publish_on"] > day.isoformat():
                continue
            start = iso_day(row["starts_on"]) or expires
            told = [self.hire(offer, row, start, trainees, answered) for offer in offers[row["vacancy_id"]]]
            for name in ("conflict", "ect_probable", "ect_possible", "not_ect"):
                if name in told:
                    classes[name] += 1
                    break
        known = classes["ect_probable"] + classes["ect_possible"] + classes["not_ect"]
        return classes["ect_probable"], known

    def hire(
        self, offer: Record, vacancy: Record, start: date, trainees: dict[str, list[Record]], answered: date | None
    ) -> str:
        """Return what one standing offer says of its vacancy."""
        matches = trainees.get(trn(offer["trn"]) or "", [])
        year, done = offer["qualified_teacher_status_year"], offer["is_statutory_induction_complete"]
        if any(self.in_window(trainee, start) for trainee in matches):
            other = {
                "not_filled_ongoing",
                "not_filled_not_looking",
                "hired_other_free",
                "hired_paid",
                "hired_no_listing",
            }
            stands = answered and offer["on"] <= answered <= self.month_end
            return "conflict" if vacancy["hired_status"] in other and stands else "ect_probable"
        if matches:
            return "not_ect"
        recent = year is not None and year >= start.year - 2
        if offer["qualified_teacher_status"] == "on_track" or (recent and not done):
            return "ect_possible"
        return "not_ect" if done or (year is not None and not recent) else "person_unknown"

    @staticmethod
    def in_window(trainee: Record, start: date) -> bool:
        awarded, ends = london(trainee["awarded_at"]), iso_day(trainee["itt_end_date"])
        if awarded:
            return awarded >= months_before(start, 24)
        waiting = trainee["state"] in {"submitted_for_trn", "trn_received", "recommended_for_award"}
        return waiting and (ends is None or ends <= months_before(start, -6))

    # KPI 5

    @staticmethod
    def fold(code: str | None) -> str:
        """Return the code that a provider counts under."""
        return "2N2" if (code or "").upper() in NIOT else (code or "").upper()

    def running(self, year: int) -> dict[str, set[str]]:
        """Return for each provider with a running course in a cycle the codes that accredit its courses."""
        courses: dict[tuple[str, str], Record] = {}
        for row in self.rows("providers", "courses"):
            if row["provider_code"] and row["recruitment_cycle_year"] == year:
                courses[row["provider_code"], row["code"]] = row
        runs: defaultdict[str, set[str]] = defaultdict(set)
        for row in courses.values():
            if row["state"] in {None, "published", "published_with_unpublished_changes"}:
                runs[self.fold(row["provider_code"])].add(self.fold(row["accredited_body_code"]))
        return runs

    def sector(self, year: int, day: date) -> set[str]:
        runs = self.running(year)
        accrediting = set().union(*runs.values())
        rows = self.newest(
            "providers", "providers", ("recruitment_cycle_year", "code"), "changed_at",
            ("code", "recruitment_cycle_year"), ("changed_at",), {"accredited_body": bool},
        )  # fmt: skip
        found: set[str] = set()
        # A code's own row comes after those folded into it, and replaces what they said.
        for row in sorted(rows, key=lambda row: row["code"].upper() == self.fold(row["code"])):
            if row["recruitment_cycle_year"] != year:
                continue
            code, gone = self.fold(row["code"]), london(row["discarded_at"])
            found.discard(code)
            if row["region_code"] in {"wales", "scotland"} or code == "GP" or (gone and gone <= day):
                continue
            own = code in runs or code in accrediting
            if own if row["accredited_body"] else runs.get(code, set()) - {"", code}:
                found.add(code)
        return found

    def take_up(self, year: int, day: date) -> tuple[int, int]:
        sector = self.sector(year, day)
        rows = self.newest("placements", "provider_activity", ("provider_code",), "updated_at", ("provider_code",))
        active = {self.fold(row["provider_code"]) for row in rows if self.signed_in(row, date(year, 9, 1), day)}
        return len(sector & active), len(sector)

    @staticmethod
    def signed_in(row: Record, first: date, day: date) -> bool:
        deleted = london(row["deleted_at"])
        if deleted and deleted <= day:
            return False
        if row.get("sign_in_dates") is None:
            last = london(row["last_signed_in_at"])
            return bool(last and first <= last <= day)
        return any(first.isoformat() <= sign <= day.isoformat() for sign in row["sign_in_dates"])

    # KPI 6

    @cached_property
    def activity(self) -> list[Record]:
        rows = self.newest("placements", "school_activity", ("school_urn",), "updated_at", ("school_urn",))
        return [row for row in rows if row.get("sign_in_dates") is None or isinstance(row["sign_in_dates"], list)]

    def school_take_up(self, year: int, day: date) -> tuple[int, int]:
        active = set()
        for row in self.activity:
            deleted = london(row["deleted_at"])
            if deleted and deleted <= day:
                continue
            created = [
                london(item["created_at"])
                for item in row["hosting_preferences"]
                if item["academic_year"] in {year, year + 1}
            ] + [london(item["created_at"]) for item in row["placements"] if item["academic_year"] == year]
            if self.signed_in(row, date(year, 9, 1), day) or any(on and on <= day for on in created):
                active.add(self.counted(row["school_urn"], day))
        return sum(self.in_d2(urn, day) for urn in active), self.d2(day)
