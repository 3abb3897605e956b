"""Drops turned back into the tables that the services stream to BigQuery, as dfe-analytics-dataform makes them of them.

What a service keeps once is one row here, under the names of its own schema (the queries beside the ingests cite it):
a trainee's placements are rows of ``placements``, a sign-in is a version of a user. Only the columns that the queries
read are there, and a few beside them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from local.bigquery import storable
from placements_kpi import times

PROJECT, DATASET = "dfe-local", "dataform"
LOCATION = f"bigquery://{PROJECT}/{DATASET}"
Row = dict[str, Any]

EARLY = "2020-01-01T00:00:00+00:00"
"""When the first versions begin."""
MANAGE, FIND = "itt_mentor_services", "find_placement_schools"

_KINDS = {
    "ARRAY<STRING>": "job_roles phases",
    "BOOL": "admin placements_service hide_in_reporting rejected_by_default enable_job_applications "
    "is_statutory_induction_complete",
    "DATE": "starts_on itt_start_date itt_end_date trainee_start_date defer_date reinstate_date date publish_on",
    "INT64": "recruitment_cycle_year",
    "TIMESTAMP": "valid_from valid_to",
}
_KIND = {column: kind for kind, columns in _KINDS.items() for column in columns.split()}


def kind(column: str) -> str:
    """Return the type of a column, which its name says: dataform's configuration gives one to each."""
    return _KIND.get(column) or ("TIMESTAMP" if column.endswith("_at") else "STRING")


_COLUMNS = {
    "apply": {
        "application_choices_latest": "id application_form_id current_course_option_id status sent_to_provider_at "
        "rejected_at rejected_by_default rejection_reasons_type rejection_reason structured_rejection_reasons "
        "personal_statement created_at updated_at",
        "application_forms_latest": "id candidate_id created_at updated_at",
        "candidates_latest": "id hide_in_reporting created_at updated_at",
        "course_options_latest": "id course_id created_at updated_at",
        "courses_latest": "id provider_id accredited_provider_id recruitment_cycle_year code level funding_type",
        "providers_latest": "id code region_code name",
    },
    "register": {
        "trainees_latest": "id slug trn provider_id state training_route course_education_phase itt_start_date "
        "itt_end_date trainee_start_date awarded_at defer_date reinstate_date discarded_at first_names created_at "
        "updated_at",
        "providers_latest": "id ukprn name created_at updated_at",
        "trainee_withdrawals_latest": "id trainee_id date trigger discarded_at created_at updated_at",
        "trainee_withdrawal_reasons_latest": "id trainee_withdrawal_id withdrawal_reason_id",
        "withdrawal_reasons_latest": "id name created_at updated_at",
        "placements_latest": "id trainee_id school_id urn name created_at updated_at",
        "schools_latest": "id urn name created_at updated_at",
    },
    MANAGE: {
        "academic_years_latest": "id starts_on",
        "hosting_interests_latest": "id school_id academic_year_id appetite created_at",
        "placement_mentor_joins_version": "id placement_id mentor_id trainee_id trn created_at updated_at valid_from "
        "valid_to",
        "placements_latest": "id school_id academic_year_id provider_id created_at",
        "placements_version": "id school_id academic_year_id provider_id created_at valid_from valid_to",
        "providers_latest": "id code ukprn placements_service updated_at",
        "providers_version": "id code ukprn placements_service updated_at valid_from valid_to",
        "schools_latest": "id urn placements_service updated_at",
        "schools_version": "id urn placements_service updated_at valid_from valid_to",
        "user_memberships_version": "id user_id organisation_type organisation_id created_at valid_from valid_to",
        "users_latest": "id type email last_signed_in_at",
        "users_version": "id type email last_signed_in_at valid_from valid_to",
    },
    FIND: {
        "academic_years_latest": "id starts_on",
        "organisations_version": "id type urn code ukprn updated_at valid_from valid_to",
        "placement_preferences_latest": "id organisation_id academic_year_id appetite created_at",
        "user_memberships_version": "id user_id organisation_id created_at valid_from valid_to",
        "users_latest": "id admin email_address last_signed_in_at",
        "users_version": "id admin email_address last_signed_in_at valid_from valid_to",
    },
    "teaching_vacancies": {
        "vacancies_latest": "id type job_roles ect_status phases contract_type publish_on expires_at starts_on "
        "discarded_at hired_status stats_updated_at enable_job_applications receive_applications external_source "
        "publisher_ats_api_client_id job_title updated_at",
        "organisations_latest": "id type urn uid name",
        "organisation_vacancies_latest": "id organisation_id vacancy_id",
        "job_applications_latest": "id vacancy_id status submitted_at offered_at declined_at withdrawn_at "
        "qualified_teacher_status qualified_teacher_status_year is_statutory_induction_complete "
        "teacher_reference_number first_name updated_at",
    },
}


_TABLES = {(source, table): columns.split() for source, tables in _COLUMNS.items() for table, columns in tables.items()}


class Tables:
    """Rows as NDJSON, a file a table; a row with columns that its table has not is a mistake."""

    def __init__(self, folder: Path) -> None:
        """Write into ``folder``."""
        self._folder = folder
        self._files = {(of, table): (folder / f"{table}_{of}").open("wb") for of, table in _TABLES}

    def add(self, source: str, table: str, /, **row: Any) -> None:
        """Add a row; columns that it does not give are null."""
        if unknown := row.keys() - _TABLES[source, table]:
            raise KeyError(f"{table} of {source} has no {sorted(unknown)}")
        fields = {name: value for name, value in row.items() if value is not None}
        self._files[source, table].write(json.dumps(fields).encode() + b"\n")

    def close(self) -> None:
        """End the files."""
        for file in self._files.values():
            file.close()


def named() -> dict[str, list[str]]:
    """Return the columns of each table by the name that it has in BigQuery."""
    return {f"{table}_{source}": columns for (source, table), columns in _TABLES.items()}


def write(sources: Path, to: Path) -> None:
    """Write the tables of all services whose drops :func:`local.bigquery.storable.write` has written to ``sources``."""
    tables = Tables(to)
    _apply(tables, sources)
    _register(tables, sources)
    _placements(tables, sources)
    _vacancies(tables, sources)
    tables.close()


class _Once:
    """Writes the rows that others point to, each once."""

    def __init__(self, tables: Tables, source: str) -> None:
        self._tables = tables
        self._source = source
        self._seen: set[tuple[str, Any]] = set()

    def __call__(self, table: str, key: Any, **row: Any) -> Any:
        """Return ``key``, under which the row is there now; nothing is there under ``None``."""
        if key is not None and (table, key) not in self._seen:
            self._seen.add((table, key))
            self._tables.add(self._source, table, id=key, **row)
        return key


def _some(row: Row, names: str) -> Row:
    return {name: row.get(name) for name in names.split()}


def _apply(tables: Tables, folder: Path) -> None:
    once = _Once(tables, "apply")
    for row in storable.rows(folder, "apply", "application_choices"):
        place = [row.get(name) for name in ("provider_code", "provider_region_code", "accredited_provider_code")]
        what = [row.get(name) for name in ("recruitment_cycle_year", "course_code", "course_level", "funding_type")]
        provider = place[0] and f"{place[0]}|{place[1]}"
        once("providers_latest", provider, code=place[0], region_code=place[1])
        once("providers_latest", place[2], code=place[2])
        course = "|".join(map(str, [*place, *what]))
        once(
            "courses_latest", course, provider_id=provider, accredited_provider_id=place[2],
            recruitment_cycle_year=what[0], code=what[1], level=what[2], funding_type=what[3],
        )  # fmt: skip
        once("course_options_latest", f"option of {course}", course_id=course)
        candidate = row.get("candidate_id")
        once("candidates_latest", candidate, hide_in_reporting=row["hide_in_reporting"])
        form = f"form of {row['id']}"
        once("application_forms_latest", form, candidate_id=candidate)
        columns = (
            "id status sent_to_provider_at rejected_at rejected_by_default rejection_reasons_type rejection_reason"
        )
        tables.add(
            "apply", "application_choices_latest", **_some(row, columns), updated_at=row.get("updated_at"),
            application_form_id=form, current_course_option_id=f"option of {course}",
            structured_rejection_reasons=_reasons(row),
        )  # fmt: skip


def _reasons(row: Row) -> str | None:
    """Return the reasons of a choice as the service keeps them; ids alone become its present shape."""
    given = row.get("structured_rejection_reasons")
    if given is not None:
        return given if isinstance(given, str) else json.dumps(given)
    if row.get("rejection_reason_ids") is None:
        return None
    selected = []
    for reason in row["rejection_reason_ids"]:
        top, _, leaf = reason.partition(".")
        selected.append({"id": top} | ({"selected_reasons": [{"id": leaf}]} if leaf else {}))
    return json.dumps({"selected_reasons": selected})


def _register(tables: Tables, folder: Path) -> None:
    once = _Once(tables, "register")
    columns = (
        "trn state training_route course_education_phase itt_start_date itt_end_date trainee_start_date awarded_at "
        "defer_date reinstate_date created_at updated_at"
    )
    for number, row in enumerate(storable.rows(folder, "register", "trainees")):
        trainee, ukprn = str(number), row.get("ukprn")
        once("providers_latest", ukprn, ukprn=ukprn)
        tables.add(
            "register", "trainees_latest", id=trainee, slug=row["trainee_id"], provider_id=ukprn, **_some(row, columns)
        )
        reasons, day, trigger = (row.get(f"withdrawal_{name}") for name in ("reasons", "date", "trigger"))
        if reasons or day or trigger:
            tables.add(
                "register", "trainee_withdrawals_latest", id=f"w{number}", trainee_id=trainee, date=day,
                trigger=trigger, created_at=row.get("updated_at"),
            )  # fmt: skip
            # An older one that was thrown away, and one that a newer one has taken the place of.
            for older, at in (("gone", row.get("updated_at")), ("old", None)):
                tables.add(
                    "register", "trainee_withdrawals_latest", id=f"{older}{number}", trainee_id=trainee,
                    trigger="provider", created_at=EARLY, discarded_at=at,
                )  # fmt: skip
        for reason in reasons or ():
            once("withdrawal_reasons_latest", reason, name=reason)
            tables.add(
                "register", "trainee_withdrawal_reasons_latest", id=f"{number}-{reason}",
                trainee_withdrawal_id=f"w{number}", withdrawal_reason_id=reason,
            )  # fmt: skip
        for place, placement in enumerate(row.get("placements") or ()):
            urn = placement.get("urn")
            school = once("schools_latest", urn, urn=urn) if place % 2 else None  # some are typed by hand
            tables.add(
                "register", "placements_latest", id=f"{number}-{place}", trainee_id=trainee, school_id=school,
                urn=None if school else urn,
            )  # fmt: skip


def _placements(tables: Tables, folder: Path) -> None:
    for source in (MANAGE, FIND):
        for begins in range(2015, 2031):
            tables.add(source, "academic_years_latest", id=str(begins), starts_on=f"{begins}-09-01")
    for number, row in enumerate(storable.rows(folder, "placements", "school_activity")):
        Organisation(tables, number, row, "school").write()
    for number, row in enumerate(storable.rows(folder, "placements", "provider_activity")):
        Organisation(tables, number, row, "provider").write()
    once = _Once(tables, MANAGE)
    for row in storable.rows(folder, "placements", "mentor_allocations"):
        urn, code, placement = row.get("school_urn"), row.get("provider_code"), row["placement_id"]
        # The service has every school, whether it takes part or not.
        school = once("schools_latest", urn and f"urn {urn}", urn=urn, placements_service=False)
        provider = once("providers_latest", code and f"code {code}", code=code, placements_service=False)
        year = str(row["academic_year"])
        once(
            "placements_version", placement, school_id=school, academic_year_id=year, provider_id=provider,
            valid_from=EARLY,
        )  # fmt: skip
        fields = _some(row, "mentor_id trainee_id trn created_at updated_at") | {"placement_id": placement}
        changed = row.get("updated_at") or row["created_at"]
        for valid_from, valid_to in ((EARLY, changed), (changed, row.get("deleted_at"))):
            tables.add(
                MANAGE, "placement_mentor_joins_version", id=row["allocation_id"], **fields, valid_from=valid_from,
                valid_to=valid_to,
            )  # fmt: skip


@dataclass
class Organisation:
    """A school or provider, as one placements service or both have it."""

    tables: Tables
    number: int
    row: Row
    kind: str

    def write(self) -> None:
        """Share it out: every seventh is in both services, of the others a third in Find."""
        row, both = self.row, self.number % 7 == 0 and self.row.get("onboarded")
        in_find = self.number % 3 == 1 and not row.get("placements") and row.get("onboarded_at")
        if in_find and not both:
            self._organisation(FIND)
            self._preferences(FIND, "placement_preferences_latest", "organisation_id")
            self._people(FIND)
            return
        self._organisation(MANAGE)
        self._people(MANAGE)
        for place, entry in enumerate(row.get("placements") or ()):
            self.tables.add(
                MANAGE, "placements_latest", id=f"{self.id}-{place}", school_id=self.id,
                academic_year_id=str(entry["academic_year"]), created_at=entry["created_at"],
            )  # fmt: skip
        if not both:
            self._preferences(MANAGE, "hosting_interests_latest", "school_id")
        elif self.kind == "school" and row.get("hosting_preferences"):
            self._organisation(FIND)
            self._preferences(FIND, "placement_preferences_latest", "organisation_id")
        elif row.get("onboarded_at") and row.get("sign_in_dates") is not None:
            self._organisation(FIND)
            self._user(FIND, "other", row["onboarded_at"], None, ())

    @property
    def id(self) -> str:
        """Its id, the same in both services."""
        return f"{self.kind} {self.number}"

    def _organisation(self, source: str) -> None:
        row = self.row
        names = (
            {"urn": row["school_urn"]}
            if self.kind == "school"
            else _some(row, "ukprn") | {"code": row["provider_code"]}
        )
        fields = {"id": self.id, **names, "updated_at": row.get("updated_at")}
        version = {"valid_from": EARLY, "valid_to": row.get("deleted_at")}
        if source == FIND:
            self.tables.add(FIND, "organisations_version", type=self.kind.title(), **fields, **version)
            return
        fields["placements_service"] = bool(row.get("onboarded"))
        self.tables.add(MANAGE, f"{self.kind}s_version", **fields, **version)
        self.tables.add(MANAGE, f"{self.kind}s_latest", **fields)

    def _preferences(self, source: str, table: str, key: str) -> None:
        for place, entry in enumerate(self.row.get("hosting_preferences") or ()):
            fields = {"id": f"{self.id}-{place}", key: self.id, "academic_year_id": str(entry["academic_year"])}
            self.tables.add(source, table, **fields, **_some(entry, "appetite created_at"))

    def _people(self, source: str) -> None:
        """Write who signs in: the first, who has left since, who had signed in before coming, and staff."""
        row = self.row
        last, days, joined = row.get("last_signed_in_at"), row.get("sign_in_dates"), row.get("onboarded_at")
        before = [day for day in days or () if joined is None or _noon(day) < joined]
        if before:
            self._user(source, "left", EARLY, None, before, left=joined or row.get("updated_at"))
        since = [day for day in days or () if day not in before]
        if joined is not None:
            known = None if days is None else since
            self._user(source, "first", joined, last if since else None, known)
            if last and not since:
                came = max(datetime.fromisoformat(last) + timedelta(hours=1), datetime.fromisoformat(joined))
                self._user(source, "late", came.isoformat(), last, None if days is None else ())
        self._user(source, "staff", EARLY, "2026-07-01T09:00:00+00:00", ("2026-07-01",), staff=True)

    def _user(
        self, source: str, name: str, joined: Any, last: Any, days: Any, *, left: Any = None, staff: bool = False
    ) -> None:
        """Write a user with a version for each day of signing in; with ``days`` of ``None`` no version has come."""
        user = f"{self.id} {name}"
        own: Row = {"admin": staff}
        of: Row = {}
        if source == MANAGE:
            own = {"type": f"Placements::{'SupportUser' if staff else 'User'}"}
            of = {"organisation_type": self.kind.title()}
        self.tables.add(
            source, "user_memberships_version", id=user, user_id=user, organisation_id=self.id, created_at=joined,
            valid_from=joined, valid_to=left, **of,
        )  # fmt: skip
        if left is None:
            self.tables.add(source, "users_latest", id=user, last_signed_in_at=last, **own)
        if days is None:
            return
        instants = [_noon(day) for day in days if last is None or day != _day(last)]
        begins = EARLY
        for at in [None, *sorted([*instants, *([last] if last and days else [])], key=datetime.fromisoformat)]:
            begins = at or begins
            self.tables.add(source, "users_version", id=user, last_signed_in_at=at, valid_from=begins, **own)


def _noon(day: str) -> str:
    return datetime.combine(datetime.fromisoformat(day), time(12), UTC).isoformat()


def _day(instant: str) -> str:
    return times.london_day(datetime.fromisoformat(instant)).isoformat()


def _vacancies(tables: Tables, folder: Path) -> None:
    source = "teaching_vacancies"
    once = _Once(tables, source)
    for row in storable.rows(folder, "vacancies", "vacancies"):
        vacancy = row["vacancy_id"]
        columns = (
            "job_roles ect_status phases contract_type publish_on expires_at starts_on discarded_at hired_status "
            "stats_updated_at updated_at"
        )
        tables.add(
            source, "vacancies_latest", id=vacancy, type="PublishedVacancy", **_some(row, columns),
            enable_job_applications=row.get("takes_applications"),
            external_source="ats" if row.get("is_external") else None,
        )  # fmt: skip
        places = [("School", "urn", urn) for urn in row["organisation_urns"]]
        places += [("SchoolGroup", "uid", row["trust_uid"])] if row.get("trust_uid") else []
        for type_, name, code in places:
            organisation = once("organisations_latest", f"{type_} {code}", type=type_, **{name: code})
            link = f"{vacancy} {organisation}"
            once("organisation_vacancies_latest", link, organisation_id=organisation, vacancy_id=vacancy)
    for row in storable.rows(folder, "vacancies", "applications"):
        columns = (
            "vacancy_id status submitted_at offered_at declined_at withdrawn_at qualified_teacher_status "
            "qualified_teacher_status_year is_statutory_induction_complete updated_at"
        )
        tables.add(
            source, "job_applications_latest", id=row["application_id"], **_some(row, columns),
            teacher_reference_number=row.get("trn"),
        )  # fmt: skip
