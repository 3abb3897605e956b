"""Dirt: every kind of trouble planted in the sample, and how many of each went in.

A kind is planted only if it is listed here, and a test fails when a listed kind is not planted.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.sample.drops import Lines

PERSONAL = "Zebedee Quillfeather"
"""Stands for every name in a record: nothing written downstream may hold it."""
FREE_TEXT = "confidential remark Xylophonic"
"""Stands for every free text in a record: nothing written downstream may hold it."""
EMAIL = "zebedee.quillfeather@example.invalid"
EXTRA = (
    f'"candidate_name":"{PERSONAL}","email_address":"{EMAIL}","date_of_birth":"1999-04-01",'
    f'"notes":"{FREE_TEXT}","ethnicity":{{"group":"{FREE_TEXT}"}}'
)
"""JSON members that no contract has: names, an e-mail address, free text, a nested object."""

KINDS: dict[str, str] = {
    # Apply
    "apply.duplicate_older_after": "the same choice again with an older updated_at, after the newer row",
    "apply.duplicate_older_before": "the same choice older and with another outcome, before the newer row",
    "apply.duplicate_tie": "the same choice twice with one updated_at: the later row is the truth",
    "apply.reversed_rejection": "an offer that still carries the date and reasons of a rejection since reversed",
    "apply.rejection_after_month_end": "a rejection on a day after the month end: not yet a rejection",
    "apply.sent_after_month_end": "a choice sent after the month end: not yet in the population",
    "apply.london_edge": "a rejection within an hour of midnight at a month end, in UTC or with an offset",
    "apply.rejection_without_date": "a rejection with no date: not counted, shown",
    "apply.hidden_on_one_row": "a candidate hidden in reporting on one row of one cycle only: out of every cycle",
    "apply.hidden_on_every_row": "a candidate hidden in reporting on every row",
    "apply.further_education": "a choice of a further education course",
    "apply.rejected_by_default": "a default rejection, without reasons",
    "apply.no_reason": "a rejection without any reason",
    "apply.text_reason": "a rejection with free text only",
    "apply.flat_format": "reasons in the flat format of 2021 to 2022, planted in cycle 2024 (an anachronism)",
    "apply.flat_why_only": "flat format with every category No and only the text of why",
    "apply.vendor_format": "reasons from R-codes of a vendor",
    "apply.r_code": "reason ids that are R-codes",
    "apply.bare_leaf": "reason ids without their parent",
    "apply.missing_type": "structured reasons without rejection_reasons_type: the shape decides",
    "apply.unknown_reason_id": "a reason id on no list: unmapped",
    "apply.unknown_status": "a status on no list",
    "apply.unknown_region": "a region of provider outside the nine, or none",
    "apply.orphan_provider": "a provider code that Publish does not have",
    "apply.blank_candidate": "a choice without a candidate",
    "apply.not_sent": "a choice never sent to a provider",
    "apply.blank_id": "no id: quarantined",
    "apply.blank_status": "no status: quarantined",
    "apply.blank_cycle": "no recruitment cycle: quarantined",
    "apply.wrong_type": "a word where a year, an instant or a boolean belongs: quarantined",
    "apply.extra_fields": "fields outside the contract with names, e-mail addresses and free text",
    # Register
    "register.duplicate_older_after": "the same record again, older and in another state, after the newer row",
    "register.duplicate_older_before": "the same record, older and in another state, before the newer row",
    "register.day_89": "a withdrawal on day 89 after start: too early for the outcome rate",
    "register.day_90": "a withdrawal on day 90 after start: counts",
    "register.backdated_withdrawal": "a withdrawal of a deferred trainee dated back to the deferral",
    "register.undone_withdrawal": "a trainee in training with date and reasons of a withdrawal since undone",
    "register.award_and_withdrawal": "a withdrawal date left on an awarded record, or an award date on a withdrawn one",
    "register.withdrawn_after_month_end": "a withdrawal dated after the month end: not yet one",
    "register.withdrawn_without_date": "a withdrawn record without a date: not counted, shown",
    "register.added_in_error": "withdrawn with record_added_in_error as the only reason: left out entirely",
    "register.error_beside_another": "record_added_in_error beside another reason: counts",
    "register.moved": "a withdrawal to another course or provider: in no numerator",
    "register.moved_twin": "the second record of a moved trainee, with the same TRN",
    "register.draft": "a draft record",
    "register.assessment_only": "an assessment-only route: no QTS route of the KPI",
    "register.early_years": "an early years route: no QTS route of the KPI",
    "register.route_as_code": "training_route as a HESA code",
    "register.route_as_label": "training_route as a label",
    "register.route_unknown": "a training route on no list: left out and counted",
    "register.reason_renamed": "a withdrawal reason under its name of before 2023",
    "register.reason_unknown": "a withdrawal reason on no list: other, with a warning",
    "register.reason_missing": "a withdrawal with no reason, or unknown",
    "register.deferred": "a deferred trainee",
    "register.returned": "a trainee back from a deferral",
    "register.trn_formatted": "a TRN with letters, spaces or strokes: usable",
    "register.trn_short_of_zeros": "a TRN that lost its leading zeros: usable",
    "register.trn_not_a_trn": "something else where the TRN should be, its digits in it: refused",
    "register.trn_too_short": "a TRN of fewer than five digits: refused",
    "register.trn_too_long": "a TRN of more than seven digits: refused",
    "register.trn_hesa_sentinel": "a HESA code for no TRN, 999999998 or 999999999: refused",
    "register.trn_repeated_digit": "a TRN of one digit repeated: refused",
    "register.trn_placeholder": "the TRN 1234567 of test data: refused",
    "register.trn_missing": "no TRN yet",
    "register.sentinel_placement": "a placement with one of Register's stand-in URNs",
    "register.unknown_placement": "a placement with a URN that GIAS does not have",
    "register.unknown_ukprn": "a provider that Publish does not have, or none",
    "register.blank_id": "no trainee_id: quarantined",
    "register.blank_state": "no state: quarantined",
    "register.wrong_type": "a word where a date or a list belongs: quarantined",
    "register.extra_fields": "fields outside the contract with names, e-mail addresses and free text",
    # Placements service
    "placements.allocation_no_mentor": "an allocation without a mentor: not counted",
    "placements.allocation_no_placement": "an allocation without a placement: not counted",
    "placements.allocation_no_trainee": "an allocation without a trainee in a year where others have one: not counted",
    "placements.allocation_proxy_year": "a year in which no allocation carries a trainee: the provider stands in",
    "placements.allocation_sentinel": "an allocation at a stand-in URN: not counted",
    "placements.allocation_unknown_urn": "an allocation at a URN that GIAS does not have: not counted",
    "placements.allocation_not_england": "an allocation at a school outside England: not counted",
    "placements.allocation_closed_school": "an allocation at a school that closed before the year: not counted",
    "placements.allocation_deleted": "an allocation removed on or before the as-of day: not live",
    "placements.allocation_deleted_later": "an allocation removed after the as-of day: still live on it",
    "placements.allocation_created_later": "an allocation created after the as-of day",
    "placements.allocation_two_mentors": "two mentors at one school for one trainee: one school",
    "placements.allocation_duplicate": "an allocation twice, the older row deleted or the newer one",
    "placements.allocation_blank": "an allocation without id, year or created_at: quarantined",
    "placements.allocation_wrong_type": "an allocation with a word where a year or an instant belongs: quarantined",
    "placements.activity_old_urn": "activity under a closed URN with one successor",
    "placements.activity_duplicate": "a school twice: the newer record and its lists win",
    "placements.activity_deleted": "a school removed on or before the as-of day",
    "placements.activity_deleted_later": "a school removed after the as-of day: still there on it",
    "placements.activity_support_only": "a school with an empty list of sign-in dates though last_signed_in_at is set",
    "placements.activity_list_absent": "a school with last_signed_in_at only",
    "placements.activity_list_null": "a school whose list of sign-in dates is null",
    "placements.activity_after_as_of": "a school whose only sign-in is after the as-of day",
    "placements.activity_clock_change": "last_signed_in_at near midnight on the days the clocks change",
    "placements.activity_sentinel": "activity at a stand-in URN",
    "placements.activity_unknown_urn": "activity at a URN that GIAS does not have",
    "placements.activity_not_england": "activity at a school outside England",
    "placements.activity_not_open": "activity at a school not open on the as-of day",
    "placements.activity_out_of_scope": "activity at a college or university",
    "placements.activity_blank": "activity without a school: quarantined",
    "placements.activity_wrong_type": "activity with a word where a date or a list belongs: quarantined",
    "placements.provider_empty_list": "a provider with an empty list of sign-in dates: not active",
    "placements.provider_list_absent": "a provider with last_signed_in_at only",
    "placements.provider_deleted": "a provider removed on or before the as-of day",
    "placements.provider_unknown": "activity of a provider that Publish does not have",
    "placements.provider_duplicate": "a provider twice: the newer record wins",
    "placements.provider_blank": "activity without a provider code: quarantined",
    "placements.extra_fields": "fields outside the contract with names, e-mail addresses and free text",
    # Teaching Vacancies
    "vacancies.not_teacher": "a vacancy for no teacher",
    "vacancies.external": "a vacancy from elsewhere, which takes no applications in the service",
    "vacancies.not_closed": "a vacancy still open at the month end",
    "vacancies.closed_early": "a vacancy closed by its answer before it expires",
    "vacancies.discarded": "a vacancy discarded before it expired",
    "vacancies.discarded_after_expiry": "a vacancy discarded after it expired: still counts",
    "vacancies.trust_level": "a vacancy of a trust, with no school",
    "vacancies.several_schools": "a vacancy of several schools",
    "vacancies.unknown_urn": "a vacancy whose schools include a URN that GIAS does not have",
    "vacancies.answer_after_month_end": "an answer given after the month end: not yet given",
    "vacancies.answer_without_date": "an answer without a date: a class at the newest point only",
    "vacancies.answer_before_offer": "not filled, answered before the offer: no conflict",
    "vacancies.conflict": "an offer to a matched trainee and a later answer that the job was filled otherwise",
    "vacancies.expiry_edge": "a vacancy that expires within an hour of midnight at a year's end",
    "vacancies.duplicate": "a vacancy twice: the newer record wins",
    "vacancies.unknown_hired_status": "an answer on no list",
    "vacancies.blank": "a vacancy without id or expiry: quarantined",
    "vacancies.wrong_type": "a vacancy with a word where an instant or a list belongs: quarantined",
    "vacancies.offer_without_date": "an offer without offered_at: updated_at stands in",
    "vacancies.offer_after_month_end": "an offer made after the month end: not yet one",
    "vacancies.declined_after_month_end": "an offer declined after the month end: it stands",
    "vacancies.declined": "an offer declined by the month end",
    "vacancies.offer_withdrawn": "an offer withdrawn by the month end",
    "vacancies.matched_outside_window": "an offer to a trainee outside the ECT window",
    "vacancies.trn_formatted": "an applicant's TRN with letters, spaces or strokes: usable",
    "vacancies.trn_refused": "an applicant's TRN that cannot be one",
    "vacancies.trn_missing": "an offer to an applicant without a TRN",
    "vacancies.submitted_after_month_end": "an application submitted after the month end",
    "vacancies.draft_application": "a draft application",
    "vacancies.orphan_application": "an application to a vacancy that is not there",
    "vacancies.application_duplicate": "an application twice: the newer record wins",
    "vacancies.application_blank": "an application without id, vacancy or status: quarantined",
    "vacancies.application_wrong_type": "an application with a word where an instant or a year belongs: quarantined",
    "vacancies.extra_fields": "fields outside the contract with names, e-mail addresses and free text",
    # Publish
    "providers.lower_case_code": "a provider code in lower case",
    "providers.duplicate": "a provider twice in a cycle: the newer changed_at wins",
    "providers.discarded": "a provider discarded on or before the as-of day",
    "providers.discarded_later": "a provider discarded after the as-of day: still counts on it",
    "providers.not_england": "a provider in Wales or Scotland",
    "providers.no_region": "a provider without a region",
    "providers.dfe_itself": "DfE's own provider code GP",
    "providers.national_institute": "a regional code of the National Institute of Teaching",
    "providers.no_running_course": "a provider with courses, none of them running",
    "providers.shell": "a provider without a course",
    "providers.orphan_course": "a course of a provider that is not there",
    "providers.course_duplicate": "a course twice: the later row wins",
    "providers.course_without_state": "a course whose state the feed does not give",
    "providers.blank": "a provider or course without a code or a cycle: quarantined",
    "providers.wrong_type": "a word where a boolean or an instant belongs: quarantined",
    "providers.extra_fields": "fields outside the contract with names, e-mail addresses and free text",
    # The service team
    "service.duplicate": "a month, service and channel twice: the later row wins",
    "service.month_not_over": "a month that is not over on the day of the drop: quarantined",
    "service.unknown_channel": "a channel on no list: quarantined",
    "service.ragged": "a row with a cell too many: quarantined",
    "service.cost_not_a_number": "a cost in words: quarantined, and its month has no costs",
    "service.extra_column": "a column of free text that no contract has: dropped",
    # GIAS
    "schools.head_teacher": "head teachers' names, telephone numbers and proprietors (invented): dropped",
    "schools.cp1252": "names with characters whose bytes differ between cp1252 and UTF-8",
    "schools.opened_1900": "01-01-1900 for an unknown opening day",
    "schools.blank_postcode": "no postcode",
    "schools.future_close_date": "open but proposed to close, with a CloseDate to come",
    "schools.close_date_contradicts": "an open school with a CloseDate in the past: ignored, counted",
    "schools.closed_without_date": "a closed school without a CloseDate",
    "schools.future_open_date": "a school that opens after the as-of day",
    "schools.proposed": "proposed to open",
    "schools.closes_day_before": "a school whose CloseDate is the day before the as-of day",
    "schools.closes_on_day": "a school whose CloseDate is the as-of day",
    "schools.opens_on_day": "a school that opens on the as-of day",
    "schools.converted": "a school that converted within the year, with a new URN",
    "schools.converts_later": "a school whose successor has not opened",
    "schools.successor_same_day": "a successor that opens on its predecessor's CloseDate",
    "schools.chain": "a chain of two conversions",
    "schools.split": "a closed school with two successors",
    "schools.open_with_split_link": "an open school with a split link",
    "schools.loop": "closed schools that succeed each other",
    "schools.successor_unknown": "a successor that is not in the file",
    "schools.successor_proposed": "a successor that is only proposed",
    "schools.outside_regions": "a school in England whose region is none of the nine",
    "schools.slash_dates": "dates as DD/MM/YYYY",
    "schools.unpadded_code": "a type code without its leading zero",
    "schools.duplicate_urn": "a URN twice: the newer LastChangedDate wins",
    "schools.blank_urn": "a row without a URN: quarantined",
    "schools.ragged": "a row with a cell too many: quarantined",
    "schools.link_orphan": "a link to or from a URN that is not in the file",
    "schools.link_duplicate": "a link twice",
    "schools.link_blank_date": "a link without a date",
}


class Dirt:
    """Counts what was planted, by kind."""

    def __init__(self) -> None:
        self._planted: Counter[str] = Counter()

    def add(self, kind: str, count: int = 1) -> None:
        """Record that ``count`` of ``kind`` were planted; ``KeyError`` if the catalogue has no such kind."""
        if kind not in KINDS:
            raise KeyError(f"dirt of kind {kind} is not in the catalogue; add it to KINDS")
        self._planted[kind] += count

    def surplus(self, source: str, number: int, every: int) -> str:
        """Return the members that no contract has, after a comma, for each ``every``-th row of a source."""
        if number % every:
            return ""
        self.add(f"{source}.extra_fields")
        return f",{EXTRA}"

    def spoil(self, file: Lines, kind: str, line: str, changes: Mapping[str, object]) -> None:
        """Write a good row with ``changes`` for which it must be quarantined."""
        file.add(json.dumps(json.loads(line) | changes))
        self.add(kind)

    def document(self) -> dict[str, dict[str, str | int]]:
        """Return every kind of the catalogue with what it is and how many were planted."""
        return {kind: {"what": what, "count": self._planted[kind]} for kind, what in KINDS.items()}


def plan(rng: random.Random, size: int, shares: Mapping[str, float]) -> dict[int, str]:
    """Return which of ``size`` positions carry which kind: each share of the whole, at least one, never two at once."""
    wanted = {kind: max(1, round(size * share)) for kind, share in shares.items()}
    positions = rng.sample(range(size), sum(wanted.values()))
    planned: dict[int, str] = {}
    for kind, count in wanted.items():
        for position in positions[:count]:
            planned[position] = kind
        del positions[:count]
    return planned
