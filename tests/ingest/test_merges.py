"""Deltas of a live service are merged into the current snapshot; a full pull replaces it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest

from functions.ingest_apply.app import SOURCE
from placements_kpi import ingest
from placements_kpi.observability import metrics
from placements_kpi.runs import RefusedError
from placements_kpi.sources import Fetched, Record, Request, SourceError, SourceFile, Tombstone
from tests.ingest.drops import choice, choices

if TYPE_CHECKING:
    from tests.ingest.conftest import Place

Kind = Literal["full", "delta"]
TODAY = datetime(2026, 7, 15, 5, tzinfo=UTC)


def pull(
    place: Place, kind: Kind, records: Iterable[Record], event: dict[str, Any] | None = None, **settings: Any
) -> tuple[dict[str, Any], Request]:
    """Run an ingest of Apply whose client answers with ``records``; return the summary and what it was asked."""
    asked: list[Request] = []

    def fetch(request: Request) -> Fetched:
        asked.append(request)
        files = {"application_choices": SourceFile(name="application-choices", records=iter(records))}
        return Fetched(as_of=TODAY, files=files, kind=kind, facts={"watermark": "2026-07-15T05:00:00Z"})

    try:
        location = {"source_location": "http://127.0.0.1:1/data-api"}
        summary = ingest.run(
            replace(SOURCE, fetch=fetch), place.settings("apply", **(location | settings)), event or {}
        )
    finally:
        metrics.clear_metrics()
    return summary, asked[0]


def statuses(place: Place) -> dict[str, str]:
    return {row["id"]: row["status"] for row in place.table("apply", "application_choices")}


def test_a_delta_changes_adds_and_removes_rows_of_the_current_snapshot(place: Place) -> None:
    pull(place, "full", choices(200))
    delta: list[Record] = [
        choice(1, status="rejected", updated_at="2026-07-01T00:00:00Z"),
        choice(2, status="rejected", updated_at="2026-01-01T00:00:00Z"),  # older than what we have
        choice(3, status="rejected"),  # equally new: what was just read stays
        choice(201),
        Tombstone("4"),
        Tombstone("no such id"),
    ]
    summary, request = pull(place, "delta", delta)
    assert request.previous is not None
    assert request.previous.facts == {"watermark": "2026-07-15T05:00:00Z"}
    after = statuses(place)
    assert len(after) == 200
    assert after["1"] == after["3"] == "rejected"
    assert after["2"] == "awaiting_provider_decision"
    assert "4" not in after and "201" in after
    facts = summary["tables"][0]
    assert (facts["rows_in"], facts["kept"], facts["duplicates"]) == (201, 200, 1)
    assert summary["notes"]["application_choices_carried_over"] == 197


def test_the_same_facts_by_delta_or_in_full_are_the_same_snapshot(place: Place) -> None:
    changed = choice(1, status="rejected", updated_at="2026-07-01T00:00:00Z")
    pull(place, "full", choices(200))
    merged, _ = pull(place, "delta", [changed])
    again, _ = pull(place, "full", [changed, *choices(200)[1:]])
    assert again["outcome"] == "unchanged"
    assert again["snapshot"] == merged["snapshot"]


def test_a_full_pull_forgets_what_is_not_in_it(place: Place) -> None:
    pull(place, "full", choices(200))
    summary, request = pull(place, "full", choices(190), {"full": True})
    assert request.full
    assert summary["tables"][0]["kept"] == len(statuses(place)) == 190


def test_an_empty_delta_is_fine(place: Place) -> None:
    first, _ = pull(place, "full", choices(200))
    summary, _ = pull(place, "delta", [])
    assert (summary["outcome"], summary["snapshot"]) == ("unchanged", first["snapshot"])


def test_a_delta_without_anything_to_merge_into_is_refused(place: Place) -> None:
    with pytest.raises(SourceError, match="full"):
        pull(place, "delta", choices(2))
    assert place.current("apply") is None


def test_data_of_two_keys_is_never_merged(place: Place) -> None:
    first, _ = pull(place, "full", choices(200))
    other = '{"key": "local-9876543210-abcdefghijklmnop"}'
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=other)
    with pytest.raises(SourceError, match="of this key"):
        pull(place, "delta", [choice(1)])
    assert place.current("apply") == first["snapshot"]
    summary, request = pull(place, "full", choices(200))
    assert request.previous is None
    assert summary["outcome"] == "accepted" and summary["snapshot"] != first["snapshot"]


def test_a_delta_of_which_every_row_is_bad_is_refused(place: Place) -> None:
    pull(place, "full", choices(200))
    with pytest.raises(RefusedError, match="3 of 3 rows could not be used"):
        pull(place, "delta", [choice(number, status=None) for number in (1, 2, 3)])
    summary, _ = pull(place, "delta", [choice(1, status=None), *choices(20)[1:]])
    assert summary["tables"][0]["refused"] == {"missing": 1}


def test_a_live_service_is_asked_over_https_only(place: Place) -> None:
    for location in ("http://example.org/api", "http://127.0.0.1.example.org/api"):
        with pytest.raises(SourceError, match="not https"):
            pull(place, "full", choices(2), source_location=location)
    with pytest.raises(SourceError, match="not https"):
        pull(place, "full", choices(2), stage="prod", max_age_days='{"apply": 3}', pseudonym_secret_arn=_strong())


def _strong() -> str:
    arn = boto3.client("secretsmanager").create_secret(
        Name="strong", SecretString='{"key": "q8Zr2LxV0bTn6WmYc4HjKd1Pg7SfUe3A"}'
    )["ARN"]
    return str(arn)


def test_a_source_without_a_live_service_says_so(place: Place) -> None:
    with pytest.raises(SourceError, match="no live service"):
        place.ingest("placements", source_location="https://example.org")
