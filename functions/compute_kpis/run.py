"""One compute run: pin, plan, query, work out, write, protect, release, tell.

Objects are written before anything points to them, and every id is a digest of what it
names, so that a run killed anywhere and started again ends in the same state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.compute_kpis import emit, spending
from functions.compute_kpis.answers import outcome, reconciliation
from functions.compute_kpis.answers.queries import Answer, run_queries
from functions.compute_kpis.catalogue import definitions, loading
from functions.compute_kpis.catalogue.calendars import load_calendars
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.protection import keys
from functions.compute_kpis.protection.ledger import DIGEST_OF, LedgerError, write_digests
from functions.compute_kpis.protection.record_counts import LISTS
from functions.compute_kpis.record import Headline, Inputs, KpiEnd, Record, write_record
from functions.compute_kpis.releases import carried, closed_texts, current, release, revisions
from functions.compute_kpis.releases.disclosure import DisclosureError, Protection, protect
from functions.compute_kpis.sources import held, own_tables, pins
from placements_kpi import months, store, times, withdrawals
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger, metrics
from placements_kpi.results import Figure, KpiResult, Results

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.settings import ComputeSettings


class AsOfError(PlacementsKpiError):
    """The as-of date cannot be used."""


class NothingComputedError(PlacementsKpiError):
    """Not one KPI could be worked out."""


@dataclass(frozen=True)
class Computed:
    """A finished run before anything is published."""

    results: Results
    failures: Mapping[str, outcome.Failure]
    answers: Mapping[str, Answer]
    inputs: Inputs
    pinned: Mapping[str, pins.Pin]
    key: keys.RoundingKey
    declared: closed_texts.Declared
    """What a release of it may say."""


def compute(
    settings: ComputeSettings,
    as_of: date | None,
    *,
    dry_run: bool = False,
    budget_seconds: float = 600.0,
    folder: Path = loading.FOLDER,
) -> dict[str, Any]:
    """Work out every KPI of ``folder`` for the as-of date, release them, and return the run's summary.

    ``outcome`` is ``ok``, or ``partial`` where a KPI failed or a check was not made.
    Raises :class:`AsOfError` for a day to come and :class:`NothingComputedError`, after the run record is
    written, if all failed.
    :class:`DisclosureError` or :class:`LedgerError`, likewise, if what was worked out may not be published.
    A dry run writes the two tables the queries need and Athena's own output, nothing else.
    """
    started = times.now()
    day = as_of or times.yesterday()
    if day > times.today():
        raise AsOfError(f"{day} is in the future (today is {times.today()} in London); ask for a day that has come")
    s3 = store.s3_client()
    withdrawn = withdrawals.in_force(s3, settings.site_bucket)
    current_before = current.read(
        s3, settings.data_bucket
    )  # before the pins: whoever makes another one current meanwhile is seen
    previous = carried.previous(s3, settings.data_bucket, day, withdrawn, demonstration=settings.demonstration)
    computed = work_out(s3, settings, day, previous, folder=folder, budget_seconds=budget_seconds)
    results = computed.results
    for check in results.checks:
        if check.state != "ok":
            log = logger.error if check.state == "failed" else logger.warning
            log("data quality", extra={"check": check.model_dump(mode="json")})
    done = [kpi.id for kpi in results.kpis if kpi.state == "ok"]
    record = _record(computed, started)
    metrics.add_metric(name="KpisFailed", unit="Count", value=len(computed.failures))
    wrong = [*record.checks_that("failed"), *computed.inputs.checks_not_made]
    metrics.add_metric(name="ChecksFailed", unit="Count", value=len(wrong))
    metrics.flush_metrics()
    if not done:
        if not dry_run:
            write_record(s3, settings.data_bucket, record)
        why = (f"{kpi_id}: {failure.detail.rstrip('.')}." for kpi_id, failure in sorted(computed.failures.items()))
        raise NothingComputedError(
            f"no KPI could be worked out for {day}; nothing current was changed. {' '.join(why)} "
            "Run the ingest of each source that is named, then run this again"
        )
    protection = _release(s3, settings, computed, record, withdrawn, dry_run=dry_run)
    protected = protection.document
    record = record.having(
        release=protected.release, compared_with=protected.compared_with, revisions=len(protected.revisions)
    )
    if dry_run:
        return record.answer(current=False, dry_run=True)
    # The record comes before the seal and the pointers: whatever is published or current can be recomputed.
    write_record(s3, settings.data_bucket, record.having(withheld=protection.withheld))
    release.seal(s3, settings.data_bucket, protected.release)
    is_current = _make_current(s3, settings, computed, protected.release, current_before)
    if (len(protection.page.considered) + 1) % DIGEST_OF == 0:
        write_digests(s3, settings.data_bucket)
    return record.answer(current=is_current, dry_run=False)


def execute(
    settings: ComputeSettings,
    plan: outcome.Plan,
    snapshots: Mapping[str, str],
    previous: Results | None,
    budget_seconds: float,
) -> tuple[tuple[KpiResult, ...], dict[str, outcome.Failure], dict[str, Answer]]:
    """Run the queries of the plan against ``snapshots``; return the KPIs, why some failed, and the answers."""
    read = plan.to_read(snapshots)
    answers = run_queries(plan.to_query, read, settings, budget_seconds)
    results, failures = outcome.kpi_results(plan, read, answers, previous)
    for kpi_id, failure in sorted(failures.items()):
        logger.error("kpi failed", extra={"kpi": kpi_id, "reason": failure.detail})
    for kpi in results:
        if kpi.state == "ok" and kpi.missing:
            logger.warning("not available", extra={"kpi": kpi.id, "missing": kpi.missing})
    return results, failures, answers


def work_out(
    s3: S3Client,
    settings: ComputeSettings,
    day: date,
    previous: Results | None,
    *,
    folder: Path = loading.FOLDER,
    budget_seconds: float = 600.0,
) -> Computed:
    """Return every KPI for the day from the current snapshots; what fails is carried over from ``previous``.

    Raises :class:`functions.compute_kpis.sources.held.RowsMovedError` if rows went while they were read.
    """
    key = keys.load(settings.rounding_secret_arn, settings.stage)
    lists = definitions.load_definitions()
    kpis, unusable = loading.load_catalogue(lists, folder)
    pinned = pins.read_pins(s3, settings.data_bucket, day, settings.max_age_days, demonstration=settings.demonstration)
    plan = outcome.plan(day, kpis, unusable, pinned, load_calendars(lists))
    snapshots = {
        table: str(pinned[source].facts.snapshot)
        for table, source in SOURCE_OF_TABLE.items()
        if pinned[source].facts.snapshot
    }
    own = {
        "definitions": own_tables.write_definitions(s3, settings.data_bucket, lists),
        "kpi_points": own_tables.write_points(s3, settings.data_bucket, plan.points, day),
    }
    snapshots |= own
    before = {prefix: objects for pin in pinned.values() for prefix, objects in pin.stored.items()}
    before |= held.look(s3, settings.data_bucket, own)
    kpi_results, failures, answers = execute(settings, plan, snapshots, previous, budget_seconds)
    unknown = reconciliation.unknown_values(snapshots, settings, budget_seconds)
    held.check_still(s3, settings.data_bucket, before)
    sources = tuple(pin.facts for pin in pinned.values())
    inputs = Inputs(
        as_of=day,
        snapshots=snapshots,
        sources=sources,
        keys={source: pin.key_id for source, pin in pinned.items() if pin.key_id is not None},
        catalogue={kpi.id: kpi.digest for kpi in kpis} | {unused.id: unused.digest for unused in unusable},
        code_version=settings.code_version,
        demonstration=settings.demonstration,
        definitions=lists.files,
        checks_not_made=() if unknown.error is None else (LISTS,),
    )
    results = Results(
        run_id=outcome.run_id_of(key, day, inputs, kpi_results),
        as_of=day,
        month_end=months.last_end(day),
        code_version=settings.code_version,
        demonstration=settings.demonstration,
        snapshots=snapshots,
        sources=sources,
        kpis=kpi_results,
        definitions=lists.files,
        checks=reconciliation.checks_of(sources, kpi_results, lists, unknown),
    )
    declared = closed_texts.declared(settings, kpis, lists, results)
    answers |= {reconciliation.UnknownValues.id: unknown}
    return Computed(results, failures, answers, inputs, pinned, key, declared)


def _release(
    s3: S3Client,
    settings: ComputeSettings,
    computed: Computed,
    record: Record,
    withdrawn: frozenset[str],
    *,
    dry_run: bool,
) -> Protection:
    """Write the results, and what of them may be published; return that. What may not be is in the record."""
    bucket, results = settings.data_bucket, computed.results
    if not dry_run:
        body = store.canonical_json(results.model_dump(mode="json"))
        store.write_once(s3, bucket, carried.results_key(results.run_id), body)
        parquet = f"results/{results.run_id}/results.parquet"
        store.write_once(s3, bucket, parquet, outcome.results_parquet(results), "application/vnd.apache.parquet")
    try:
        protection = _protected(s3, settings, computed, withdrawn, dry_run=dry_run)
    except (DisclosureError, LedgerError) as error:
        logger.error("nothing is released", extra={"reason": str(error)})
        if not dry_run:
            write_record(s3, bucket, record.having(outcome="failed", not_released=str(error)))
        raise
    released = protection.document.release
    logger.info("audit passed", extra={"release": released, "withheld": list(protection.withheld)})
    return protection


def _protected(
    s3: S3Client, settings: ComputeSettings, computed: Computed, withdrawn: frozenset[str], *, dry_run: bool
) -> Protection:
    """Return what may be published, under the first id of the day at which it stands, and written there."""
    bucket, results, number = settings.data_bucket, computed.results, 0
    while True:
        tried = release.candidate(s3, bucket, results.as_of, withdrawn, number)
        protection = protect(results, settings.disclosure, tried.release, computed.key, tried.past)
        document = revisions.declare(protection.document, tried.compared_with, protection.restated)
        if strays := closed_texts.strays(document, computed.declared):
            raise DisclosureError(
                f"release {tried.release} has a text that is neither the catalogue's nor on a list of closed_texts.py, "
                f"at {strays[0]} ({len(strays)} such); the current release stays. Read that text in the results of "
                "this run; if the public may, add it to its list (a column of codes: coded of LISTED, settings.py)"
            )
        protection = replace(protection, document=document)
        if release.write(s3, bucket, tried, protection, dry_run=dry_run):
            return protection
        number = tried.number


def _make_current(
    s3: S3Client, settings: ComputeSettings, computed: Computed, release_id: str, current_before: str | None
) -> bool:
    """Make the release current and tell the publisher, unless a newer one is; return whether it is current."""
    bucket, results = settings.data_bucket, computed.results
    contender = current.Contender(
        release=release_id,
        as_of=results.as_of,
        results={
            "run_id": results.run_id,
            "as_of": results.as_of.isoformat(),
            "results": carried.results_key(results.run_id),
            "release": release_id,
        },
        current_before=current_before,
        outdated=lambda: pins.outdated(s3, bucket, computed.pinned),
    )
    if current.make_current(s3, bucket, contender):
        spending.write(s3, bucket)
        emit.kpis_computed(settings.event_bus, settings.event_source, release_id)
        return True
    why = "there is one of a later day, or of newer snapshots; compute_kpis.json gives one of the newest"
    logger.warning("release is not current", extra={"release": release_id, "reason": why})
    return False


def _record(computed: Computed, started: datetime) -> Record:
    results = computed.results
    answers = computed.answers.values()
    whole = not (
        computed.failures or any(check.state == "failed" for check in results.checks) or computed.inputs.checks_not_made
    )
    return Record(
        run_id=results.run_id,
        outcome="ok" if whole else "partial" if any(kpi.state == "ok" for kpi in results.kpis) else "failed",
        as_of=results.as_of,
        month_end=results.month_end,
        started_at=times.iso_instant(started),
        code_version=results.code_version,
        inputs=computed.inputs,
        kpis={
            kpi.id: KpiEnd(
                state=kpi.state,
                reason=computed.failures[kpi.id].detail if kpi.id in computed.failures else None,
                missing=tuple(sorted(kpi.missing)),
                headline=_headline(kpi),
            )
            for kpi in results.kpis
        },
        failures={kpi_id: failure.detail for kpi_id, failure in computed.failures.items()},
        checks=results.checks,
        queries=len([answer for answer in answers if answer.execution_id]),
        bytes_scanned=sum(answer.bytes_scanned for answer in answers),
        executions={kpi_id: answer.execution_id for kpi_id, answer in computed.answers.items()},
        release=None,
    )


def _headline(kpi: KpiResult) -> Headline | None:
    figure = headline_of(kpi)
    if figure is None:
        return None
    is_money = any(measure.kind == "money" for measure in kpi.description.measures if measure.id == figure.measure)
    return Headline(numerator=figure.numerator, denominator=figure.denominator, value=figure.value, is_money=is_money)


def headline_of(kpi: KpiResult) -> Figure | None:
    """Return the national headline figure at the KPI's newest point."""
    families = {measure.family for measure in kpi.description.measures if measure.id == kpi.description.headline}
    for point in kpi.points:
        if point.is_current and point.family in families:
            for figure in kpi.figures:
                if (figure.measure, figure.breakdown) == (kpi.description.headline, "national") and (
                    figure.period,
                    figure.as_of,
                ) == (point.period, point.as_of):
                    return figure
    return None
