"""The closed texts of a release: whatever a protected document says is in the catalogue or on a list that is here.

A number reaches the public as a figure that was audited or as a fact about the release. A text could carry one past
the audit, in digits or in words: a sentence that somebody wrote around a count, an error that quotes a row. So each
text is looked up, names of things included, before there is a release. What is new is refused until it is on a list,
where its reader can ask what may stand in its gaps.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection.record_counts import unknown_code_label
from placements_kpi import results
from placements_kpi.settings import LISTED, SOURCE_TITLES

if TYPE_CHECKING:
    from functions.compute_kpis.catalogue.definitions import Definitions
    from functions.compute_kpis.catalogue.loading import Kpi
    from placements_kpi.results import Protected, Results
    from placements_kpi.settings import ComputeSettings

REFUSALS = ("missing", "not_an_id", "not_an_object", "not_json", "out_of_range", "ragged", "too_long", "wrong_type")
"""Why a row is refused."""

NOTES = (
    "allocations_of_school_without_activity",
    "applications_without_vacancy",
    "courses_without_provider",
    "links_from_unknown_school",
    "links_to_unknown_school",
    "schools_open_with_past_close_date",
    "service_transactions_more_completed",
    "trn_known_placeholder",
    "trn_not_a_trn",
    "trn_repeated_digit",
    "trn_too_long",
    "trn_too_short",
    "trns_keyed_by_owner",
    *(
        f"{table}_{what}"
        for table in SOURCE_OF_TABLE
        for what in ("carried_over", "characters_replaced", "in_utf_8", "values_left_out")
    ),
    *(f"{table}_left_out" for table in SOURCE_OF_TABLE),
)
"""What an ingest counts beside rows."""

LABELS = (
    "Tables checked",
    "Rows outside what we read",
    "Rates whose numerator is within the denominator",
    "Breakdowns that add up to the total",
    "Values that our lists do not know",
    "Schools with a placement in Register and with a mentor allocated",
    "Schools with a placement in Register",
    "Schools with a mentor allocated",
    "Schools in both",
    "Providers on the placements service and in Publish",
    "Active provider codes that Publish does not know",
    "Transactions completed and started in a month",
    "Months of a channel with more completed than started",
    "As we count",
)
"""What checks are called, and what they count."""

SENTENCES = (
    # why an indicator is not new
    "The newest figures could not be worked out because of a fault on our side.",
    "The newest figures did not pass our checks.",
    "There is no period to work the figures out for.",
    "There is no period to work the figures out for: the calendar does not yet have the {cycle}.",
    "There is no period to work the figures out for: the calendar does not go back to before the {cycle}.",
    "The newest data from {source} is from {day} and says nothing of the {period} yet.",
    "{source} has not sent any data that could be used.",
    "What {source} sent last cannot be read.",
    (
        "The newest data from {source} is from {day}, {fact} days old, and no figure is worked out from data more than "
        "{fact} days old."
    ),
    "The records of {sources} cannot be matched while the keys that stand for identifiers are being changed.",
    "These are the figures of {day}.",
    # why two years are not compared
    "this was not collected in the {period}",
    "this is not available for the {period}",
    "too little is known about the {period}",
    "this is known for the newest point only",
    "there is no earlier period to compare with",
    "the sources have nothing of the {period}",
    "there is no figure for the {period}",
    "there was nothing to take a percentage of in the {period}",
    "there was too little to share the cost in the {period}",
    # what a check found
    "There is no data of this source to check.",
    "The rows of {tables} do not add up: some were lost or counted twice.",
    "Every row was kept, refused for a reason that is counted, or a duplicate of a newer one.",
    "There are no new figures to check.",
    "Some figures cannot be right: a numerator is above its denominator, or parts do not add up.",
    "No numerator is above its denominator, and parts that must add up do.",
    "They could not be counted this time.",
    "Every value is on its list.",
    (
        "Some values are on none of our lists. They count as “Not available”, as other, or as a reason that we do not "
        "know yet, until the list is brought up to date."
    ),
    "There are no new figures to compare.",
    "There is no new figure to compare.",
    "No school is in both. The two services may not name schools alike.",
    "The two are counted by different services and never added up. Schools in both show that they agree.",
    "Some providers use the service under a code that Publish does not know. They are not counted.",
    "Publish knows every provider that uses the service.",
    "No month has more transactions completed than started.",
    "Some months have more transactions completed than started. A transaction can end in the month after.",
    "Published figures say about {fact}. Ours is within {fact}% of that.",
    "Published figures say about {fact}. Ours is more than {fact}% away, and shown as we count it.",
    "Published figures say about {fact} to {fact}. Ours is within {fact}% of that.",
    "Published figures say about {fact} to {fact}. Ours is more than {fact}% away, and shown as we count it.",
    # why a figure was revised
    "the calendar changed",
    "definition version changed from {version} to {version}",
    "the way it is worked out was corrected",
    "the lists of codes changed",
    "the protection of small numbers changed",
    "there is no data of {source} that can be used",
    "restated from data of {dated}",
    "worked out by version {version} of the code instead of {version}",
    "worked out again",
    "the whole period is restated, as its earlier figures and these cannot be of the same people",
)
"""All that programs say about a release, with gaps; several may follow each other."""

_SOURCES = "|".join(map(re.escape, SOURCE_TITLES.values()))
_DAY = (
    "(?:[1-9]|[12][0-9]|3[01]) (?:January|February|March|April|May|June|July|August|September|October|November|"
    "December) 20[0-9]{2}"
)
_PERIOD = f"(?:20[0-9]{{2}} to 20[0-9]{{2}} cycle|academic year 20[0-9]{{2}} to 20[0-9]{{2}}|twelve months to {_DAY})"
_VERSION = r"[0-9A-Za-z][0-9A-Za-z.+-]{0,39}"
_TABLES = "|".join(SOURCE_OF_TABLE)
_DATED = rf"{_DAY} \((?:{_SOURCES})(?:, (?:{_SOURCES}))*\)"
_GAPS = {
    "source": f"(?:{_SOURCES})",
    "sources": f"(?:{_SOURCES})(?: and (?:{_SOURCES}))*",
    "day": _DAY,
    "period": _PERIOD,
    "cycle": "20[0-9]{2} cycle",
    "version": _VERSION,
    "tables": f"(?:{_TABLES})(?:, (?:{_TABLES}))*",
    "dated": f"(?:{_DATED}(?: and {_DATED})*)?",
    "fact": "([0-9,]+)",
}
"""What may stand in a gap; a fact is a number that the configuration or a list says."""


def _with_gaps(sentence: str) -> str:
    parts = re.split(r"\{(\w+)\}", sentence)
    return "".join(_GAPS[part] if number % 2 else re.escape(part) for number, part in enumerate(parts))


_SENTENCE = re.compile("|".join(_with_gaps(sentence) for sentence in sorted(SENTENCES, key=len, reverse=True)))
_SHAPES = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(?:\.[1-9][0-9]{0,3})?"  # a day, a release
    r"|[0-9]{8}-[0-9a-f]{12}|[0-9a-f]{12}|[0-9a-f]{64}"  # a snapshot or a run; a key, a digest
    rf"|{_PERIOD}"
)
_FIELDS = frozenset(
    name
    for model in vars(results).values()
    if isinstance(model, type) and issubclass(model, BaseModel)
    for name in model.model_fields
)
_FIXED = frozenset(
    {
        *SOURCE_TITLES,
        *SOURCE_TITLES.values(),
        *SOURCE_OF_TABLE,
        *REFUSALS,
        *(column for listed in LISTED.values() for column in listed.coded),
        *NOTES,
        *LABELS,
        *(
            unknown_code_label(table, column)
            for listed in LISTED.values()
            for table in listed.tables
            for column in listed.coded
        ),
        *(
            word
            for kind in (results.Status, results.Symbol, results.Finality, results.Attempt)
            for word in get_args(kind)
        ),
        *"ok carried none warning failed passed rows figures lists sources bounds".split(),
        *get_args(results.DisclosureClass),
        *"national Total definitions kpi_points publish".split(),
        results.PROTECTED_CONTRACT,
        "",
    }
)


@dataclass(frozen=True)
class Declared:
    """What a release may say word for word, and the numbers that may stand in a sentence about it."""

    texts: frozenset[str]
    facts: frozenset[str]


def declared(settings: ComputeSettings, kpis: Collection[Kpi], lists: Definitions, worked: Results) -> Declared:
    """Return what the configuration, the catalogue and the lists of codes declare for a run.

    What is carried over says what the catalogue said when it was worked out; it was looked up then.
    """
    carried = [kpi for kpi in worked.kpis if kpi.state == "carried"]
    sources: list[Any] = [[kpi.description.model_dump(mode="json"), kpi.sql, kpi.comparison_refused] for kpi in kpis]
    sources += [[kpi.description.model_dump(mode="json"), kpi.sql, kpi.comparison] for kpi in carried]
    sources += [text for entry in lists.entries for text in (entry.code, entry.value) if not text.isdecimal()]
    sources += [file.model_dump(mode="json") for file in lists.files]
    sources += [settings.code_version, settings.disclosure.approved_by, list(settings.disclosure.external_totals)]
    facts = {entry.value for entry in lists.entries if entry.list.startswith("bound_")}
    facts |= {str(days) for source in worked.sources for days in (source.age_days, source.max_age_days)}
    return Declared(frozenset(text for _, text in _texts(sources)) | _FIXED, frozenset(facts))


def strays(document: Protected, declared: Declared) -> list[str]:
    """Return where the document says anything that is not declared and on no list, as paths in it."""
    texts = {text: path for path, text in _texts(document.model_dump(mode="json"))}
    return [path.lstrip(".") for text, path in texts.items() if not _is_declared(text, declared)]


def _is_declared(text: str, declared: Declared) -> bool:
    if text in declared.texts or _SHAPES.fullmatch(text):
        return True
    # A name made of names: of a check, of a cell.
    return all(part in declared.texts for part in re.split("[:/]", text)) or _is_said(text, declared.facts)


def _is_said(text: str, facts: Collection[str]) -> bool:
    """Whether a text is sentences of the list one after the other, with declared facts in their gaps."""
    while text:
        match = _SENTENCE.match(text)
        if not match or not all(fact is None or fact.replace(",", "") in facts for fact in match.groups()):
            return False
        text = text[match.end() :].lstrip("; ")
    return True


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text inside a value of JSON with its path: names too, which are in no path unless they are fields."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if name not in _FIELDS:
                yield f"{path} (a name)", name
            yield from _texts(inside, f"{path}.{name}" if name in _FIELDS else path)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts(inside, path)
    elif isinstance(value, str):
        yield path, value
