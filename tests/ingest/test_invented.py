"""A stack takes invented people or real ones, as it tells the public, and never the other kind."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from placements_kpi.runs import RefusedError
from placements_kpi.sources import SourceError
from tests.ingest.drops import trainee

if TYPE_CHECKING:
    from tests.ingest.conftest import Place


PROVIDER = {"code": "1AB", "name": "A provider", "recruitment_cycle_year": 2026}
COURSE = {"provider_code": "1AB", "code": "X1", "recruitment_cycle_year": 2026, "state": "published"}


def drop(place: Place, source: str, *, invented: bool | None, day: str = "2026-07-14") -> None:
    """Leave a drop whose manifest says whether it is invented, or does not."""
    files: dict[str, Any] = {
        "register": {"trainees": [trainee(number) for number in range(1, 51)]},
        "providers": {"providers": [PROVIDER], "courses": [COURSE]},
    }
    path = place.drop(source, files[source], day=day) / "manifest.json"
    if invented is not None:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"invented": invented}))


def test_the_manifest_of_a_snapshot_says_that_its_people_are_invented(place: Place) -> None:
    drop(place, "register", invented=True)
    place.ingest("register", demonstration=True)
    assert place.manifest("register")["fetched"]["invented"] is True


def test_a_demonstration_takes_invented_data_however_old_it_is(place: Place) -> None:
    """The sample is of 14 July 2026, whenever somebody deploys it."""
    drop(place, "register", invented=True, day="2025-12-01")
    place.ingest("register", demonstration=True)
    assert place.manifest("register")["as_of"].startswith("2025-12-01")


def test_no_other_data_may_be_that_old(place: Place) -> None:
    drop(place, "providers", invented=None, day="2025-12-01")
    with pytest.raises(RefusedError, match="days old; at most 3 are allowed"):
        place.ingest("providers", demonstration=True)


@pytest.mark.parametrize("said", [None, False])
def test_a_demonstration_takes_no_drop_with_people_that_does_not_say_that_they_are_invented(
    place: Place, said: bool | None
) -> None:
    drop(place, "register", invented=said)
    with pytest.raises(RefusedError, match="nothing says that its people are invented"):
        place.ingest("register", demonstration=True)
    assert place.current("register") is None


def test_a_real_stack_takes_no_invented_drop_and_looks_for_an_older_one(place: Place) -> None:
    drop(place, "register", invented=None, day="2026-07-13")
    drop(place, "register", invented=True, day="2026-07-14")
    with pytest.raises(RefusedError, match="says that the data is invented, and this stack publishes figures as real"):
        place.ingest("register")
    assert place.manifest("register")["as_of"].startswith("2026-07-13")


def test_a_demonstration_reads_no_live_service_with_people(place: Place) -> None:
    key = json.dumps({"key": hashlib.sha256(b"not a local one").hexdigest()})
    arn = boto3.client("secretsmanager").create_secret(Name="strong", SecretString=key)["ARN"]
    live = {"stage": "dev", "source_location": "https://127.0.0.1:1/register-api", "pseudonym_secret_arn": arn}
    with pytest.raises(SourceError, match="nothing says that its people are invented"):
        place.ingest("register", demonstration=True, **live)


def test_a_source_without_people_is_read_live_in_a_demonstration_too_but_not_invented_where_all_is_real(
    place: Place,
) -> None:
    drop(place, "providers", invented=None)
    place.ingest("providers", demonstration=True)
    drop(place, "providers", invented=True)
    with pytest.raises(RefusedError, match="says that the data is invented"):
        place.ingest("providers")
