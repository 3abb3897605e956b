"""Facts as the services keep them, for stand-ins and drops alike."""

from __future__ import annotations

from typing import Any


def trainee(number: int, **changes: Any) -> dict[str, Any]:
    """Return a trainee of the running academic cycle; odd ones are another provider's."""
    return {
        "trainee_id": f"t{number}",
        "trn": f"{2000000 + number}",
        "ukprn": f"1000000{number % 2}",
        "state": "trn_received",
        "training_route": "12",
        "itt_start_date": "2025-09-01",
        "trainee_start_date": "2025-09-01",
        "withdrawal_reasons": [],
        "placements": [{"urn": "100000", "name": "A school", "address": "A street"}],
        "created_at": "2025-08-01T10:00:00Z",
        "updated_at": f"2026-03-{number % 28 + 1:02}T10:00:00Z",
    } | changes


def provider(code: str, year: int = 2025, **changes: Any) -> dict[str, Any]:
    """Return a provider as Publish describes it."""
    return {
        "code": code,
        "name": f"Provider {code}",
        "provider_type": "scitt",
        "accredited_body": True,
        "ukprn": "10000001",
        "urn": None,
        "region_code": "london",
        "changed_at": "2026-01-01T10:00:00Z",
        "discarded_at": None,
        "recruitment_cycle_year": year,
    } | changes


def course(code: str, provider_code: str, year: int = 2025, **changes: Any) -> dict[str, Any]:
    """Return a course as Publish describes it."""
    return {
        "provider_code": provider_code,
        "code": code,
        "accredited_body_code": None,
        "recruitment_cycle_year": year,
        "state": "published",
    } | changes
