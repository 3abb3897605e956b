"""The same facts give the same curated tables, whether they come as a drop or from the live service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.https.facts import course, provider, trainee
from tests.ingest.drops import choice
from tests.schools.extracts import link, school, write_drop

if TYPE_CHECKING:
    from tests.https.conftest import Served


def tables(served: Served, source: str, *names: str) -> dict[str, Any]:
    """Return the rows of the current tables, in an order of their own."""
    return {name: sorted(served.place.table(source, name), key=str) for name in names}


def both(served: Served, source: str, *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    dropped = served.place.ingest(source)
    assert dropped["outcome"] == "accepted"
    from_drop = tables(served, source, *names)
    summary = served.ingest(source)
    assert summary["outcome"] in {"accepted", "unchanged"}
    assert served.place.manifest(source)["fetched"]["transport"] in {"https", "drop"}
    return from_drop, tables(served, source, *names)


def test_apply(served: Served) -> None:
    rows: list[Any] = [choice(number, recruitment_cycle_year=2024 + number % 3) for number in range(1, 401)]
    rows += [
        choice(
            401,
            status="rejected",
            rejected_at="2026-06-30T23:30:00Z",
            rejection_reasons_type="rejection_reasons",
            rejection_reason_ids=["school_placement.no_placements"],
            rejection_reason="free text that nobody keeps",
        )
    ]
    served.place.drop("apply", {"application_choices": rows})
    from_drop, from_service = both(served, "apply", "application_choices")
    assert from_drop == from_service
    assert len(from_service["application_choices"]) == 401


def test_register(served: Served) -> None:
    rows: list[Any] = [trainee(number) for number in range(1, 301)]
    rows += [trainee(301, itt_start_date="2023-09-01", trainee_start_date="2023-09-04", state="awarded")]
    served.place.drop("register", {"trainees": rows})
    from_drop, from_service = both(served, "register", "trainees")
    assert from_drop == from_service
    assert len(from_service["trainees"]) == 301


def test_providers(served: Served) -> None:
    providers: list[Any] = [provider(f"{number:03}", year) for year in range(2023, 2027) for number in range(600)]
    providers += [provider("ZZ1", discarded_at="2026-02-01T10:00:00Z"), provider("zz2", region_code="no_region")]
    courses: list[Any] = [course(f"C{number}", f"{number % 600:03}") for number in range(1200)]
    served.place.drop("providers", {"providers": providers, "courses": courses})
    from_drop, from_service = both(served, "providers", "providers", "courses")
    assert from_drop == from_service
    assert (len(from_service["providers"]), len(from_service["courses"])) == (2402, 1200)


def test_schools(served: Served) -> None:
    rows: list[Any] = [school(100000 + number, name=f"St Mary’s {number}") for number in range(50)]
    rows += [school(100050, status="2", closed="31-08-2024"), school(100051, opened="01/09/2024")]
    write_drop(served.place.location("schools"), rows, [link(100050, 100051)])
    from_drop, from_service = both(served, "schools", "schools", "school_links", "school_lineage")
    assert from_drop == from_service
    assert len(from_service["schools"]) == 52


def test_the_snapshot_of_the_schools_is_the_very_same(served: Served) -> None:
    write_drop(served.place.location("schools"), [school(100000)], [])
    snapshot = served.place.ingest("schools")["snapshot"]
    assert (served.ingest("schools")["outcome"], served.place.current("schools")) == ("unchanged", snapshot)
