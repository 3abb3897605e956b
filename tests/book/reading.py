"""What the drops say, read by the words of docs/book and the contracts of drops; no code of the ingest is used.

A row that lacks what every row must have, or has a value of the wrong type, is refused. Of rows with one id the newest
stays, of equally new ones the later; only then is a draft left out. People are told apart by what identifies them.
"""

import csv
import hashlib
import hmac
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.book.days import last_of_month
from tests.book.drops import Drops
from tests.book.world import Row, World

KEY = b"a key that is nobody's but these tests'"
"""What TRNs are keyed with; an owner who shares it may send the token instead."""

Kind = Callable[[Any], Any]


class RefusedError(Exception):
    """A row cannot be kept."""


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise RefusedError
    return value.strip() or None


def _id(form: str) -> Kind:
    """Return what reads an id of this form; what is written otherwise is refused (source contracts, Records)."""

    def read(value: Any) -> str | None:
        text = _text(value)
        if text is not None and not re.fullmatch(form, text):
            raise RefusedError
        return text

    return read


_HEX = "[0-9A-Fa-f]"
_own_id = _id(
    f"[A-Za-z]?[A-Za-z]?-?[0-9]*|[A-Za-z]?[0-9]+[a-z]|{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
)
_urn = _id("[0-9]{5}[0-9]?")
_ukprn = _id("[0-9]{8}")
_short_code = _id("[0-9A-Za-z]{1,4}|[A-Za-z][0-9A-Za-z]{4}")
_trust = _id("(TR)?[0-9]{1,5}")


def _number(value: Any) -> int | None:
    """Return a year: every number of the records is one."""
    if isinstance(value, str) and re.fullmatch("-?[0-9]+", value.strip()):
        value = int(value)
    if value is not None and (type(value) is not int or not 0 <= value <= 9999):
        raise RefusedError
    return value


def _yes_or_no(value: Any) -> bool | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower(), value)
    if value is not None and type(value) is not bool:
        raise RefusedError
    return value


def _day(value: Any) -> date | None:
    text = _text(value)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RefusedError from None


def _instant(value: Any) -> datetime | None:
    """Return an instant in UTC, without a zone; one that is given without a zone is in UTC."""
    text = _text(value)
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text.replace(" UTC", "Z"))
    except ValueError:
        raise RefusedError from None
    return given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)


def _list_of(kind: Kind) -> Kind:
    def read(value: Any) -> list[Any] | None:
        if value is not None and (not isinstance(value, list) or None in value):
            raise RefusedError
        return None if value is None else [kind(one) for one in value]

    return read


def _entries(**fields: Kind) -> Kind:
    def read(value: Any) -> Row:
        if not isinstance(value, dict):
            raise RefusedError
        return {name: kind(value.get(name)) for name, kind in fields.items()}

    return _list_of(read)


def _anything(value: Any) -> Any:
    return value


def _upper(value: Any) -> str | None:
    text = _short_code(value)
    return None if text is None else text.upper()


def _lower(value: Any) -> str | None:
    text = _text(value)
    return None if text is None else text.lower()


def _fields(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


FIELDS: dict[str, dict[str, Kind]] = {
    "application_choices": {
        **_fields(_text, "candidate_id status rejection_reasons_type provider_region_code course_level funding_type"),
        **_fields(_short_code, "provider_code accredited_provider_code course_code"),
        "id": _own_id,
        **_fields(_number, "recruitment_cycle_year"),
        **_fields(_instant, "sent_to_provider_at rejected_at updated_at"),
        **_fields(_yes_or_no, "rejected_by_default hide_in_reporting"),
        "rejection_reason_ids": _list_of(_text),
        **_fields(_anything, "structured_rejection_reasons rejection_reason"),
    },
    "trainees": {
        **_fields(_text, "trainee_id trn state training_route course_education_phase withdrawal_trigger"),
        "ukprn": _ukprn,
        **_fields(_day, "itt_start_date itt_end_date trainee_start_date defer_date reinstate_date withdrawal_date"),
        **_fields(_instant, "awarded_at created_at updated_at"),
        "withdrawal_reasons": _list_of(_text),
        "placements": _entries(urn=_text),
    },
    "mentor_allocations": {
        **_fields(_text, "mentor_id trainee_id trn"),
        **_fields(_own_id, "allocation_id placement_id"),
        "school_urn": _urn,
        **_fields(_upper, "provider_code"),
        **_fields(_number, "academic_year"),
        **_fields(_instant, "created_at updated_at deleted_at"),
    },
    "school_activity": {
        "school_urn": _urn,
        **_fields(_yes_or_no, "onboarded"),
        **_fields(_instant, "onboarded_at last_signed_in_at updated_at deleted_at"),
        "sign_in_dates": _list_of(_day),
        "hosting_preferences": _entries(academic_year=_number, appetite=_text, created_at=_instant),
        "placements": _entries(academic_year=_number, created_at=_instant),
    },
    "provider_activity": {
        "ukprn": _ukprn,
        **_fields(_upper, "provider_code"),
        **_fields(_yes_or_no, "onboarded"),
        **_fields(_instant, "onboarded_at last_signed_in_at updated_at deleted_at"),
        "sign_in_dates": _list_of(_day),
    },
    "vacancies": {
        **_fields(_text, "ect_status contract_type hired_status"),
        "vacancy_id": _own_id,
        "trust_uid": _trust,
        "organisation_urns": _list_of(_urn),
        **_fields(_list_of(_text), "job_roles phases"),
        **_fields(_day, "publish_on starts_on"),
        **_fields(_instant, "expires_at discarded_at stats_updated_at updated_at"),
        **_fields(_yes_or_no, "takes_applications is_external"),
    },
    "applications": {
        **_fields(_own_id, "application_id vacancy_id"),
        **_fields(_text, "status qualified_teacher_status trn trn_token"),
        **_fields(_instant, "submitted_at offered_at declined_at withdrawn_at updated_at"),
        **_fields(_number, "qualified_teacher_status_year"),
        **_fields(_yes_or_no, "is_statutory_induction_complete"),
    },
    "providers": {
        **_fields(_text, "name provider_type"),
        "region_code": _lower,
        "ukprn": _ukprn,
        "urn": _urn,
        **_fields(_upper, "code"),
        **_fields(_yes_or_no, "accredited_body"),
        **_fields(_instant, "changed_at discarded_at"),
        **_fields(_number, "recruitment_cycle_year"),
    },
    "courses": {
        "code": _short_code,
        "state": _text,
        **_fields(_upper, "provider_code accredited_body_code"),
        **_fields(_number, "recruitment_cycle_year"),
    },
}
"""The source contracts, Records: what each field is."""

IDS = {
    "application_choices": ("id",),
    "trainees": ("trainee_id",),
    "mentor_allocations": ("allocation_id",),
    "school_activity": ("school_urn",),
    "provider_activity": ("provider_code",),
    "vacancies": ("vacancy_id",),
    "applications": ("application_id",),
    "providers": ("recruitment_cycle_year", "code"),
    "courses": ("recruitment_cycle_year", "provider_code", "code"),
    "schools": ("urn",),
    "school_links": ("urn", "link_urn", "link_type"),
    "transactions": ("month", "service", "channel"),
    "satisfaction": ("month", "service"),
    "costs": ("month", "service", "category"),
}
NEWEST_BY = {
    "providers": "changed_at",
    "courses": None,
    "schools": "last_changed_date",
    "school_links": None,
    "transactions": None,
    "satisfaction": None,
    "costs": None,
}
"""What says which row is newest, where it is not ``updated_at``; ``None``: the later row is."""

REQUIRED = {
    "application_choices": ("status", "recruitment_cycle_year"),
    "trainees": ("state",),
    "mentor_allocations": ("academic_year", "created_at"),
    "vacancies": ("expires_at",),
    "applications": ("vacancy_id", "status"),
    "transactions": ("completed",),
    "satisfaction": ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied"),
    "costs": ("pounds",),
}
"""What every row must have besides its id."""


def read(drops: Drops) -> World:
    """Return the rows that the drops come to, by the names of the tables that they are known by."""
    rows = {feed: list(_kept(feed, _read_json(drops, feed))) for feed in FIELDS}
    activity = rows["school_activity"]
    rows["hosting_preferences"] = list(_of_schools(activity, "hosting_preferences"))
    rows["school_placements"] = list(_of_schools(activity, "placements"))
    rows["vacancy_applications"] = [row for row in rows.pop("applications") if row["status"] != "draft"]
    hidden = set(_hidden_by_refused_rows(drops))
    for row in rows["application_choices"]:
        if row.get("candidate_id") in hidden:
            row["hide_in_reporting"] = True
    rows |= {feed: list(_kept(feed, _read_csv(drops, feed))) for feed in ("schools", "school_links")}
    rows |= {f"service_{feed}": list(_kept(feed, _read_months(drops, feed))) for feed in MONTHLY}
    return World(drops.as_of, rows, drops.schools_on, drops.definitions)


def _kept(feed: str, rows: Iterator[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return one row an id: the newest; a row that does not say when it was changed is older than any that does."""
    newest_by = NEWEST_BY.get(feed, "updated_at")
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in IDS[feed])
        before = kept.get(key)
        if before is None or newest_by is None or _age(row, newest_by) >= _age(before, newest_by):
            kept[key] = row
    return list(kept.values())


def _age(row: Row, newest_by: str) -> tuple[bool, Any]:
    changed = row.get(newest_by)
    return changed is not None, changed


def _read_json(drops: Drops, feed: str) -> Iterator[dict[str, Any]]:
    for line in drops.lines(feed):
        try:
            yield _row(feed, json.loads(line))
        except (RefusedError, ValueError):
            continue


def _row(feed: str, record: Any) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise RefusedError
    said = _said(record)
    row = {name: kind(said.get(name)) for name, kind in FIELDS[feed].items()}
    if any(row[name] is None for name in (*IDS[feed], *REQUIRED.get(feed, ()))):
        raise RefusedError
    if "trn" in row:
        row["trn"], row["trn_problem"] = _trn(row["trn"], row.pop("trn_token", None))
    if feed == "application_choices":
        row["rejection_reasons_type"], row["rejection_reason_ids"] = _reasons(row)
    if feed == "trainees":
        placements = row.pop("placements")
        row["placement_urns"] = None if placements is None else sorted(set(_urns(placements)))
        reasons = row["withdrawal_reasons"]
        row["withdrawal_reasons"] = None if reasons is None else sorted({one.lower() for one in reasons if one})
    return row


def _urns(placements: list[Row]) -> Iterator[str]:
    """Yield the URNs of placements; what is typed by hand in the place of one names no school."""
    for one in placements:
        with suppress(RefusedError):
            if urn := _urn(one["urn"]):
                yield urn


def _said(record: Any) -> Any:
    """Return a record without what stands for nothing: no text, or the word "null"."""
    if isinstance(record, list):
        return [_said(one) for one in record]
    if isinstance(record, dict):
        return {name: None if value in ("", "null") else _said(value) for name, value in record.items()}
    return record


def _of_schools(activity: Sequence[Row], name: str) -> Iterator[Row]:
    for record in activity:
        for entry in record[name] or ():
            yield {"school_urn": record["school_urn"], **entry}


def _hidden_by_refused_rows(drops: Drops) -> Iterator[str]:
    """Yield the candidates whom a refused row says to be hidden: it hides them all the same."""
    for line in drops.lines("application_choices"):
        record = None
        try:
            record = json.loads(line)
            _row("application_choices", record)
        except (RefusedError, ValueError):
            said = record.get("hide_in_reporting") if isinstance(record, dict) else None
            if isinstance(said, str):
                said = said.strip().lower() not in ("", "false", "no", "f", "n", "0", "null")
            if said and isinstance(record["candidate_id"], str):
                yield record["candidate_id"].strip()


def trn_of(given: str) -> tuple[str | None, str | None]:
    """Return the seven digits of a TRN, or why it is refused (numbers#trns)."""
    text = given.replace(" ", "")
    for letters in ("TRN", "RP"):
        if text.upper().startswith(letters):
            text = text[len(letters) :]
            break
    # One slash or hyphen, before or between the digits.
    for mark in "/-":
        if mark in text[:-1]:
            text = text.replace(mark, "", 1)
            break
    if not text or set(text) - set("0123456789"):
        return None, "not_a_trn"
    if len(text) < 5:
        return None, "too_short"
    if len(text) > 7:
        return None, "too_long"
    if len(set(text)) == 1:
        return None, "repeated_digit"
    if text == "1234567":
        return None, "known_placeholder"
    return text.rjust(7, "0"), None


def token_of(trn: str) -> str:
    """Return the token of a TRN (source contracts, Pseudonymous keys)."""
    return hmac.new(KEY, f"school-placements-kpi|trn|v1|{trn}".encode(), hashlib.sha256).hexdigest()


def _trn(given: str | None, token: str | None) -> tuple[str | None, str | None]:
    if given is None:
        return token, None
    trn, problem = trn_of(given)
    return None if trn is None else token_of(trn), problem


def _reasons(row: dict[str, Any]) -> tuple[str | None, list[str] | None]:
    """Return the format of a choice's reasons and their ids, as given or flattened (services#reasons-for-rejection)."""
    form, ids = row["rejection_reasons_type"], row["rejection_reason_ids"]
    structured, written = row.pop("structured_rejection_reasons"), row.pop("rejection_reason")
    if ids is not None:
        return form, [one for one in ids if one]
    if structured is not None:
        if isinstance(structured, str):
            structured = json.loads(structured)
        shape, ids = _flattened(structured)
        return form or shape, ids
    return form or ("rejection_reason" if written else None), None


def _flattened(structured: Any) -> tuple[str, list[str]]:
    if isinstance(structured, list):
        structured = {"selected_reasons": structured}
    if not isinstance(structured, dict):
        raise RefusedError
    if "selected_reasons" in structured:
        return "rejection_reasons", list(_nested(structured["selected_reasons"]))
    chosen = [key for key, answer in structured.items() if key.endswith("_y_n") and answer == "Yes"]
    reasons = [key for key in chosen if not key.startswith(("other_advice_or_feedback", "interested_in_future"))]
    if not reasons and structured.get("why_are_you_rejecting_this_application"):
        reasons = ["other"]
    return "reasons_for_rejection", reasons


def _nested(selected: Any, above: str = "") -> Iterator[str]:
    if not isinstance(selected, list | None):
        raise RefusedError
    for reason in selected or ():
        if not isinstance(reason, dict) or not isinstance(reason.get("id"), str):
            raise RefusedError
        below = reason.get("selected_reasons")
        if below and not above:
            yield from _nested(below, f"{reason['id']}.")
        else:
            yield above + reason["id"]


NAMES_IN_FILE = {
    "schools": {
        "URN": ("urn", "urn"),
        "EstablishmentStatus (code)": ("establishment_status", "code"),
        "TypeOfEstablishment (code)": ("type_of_establishment", "code"),
        "EstablishmentTypeGroup (code)": ("establishment_type_group", "code"),
        "PhaseOfEducation (code)": ("phase_of_education", "code"),
        "GOR (code)": ("gor", "letter"),
        "OpenDate": ("open_date", "day"),
        "CloseDate": ("close_date", "day"),
        "LastChangedDate": ("last_changed_date", "day"),
    },
    "school_links": {
        "URN": ("urn", "urn"),
        "LinkURN": ("link_urn", "urn"),
        "LinkType": ("link_type", "text"),
    },
}


def _read_csv(drops: Drops, feed: str) -> Iterator[dict[str, Any]]:
    heading, *rows = csv.reader(io.StringIO(drops.table(feed).decode("cp1252"), newline=""))
    for cells in rows:
        if len(cells) != len(heading):  # ragged
            continue
        fields = dict(zip(heading, cells, strict=True))
        try:
            yield {
                name: _of_school(kind, fields[column].strip()) for column, (name, kind) in NAMES_IN_FILE[feed].items()
            }
        except RefusedError:
            continue


def _of_school(kind: str, text: str) -> Any:
    if kind == "day":
        return _british_day(text)
    if kind == "letter":
        return text.upper() or None
    if not text or not re.fullmatch({"code": "[0-9]{1,3}", "urn": "[1-9][0-9]{4,5}", "text": ".*"}[kind], text):
        raise RefusedError
    return int(text) if kind == "code" else text


def _british_day(text: str) -> date | None:
    """Return a day; blank and 1 January 1900 are both unknown."""
    found = re.fullmatch(r"(\d\d?)[-/](\d\d?)[-/](\d{4})", text)
    if not text:
        return None
    try:
        day = date(*map(int, reversed(found.groups()))) if found else None
    except ValueError:
        day = None
    if day is None:
        raise RefusedError
    return None if day == date(1900, 1, 1) else day


MONTHLY: dict[str, tuple[str, ...]] = {
    "transactions": ("started", "completed"),
    "satisfaction": ("very_satisfied", "satisfied", "neither", "dissatisfied", "very_dissatisfied"),
    "costs": ("pounds",),
}
"""The figures of each file of the service team (sources#monthly-figures); what else a row has is its key."""
SERVICES = ("find_placement_schools", "manage_school_placements")
OF_KEY = {
    "service": SERVICES,
    "channel": ("digital", "assisted_digital", "phone", "email", "paper"),
    "category": ("staff", "technology", "support", "other"),
}


def _read_months(drops: Drops, feed: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of the service team; ``ends`` is the last day of a row's month, money is exact."""
    heading, *rows = csv.reader(io.StringIO(drops.table(feed).decode(), newline=""))
    for cells in rows:
        fields = {name: cell.strip() for name, cell in zip(heading, cells, strict=False)}
        try:
            if len(cells) != len(heading) or any(not fields[name] for name in (*IDS[feed], *REQUIRED[feed])):
                raise RefusedError
            if any(fields[name] not in OF_KEY[name] for name in IDS[feed] if name != "month"):
                raise RefusedError
            row = {name: _whole_or_money(name, fields[name]) for name in MONTHLY[feed]}
            ends = _end_of_month(fields["month"])
        except RefusedError:
            continue
        if ends <= drops.stands_on("service"):
            yield {name: fields[name] for name in IDS[feed]} | row | {"ends": ends}


def _whole_or_money(name: str, text: str) -> int | Decimal | None:
    """Return a count, or an amount of money to the penny; ``None`` for a blank."""
    form = r"[0-9]{1,11}\.[0-9]{2}" if name == "pounds" else "[0-9]{1,9}"
    if text and not re.fullmatch(form, text):
        raise RefusedError
    return (Decimal(text) if name == "pounds" else int(text)) if text else None


def _end_of_month(text: str) -> date:
    if not re.fullmatch("20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise RefusedError
    return last_of_month(int(text[:4]), int(text[5:]))
