"""Settings: the environment of a function as typed, checked values, read once at cold start.

Nothing else in the project reads an environment variable, but for the clock of the
local stack (:mod:`placements_kpi.times`). ``docs/operating.md`` lists every setting.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError

from placements_kpi.errors import PlacementsKpiError
from placements_kpi.facts import Disclosure as Disclosure  # noqa: TC001 - pydantic reads it when the module runs
from placements_kpi.observability import logger


@dataclass(frozen=True)
class ListedSource:
    """What functions that are deployed without a source's own folder know of it."""

    title: str
    """What the public reads."""
    tables: tuple[str, ...]
    """The names of its contract's tables, in their order."""
    people: tuple[str, ...] = ()
    """Those of them that have a row about a person."""
    coded: tuple[str, ...] = ()
    """Their columns with a list of codes, of which those on no list are counted: a release may name them."""


LISTED = {
    "apply": ListedSource(
        "Apply for teacher training",
        ("application_choices",),
        people=("application_choices",),
        coded=("status", "rejection_reasons_type", "course_level", "funding_type"),
    ),
    "register": ListedSource(
        "Register trainee teachers",
        ("trainees",),
        people=("trainees",),
        coded=("state", "course_education_phase", "withdrawal_trigger"),
    ),
    "placements": ListedSource(
        "School placements service",
        ("mentor_allocations", "school_activity", "hosting_preferences", "school_placements", "provider_activity"),
        people=("mentor_allocations",),
        coded=("appetite",),
    ),
    "vacancies": ListedSource(
        "Teaching Vacancies",
        ("vacancies", "vacancy_applications"),
        people=("vacancy_applications",),
        coded=("job_roles", "ect_status", "phases", "contract_type", "hired_status", "status"),
    ),
    "providers": ListedSource(
        "Publish teacher training courses", ("providers", "courses"), coded=("provider_type", "state")
    ),
    "schools": ListedSource(
        "Get information about schools",
        ("schools", "school_links", "school_lineage"),
        coded=(
            "establishment_status",
            "type_of_establishment",
            "establishment_type_group",
            "phase_of_education",
            "gor",
            "link_type",
        ),
    ),
    "service": ListedSource(
        "School placements service team", ("service_transactions", "service_satisfaction", "service_costs")
    ),
}
"""Every source, by its name: whoever reads all of them goes by this list (docs/adding-a-source.md)."""

SOURCES = tuple(LISTED)
SOURCE_TITLES = {source: listed.title for source, listed in LISTED.items()}
SOURCE_OF_TABLE = {table: source for source, listed in LISTED.items() for table in listed.tables}
PERSON_TABLES = frozenset(table for listed in LISTED.values() for table in listed.people)


class SettingsError(PlacementsKpiError):
    """A setting is missing or cannot be used."""


_blank_is_none = BeforeValidator(lambda value: None if value == "" else value)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    stage: Literal["local", "dev", "prod"] = "dev"
    data_bucket: str
    code_version: str = "unreleased"
    max_age_days: Json[dict[str, int]]
    """Source: days after which its data is too old to be shown without a notice, or used for a new figure."""

    @classmethod
    def from_environment(cls) -> Self:
        """Return the settings of this process; :class:`SettingsError` names every one that is wrong."""
        values: dict[str, Any] = {
            name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = sorted({str(problem["loc"][0]).upper() for problem in error.errors() if problem["loc"]})
            reason = (
                f"these environment variables are missing or wrong: {', '.join(wrong)}; "
                "template.yaml sets them, docs/operating.md says what each one holds"
            )
            logger.error("settings", extra={"reason": reason})  # without them no run begins that could say it
            raise SettingsError(reason) from None


class IngestSettings(_Settings):
    """What an ingest function needs to know."""

    source_location: str
    """Where the source is: ``https://…``, ``s3://…`` or ``bigquery://…``; the local stack also ``http://127.0.0.1…``
    or a folder."""
    google_identity_provider: Annotated[str | None, _blank_is_none] = None
    """Who vouches to Google for our role: ``projects/<number>/locations/global/workloadIdentityPools/…/providers/…``"""
    google_service_account: Annotated[str | None, _blank_is_none] = None
    """The Google service account that the role may act as; none: the role itself is given what it may read."""
    max_bytes_billed: int = Field(default=20_000_000_000, ge=1)
    """Most bytes that one query of BigQuery may be billed for; it fails, unbilled, if it would be more."""
    bigquery_endpoint: Annotated[str | None, _blank_is_none] = None
    """Address of an emulator of BigQuery, on this machine (local stack only)."""
    source_secret_arn: Annotated[str | None, _blank_is_none] = None
    """Secret with ``{"tokens": ["…"]}``, for a source that asks for a bearer token."""
    pseudonym_secret_arn: Annotated[str | None, _blank_is_none] = None
    """Secret with ``{"key": "…"}``, for a source with person identifiers."""
    erasure_secret_arn: Annotated[str | None, _blank_is_none] = None
    """Secret with the identifiers of a person to be erased (:mod:`placements_kpi.erasure`), for the same sources."""
    min_rows: int = Field(default=0, ge=0)
    """Fewest rows of the source's first table that a snapshot may have."""
    max_rows: int = Field(default=100_000_000, ge=1)
    max_change_percent: float = Field(default=20.0, gt=0)
    """Greatest change in rows of any table against the last accepted snapshot."""
    max_refused_percent: float = Field(default=1.0, ge=0)
    max_duplicate_percent: float = Field(default=1.0, ge=0)
    max_unusable_trn_percent: float = Field(default=10.0, ge=0)
    """Greatest share of TRNs that cannot be used among those given in a table."""
    demonstration: bool = False
    """Whether the people of this stack are invented (:mod:`placements_kpi.invented`)."""
    budget_seconds: float = Field(default=600.0, gt=0)
    """Total time for fetching, below the function's own timeout."""


class ComputeSettings(_Settings):
    """What ``compute_kpis`` needs to know."""

    site_bucket: str
    """Bucket of the page: ``withdrawn/`` in it says which releases were withdrawn, and is all that is read of it."""
    glue_database: str
    athena_workgroup: str
    event_bus: str = "default"
    event_source: str
    """What the event "KPIs computed" names as its source: the stack's own, so that no other stack's publisher hears."""
    disclosure: Json[Disclosure]
    rounding_secret_arn: str
    """Secret with ``{"key": "…"}`` that breaks the ties of rounding and seals the ledger."""
    demonstration: bool = False
    poll_seconds: float = Field(default=0.5, gt=0)


class PublishSettings(_Settings):
    """What ``publish_site`` needs to know."""

    site_bucket: str
    service_host: str
    unapproved_limits: Literal["hold", "show"] = "hold"
    """What becomes of a release about real people whose limits nobody has approved: it waits, or shows a banner."""
    release_mode: Literal["automatic", "approve"] = "automatic"
    """Whether a release is made public by itself, or waits until somebody has approved its preview."""
