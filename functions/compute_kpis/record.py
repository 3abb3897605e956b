"""Run records: what each run was made from and how it ended, ``runs/compute_kpis/<run id>.json``."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from placements_kpi import store, times, usage
from placements_kpi.facts import DefinitionFile  # noqa: TC001 - pydantic reads it when the module runs
from placements_kpi.failures import Reason
from placements_kpi.results import Check, SourceFacts  # noqa: TC001 - pydantic reads it when the module runs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.errors import PlacementsKpiError

FUNCTION = "compute_kpis"


class Inputs(BaseModel):
    """All that the results of a run depend on; its id is a digest of it."""

    model_config = ConfigDict(frozen=True)

    as_of: date
    snapshots: dict[str, str]
    sources: tuple[SourceFacts, ...]
    keys: dict[str, str]
    """Id of the key of pseudonyms, by source."""
    catalogue: dict[str, str]
    """Digest of each KPI's folder."""
    code_version: str
    demonstration: bool
    definitions: tuple[DefinitionFile, ...]
    checks_not_made: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return them as they are digested and stored: ``checks_not_made`` is said where there is one only."""
        return self.model_dump(mode="json", exclude=None if self.checks_not_made else {"checks_not_made"})


class Headline(BaseModel):
    """The exact headline of a KPI at its newest point."""

    model_config = ConfigDict(frozen=True)

    numerator: int | None
    denominator: int | None
    value: float | None
    is_money: bool = False


class KpiEnd(BaseModel):
    """How a KPI came out."""

    model_config = ConfigDict(frozen=True)

    state: str
    reason: str | None
    missing: tuple[str, ...]
    """Sources that could not be used."""
    headline: Headline | None


class Record(BaseModel):
    """One run. What it did not come to is not in its record."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    outcome: Literal["ok", "partial", "failed"]
    as_of: date | None = None
    month_end: date | None = None
    started_at: str = ""
    code_version: str = ""
    inputs: Inputs | None = None
    kpis: dict[str, KpiEnd] = {}
    failures: dict[str, str] = {}
    """Why a KPI failed, for an operator."""
    checks: tuple[Check, ...] = ()
    queries: int = 0
    bytes_scanned: int = 0
    executions: dict[str, str | None] = {}
    """Athena's id of each query."""
    release: str | None = None
    compared_with: str | None = None
    revisions: int = 0
    withheld: tuple[str, ...] = ()
    not_released: str | None = None
    error: Reason | None = None

    def having(self, **more: Any) -> Record:
        """Return the record with more in it."""
        return self.model_copy(update=more)

    def body(self) -> dict[str, Any]:
        """Return it as it is stored."""
        body = self.model_dump(mode="json", include=self.model_fields_set)
        return body if self.inputs is None else body | {"inputs": self.inputs.body()}

    def answer(self, **more: bool) -> dict[str, Any]:
        """Return what the function answers, which names the checks that did not go well."""
        answered = {"run_id", "outcome", "as_of", "release", "kpis", "queries", "bytes_scanned"}
        answered |= {"compared_with", "revisions"} & self.model_fields_set
        checks = {"failed": self.checks_that("failed"), "warning": self.checks_that("warning")}
        return self.model_dump(mode="json", include=answered) | {"checks": checks} | more

    def checks_that(self, ended: Literal["failed", "warning"]) -> list[str]:
        """Return the ids of the checks that ended so."""
        return [check.id for check in self.checks if check.state == ended]


def record_key(run_id: str) -> str:
    """Return the key of a run's record."""
    return f"runs/{FUNCTION}/{run_id}.json"


def write_record(s3: S3Client, bucket: str, record: Record) -> None:
    """Write the run record; a repeated run replaces its own, which differs in times and query ids only."""
    ended = {"usage": usage.so_far().model_dump(), "finished_at": times.iso_instant(times.now())}
    store.put_json(s3, bucket, record_key(record.run_id), {"function": FUNCTION} | record.body() | ended)


def read_inputs(s3: S3Client, bucket: str, run_id: str) -> Inputs:
    """Return what a run was made from; :class:`~placements_kpi.store.StoreError` if its record does not say it."""
    key = record_key(run_id)
    try:
        return Inputs.model_validate(store.read_json(s3, bucket, key)["inputs"])
    except (ValidationError, KeyError, TypeError):
        raise store.BrokenObjectError(f"s3://{bucket}/{key} does not say what the run was made from") from None


def write_refusal(s3: S3Client, bucket: str, error: PlacementsKpiError) -> None:
    """Write the record of a run that ended in ``error`` before it had an id: the same error has the same record."""
    digest = hashlib.sha256(str(error).encode()).hexdigest()[:12]
    write_record(s3, bucket, Record(run_id=f"refused-{digest}", outcome="failed", error=Reason.of(error)))
