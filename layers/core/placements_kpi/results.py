"""The results contract: what ``compute_kpis`` writes and ``publish_site`` reads, as JSON.

``Results`` is exact and private. ``Protected`` is the same document after disclosure
control, and the only thing the publisher may read. Dates are ISO 8601 London days.
The contract's version is in the document; a reader refuses one it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from placements_kpi.facts import DefinitionFile, Disclosure, Document, TableFacts

RESULTS_CONTRACT: Literal["school-placements-results/1"] = "school-placements-results/1"
PROTECTED_CONTRACT: Literal["school-placements-protected/1"] = "school-placements-protected/1"


def seal_key(release: str) -> str:
    """Return the key of what says that nothing of a release is missing: its ledger page and its record are there.

    Written after both, so that a release of a computation that was stopped before is not taken for one to publish.
    """
    return f"protected/{release}/sealed.json"


NO_SNAPSHOT = "00000000-000000000000"
"""Stands for the snapshot of a source that there is nothing of: a query pinned to it finds a table without rows.

Athena reads no data, and says nothing, where a projected partition is not there:
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

Status = Literal["ok", "not_collected", "not_available", "insufficient_coverage"]
Symbol = Literal["c", "x", "z", "low"]
Finality = Literal["provisional", "final", "revised"]
Attempt = Literal["It did not pass the checks that we make", "How it ended cannot be read"]
DisclosureClass = Literal["person", "person_linked", "organisation"]
Unit = Literal[
    "candidate",
    "trainee",
    "application",
    "vacancy",
    "school",
    "provider",
    "allocation",
    "record",
    "transaction",
    "pound",
    "response",
    "point",
]


ONE_DECIMAL_FROM = 1000
"""Denominator of people from which a percentage has a decimal; below, it could give the count away."""


def decimals_of(denominator: int) -> Literal[0, 1]:
    """Return how many decimals a percentage out of so many people has (publishing#percentages)."""
    return 1 if denominator >= ONE_DECIMAL_FROM else 0


LEAST_EACH = 100
"""Fewest of what a cost is divided by: of fewer it would say little (numbers#money)."""


def pounds(pence: int, each: int = 1) -> float:
    """Return pence in pounds, or the cost of each of so many, to the penny and halves up: by whole numbers alone."""
    return (2 * pence + each) // (2 * each) / 100


class Target(Document):
    """A level wanted: ``value`` in per cent, or a direction of change where there is no number."""

    value: float | None = None
    text: str


class Family(Document):
    """One kind of points of a KPI: which year it counts in and on which days it stands (numbers#periods).

    ``twelve_months`` are those that end at each point: such a family stands at a ``whole_month``, the newest month end
    that the sources have whole months up to (numbers#twelve-months).
    """

    id: str
    period: Literal["recruitment_cycle", "register_year", "placements_year", "twelve_months"]
    stands: Literal["month_end", "day", "whole_month"]
    series: Literal["monthly", "yearly"] = "monthly"
    first_period: int | None = None
    """Earliest period with anything to show; ``None``: no limit."""

    @property
    def is_rolling(self) -> bool:
        """Whether each point has a period of its own, the twelve months that end at it."""
        return self.period == "twelve_months"


class Measure(Document):
    """One measure of a KPI. ``disclosure`` decides protection: counts of people and their applications are ``person``.

    ``money`` is in pounds, and the numerators of its figures in pence; with ``out_of`` it is the cost of each of these.
    ``person_linked`` is a count of something else that a person's record decides, such as adverts by who was offered
    the job; it is protected in the same way (publishing#classes).
    ``denominator_disclosure`` is that of the denominator where it differs from the numerator's.
    """

    id: str
    title: str
    kind: Literal["rate", "count", "money"]
    unit: Unit
    disclosure: DisclosureClass
    denominator_disclosure: DisclosureClass | None = None
    role: Literal["headline", "beside", "breakdown", "quality"]
    family: str
    what: str
    """What the numerator counts, in plain English: "candidates rejected for …"."""
    out_of: str | None = None
    """What the denominator counts."""
    newest_only: bool = False
    first_period: int | None = None
    cumulative: bool = True
    """Whether it counts from the opening of its period, so that it cannot fall from month to month."""
    needs: tuple[str, ...] = ()
    """The sources that it cannot do without; none named: all of the KPI's."""
    score_of: str | None = None
    """``measure@breakdown`` of what it scores: made of the published counts of the levels alone, the best first."""
    note: str | None = None

    @property
    def is_divided(self) -> bool:
        """Whether its figures have a denominator: a rate, or a cost of each."""
        return self.kind == "rate" or (self.kind == "money" and self.out_of is not None)


class Relation(Document):
    """How numbers of one KPI at one point bound each other, beyond what rates and breakdowns say by themselves.

    ``same``: ``whole`` and every part are one number under several names. ``at_most``: no part is above
    ``whole``. ``union``: ``whole`` is of everybody in any part, who can be in several. ``disjoint``: nobody is in
    two parts, and all are in ``whole``. ``sum``: ``whole`` is the sum of the parts. ``covered``: ``whole`` and what is
    ``beside`` it are together no more than the parts together. A number is ``measure.numerator`` or
    ``measure.denominator``, with ``@breakdown`` for each category, or ``@breakdown=category``. A ``whole`` of each
    category bounds the parts of the same category.
    """

    kind: Literal["same", "at_most", "union", "disjoint", "sum", "covered"]
    whole: str
    parts: tuple[str, ...]
    beside: tuple[str, ...] = ()


class Records(Document):
    """Counts of a KPI that are of the records a source's facts count, and so no more of them.

    ``of`` names the count of records: ``trainees/rows/kept``, ``register/note/trn_too_long``,
    ``lists/unknown_value/Training route``. ``counts`` are references as in :class:`Relation`.
    """

    of: str = Field(pattern=r"[a-z_]+/[a-z_]+/[^/]+")
    counts: tuple[str, ...]


class Category(Document):
    code: str
    label: str


class Breakdown(Document):
    """A way of cutting measures. ``partition``: the parts add up to the total; else they overlap."""

    id: str
    title: str
    measures: tuple[str, ...]
    partition: bool
    overlapping: tuple[str, ...] = ()
    """Measures whose parts overlap in a partition all the same: they are in the data files and on no page."""
    categories: tuple[Category, ...]
    needs: tuple[str, ...] = ()
    """The sources that it cannot do without, beyond those of its measures."""
    note: str | None = None

    def adds_up(self, measure: str) -> bool:
        """Return whether the parts of a measure add up to its total: of a rate, both its numbers."""
        return self.partition and measure not in self.overlapping

    @property
    def on_page(self) -> tuple[str, ...]:
        """Return the measures whose parts a page compares."""
        return tuple(measure for measure in self.measures if measure not in self.overlapping)


class SeriesBreak(Document):
    """A day from which figures are not fully comparable with earlier ones: what changed, the old and the new text.

    All three are in words for the public, in full sentences.
    """

    on: date
    text: str
    """What changed, in one sentence."""
    before: str = Field(min_length=1)
    """What was collected or counted until the day before."""
    after: str = Field(min_length=1)
    """What is collected or counted from ``on``."""
    measures: tuple[str, ...] = ()
    """Ids of the measures whose figures it makes less comparable; none named: all of the KPI's."""

    def concerns(self, measure: str) -> bool:
        """Return whether figures of a measure from before and after are not fully comparable."""
        return not self.measures or measure in self.measures


class Description(Document):
    """What a KPI is: everything ``kpi.toml`` says, in words for the public and in data for the machine."""

    id: str
    order: int
    title: str
    question: str
    """The question it answers, in plain English."""
    unit: Unit
    direction: Literal["lower", "higher"]
    target: Target
    headline: str
    """Id of the headline measure."""
    bounds: tuple[str, ...] = ()
    """Ids of two rates: the least and the most that the headline could be of all that it may be about."""
    share_of: str | None = None
    """Id of a count of which the headline's numerator is a part, that the page says beside it."""
    region_of: str | None = None
    """Whose region a regional figure uses: "the training provider", "the school"; ``None``: there is none."""
    section: Literal["outcomes", "service"] = "outcomes"
    """Where it stands on the first page: what the service is for, or how the service runs."""
    sources: tuple[str, ...]
    """The first is the one that the headline's numerator is counted in."""
    families: tuple[Family, ...]
    measures: tuple[Measure, ...]
    breakdowns: tuple[Breakdown, ...]
    relations: tuple[Relation, ...] = ()
    records: tuple[Records, ...] = ()
    means: tuple[str, ...]
    method: tuple[str, ...]
    leaves_out: tuple[str, ...]
    caveats: tuple[str, ...]
    breaks: tuple[SeriesBreak, ...] = ()
    definition_version: str

    def needs(self, measure: str, breakdown: str = "national") -> frozenset[str]:
        """Return the sources that the figures of a measure need, nationally or in a breakdown."""
        (counted,) = [part.needs for part in self.measures if part.id == measure]
        more = [source for part in self.breakdowns if part.id == breakdown for source in part.needs]
        return frozenset((*(counted or self.sources), *more))


class Point(Document):
    """A day that a family of measures stands at."""

    family: str
    period: int
    period_label: str
    """ "2025 to 2026 cycle", "academic year 2025 to 2026", "twelve months to 30 June 2026"."""
    period_start: date
    period_end: date
    as_of: date
    is_current: bool
    is_series: bool
    is_comparison: bool


class Figure(Document):
    """One cell. ``denominator`` is null for a count; ``value`` is a percentage (0 to 100), the count, or pounds.

    ``symbol`` is null in ``Results``; in ``Protected`` it stands wherever a number may not or cannot be shown,
    and numerator, denominator and value are then null. ``finality`` is null in ``Results`` too: whether a figure is
    a revised one is a fact about what was published.
    """

    measure: str
    period: int
    as_of: date
    breakdown: str = "national"
    category: str = "Total"
    numerator: int | None
    denominator: int | None
    value: float | None
    status: Status = "ok"
    symbol: Symbol | None = None
    finality: Finality | None = None


class SourceFacts(Document):
    """How fresh and how clean a source is, as the page says it."""

    source: str
    title: str
    as_of: date | None
    snapshot: str | None
    age_days: int | None
    """Days from the source's own date to the as-of date of the run."""
    max_age_days: int
    tables: tuple[TableFacts, ...] = ()
    reaches: dict[str, date] = Field(default_factory=dict)
    """The last day that a table has whole months up to, of the tables that are counted in months."""
    notes: dict[str, int] = Field(default_factory=dict)
    """Counts of anything else worth knowing, by name: orphans, unusable TRNs by reason."""
    counted_on: date | None = None
    """As-of date of the release whose counts of records about people these are; they move once a month."""
    withheld: tuple[str, ...] = ()
    """Tables about people whose counts are not shown, as something could be worked out from them."""
    last_attempt: Attempt | None = None
    """``None`` when the newest attempt was accepted; else that it was not. Why is for an operator, in the run record:
    a program wrote it, and it may quote a row or count people."""

    def is_late(self, today: date) -> bool:
        """Return whether it is older on ``today`` than it should ever be, or was never accepted."""
        return self.as_of is None or (today - self.as_of).days > self.max_age_days


class KpiResult(Document):
    """One KPI: newly worked out (``ok``), carried over from the last good run (``carried``), never had (``none``)."""

    id: str
    state: Literal["ok", "carried", "none"]
    reason: str | None = None
    """Why it is not ``ok``, in one sentence for the public."""
    as_of: date | None
    """As-of date of the run the figures come from."""
    counted_on: date | None = None
    """As-of date of the run that counted the people in them, which later runs of the month repeat."""
    description: Description
    points: tuple[Point, ...] = ()
    figures: tuple[Figure, ...] = ()
    comparison: dict[str, str] = Field(default_factory=dict)
    """Measure id: why it cannot be compared with the previous period. A measure not named can."""
    missing: dict[str, str] = Field(default_factory=dict)
    """Source: why what needs it is not available (numbers#needed-sources), in one sentence for the public.

    A source with a date in ``source_dates`` is there, but says nothing of the current period yet."""
    snapshots: dict[str, str] = Field(default_factory=dict)
    """Table: snapshot id, of a source that is missing :data:`NO_SNAPSHOT`."""
    source_dates: dict[str, date] = Field(default_factory=dict)
    sql: str = ""


class CheckCount(Document):
    """One number of a check. ``disclosure`` decides protection: counts of records about people are ``person``."""

    label: str
    count: int
    disclosure: Literal["person", "organisation"] = "organisation"


class Published(Document):
    """What others have published of a denominator: about ``low`` to ``high``."""

    kpi: str
    measure: str
    low: int
    high: int


class Check(Document):
    """One check of a run. ``warning``: somebody should look; ``failed``: what is shown cannot be relied on.

    ``says`` is for the public and never has a number about people in it: those are in ``counts``, which are protected.
    """

    id: str
    group: Literal["rows", "figures", "lists", "sources", "bounds"]
    title: str
    state: Literal["ok", "warning", "failed"]
    says: str
    counts: tuple[CheckCount, ...] = ()
    published: Published | None = None


class Results(Document):
    contract: Literal["school-placements-results/1"] = RESULTS_CONTRACT
    run_id: str
    as_of: date
    month_end: date
    code_version: str
    demonstration: bool
    """Whether the people in the data are invented."""
    snapshots: dict[str, str]
    """Table: snapshot id, definitions and points included."""
    sources: tuple[SourceFacts, ...]
    kpis: tuple[KpiResult, ...]
    definitions: tuple[DefinitionFile, ...] = ()
    """The files of code lists that were used; their content is the snapshot of table ``definitions``."""
    checks: tuple[Check, ...] = ()


class Shown(Document):
    """What a cell showed: its numbers, or the symbol in their place."""

    numerator: int | None
    denominator: int | None
    value: float | None
    symbol: Symbol | None


class Revision(Document):
    """One cell that differs from what was published, both sides after disclosure control."""

    kpi: str
    measure: str
    period: int
    as_of: date
    breakdown: str
    category: str
    was: Shown
    now: Shown
    reason: str
    """Why, in words for the public: "restated from data of 14 July 2026"."""


class Verdict(Document):
    """What the attacker audit found, over this release and the earlier ones that stay online.

    It is public, so it does not say which cells were withheld: with the published floor that would tell why.
    """

    state: Literal["passed", "failed"]
    width: int
    threshold: int
    cells: int
    """Counts of people that were audited."""
    increments: int
    """Changes between successive months, and between successive releases, that were audited."""
    releases: tuple[str, ...]
    """The earlier releases that were considered, oldest first."""
    attempts: int
    """How many times more was withheld before it passed."""
    withheld: int
    """How many rows, breakdowns and measures were withheld so that it passed; which, only the run record says."""
    failing: tuple[str, ...] = ()
    """Names of the cells that a reader could work out; none where it passed."""
    key_id: str
    """Which key broke the ties of rounding; it says nothing about the key."""
    digest: str = ""
    """:func:`document_digest` of the document that was audited, this verdict included."""


class Protected(Document):
    contract: Literal["school-placements-protected/1"] = PROTECTED_CONTRACT
    release: str
    """``<yyyy-mm-dd>.<n>``: the as-of date, and the n-th different content for it."""
    run_id: str
    as_of: date
    month_end: date
    code_version: str
    demonstration: bool
    disclosure: Disclosure
    snapshots: dict[str, str]
    sources: tuple[SourceFacts, ...]
    kpis: tuple[KpiResult, ...]
    compared_with: str | None = None
    """The release that was current before this one; ``None``: there was none to compare with."""
    revisions: tuple[Revision, ...] = ()
    """Every cell that both releases have and that shows something else now."""
    definitions: tuple[DefinitionFile, ...] = ()
    """The files of code lists that were used; their content is the snapshot of table ``definitions``."""
    checks: tuple[Check, ...] = ()
    verdict: Verdict | None = None
    """The audit's verdict; ``None`` before it is audited. What has no passing verdict may not be published."""

    @property
    def waits(self) -> bool:
        """Whether it may not be made public yet: it is about real people, and nobody has approved its limits."""
        return not self.demonstration and not self.disclosure.approved


def document_digest(document: Protected, *, as_read: bool = False) -> str:
    """Return the SHA-256 of all that the document says, in one canonical form, but for this digest itself.

    A verdict holds for the document with this digest and for no other. ``as_read``: without the fields that a
    document of an earlier version had not got when it was written.
    """
    return digest_of(document.model_dump(mode="json", exclude_unset=as_read))


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the digest of a document as JSON."""
    if document["verdict"] is not None:
        document = {
            **document,
            "verdict": {name: value for name, value in document["verdict"].items() if name != "digest"},
        }
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def judged(document: Protected, verdict: Verdict) -> Protected:
    """Return the document with a verdict that holds for it and for no other."""
    digest = document_digest(document.model_copy(update={"verdict": verdict}))
    return document.model_copy(update={"verdict": verdict.model_copy(update={"digest": digest})})
