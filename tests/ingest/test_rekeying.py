"""Another key: what is current is read again and keyed with it, and the two keys are never mixed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import boto3
import pytest

from placements_kpi import snapshots, store
from placements_kpi.events import EventError
from placements_kpi.pseudonyms import Pseudonyms
from placements_kpi.runs import RefusedError
from tests.ingest.conftest import KEY, Place
from tests.ingest.drops import application, trainee, vacancy

OTHER = "local-9876543210-zyxwvutsrqponmlk"


def rotate(place: Place, key: str = OTHER) -> None:
    """Put another key into the secret, as an operator would."""
    boto3.client("secretsmanager").put_secret_value(SecretId=place.secret_arn, SecretString=json.dumps({"key": key}))


def key_id(key: str) -> str:
    """Return a key's id as docs/operating.md has an owner work it out."""
    return hmac.new(key.encode(), b"school-placements-kpi|key-id|v1", hashlib.sha256).hexdigest()[:12]


def keyed(key: str, trn: str) -> str:
    return hmac.new(key.encode(), f"school-placements-kpi|trn|v1|{trn}".encode(), hashlib.sha256).hexdigest()


def trns(place: Place) -> set[str | None]:
    return {row["trn"] for row in place.table("register", "trainees")}


def test_a_key_is_known_by_an_id_that_says_nothing_about_it() -> None:
    assert Pseudonyms(KEY.encode()).key_id == key_id(KEY)
    assert key_id(KEY) != key_id(OTHER)


def test_rekeying_reads_the_same_drop_again_and_says_what_it_did(place: Place) -> None:
    place.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]}, day="2026-07-10")
    before = place.ingest("register", {"day": "2026-07-10"})["snapshot"]
    place.drop("register", {"trainees": [trainee(n) for n in range(1, 211)]}, day="2026-07-14")
    rotate(place)
    summary = place.ingest("register", {"action": "rekey"})
    assert summary["outcome"] == "accepted"
    assert summary["rekeyed"] == {
        "from_key": key_id(KEY),
        "to_key": key_id(OTHER),
        "from_snapshot": before,
        "to_snapshot": place.current("register"),
        "rows": {"trainees": 200},
    }
    assert place.current("register") != before
    assert place.manifest("register")["key_id"] == key_id(OTHER)
    assert trns(place) == {keyed(OTHER, f"{2000000 + n}") for n in range(1, 201)}


def test_rekeying_under_the_same_key_reads_and_changes_nothing(place: Place) -> None:
    folder = place.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]})
    before = place.ingest("register")["snapshot"]
    (folder / "manifest.json").unlink()
    summary = place.ingest("register", {"action": "rekey"})
    assert (summary["outcome"], place.current("register")) == ("unchanged", before)
    assert summary["rekeyed"]["from_key"] == summary["rekeyed"]["to_key"]


def test_rekeying_dry_says_what_it_would_do_and_writes_nothing(place: Place) -> None:
    place.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]})
    place.ingest("register")
    rotate(place)
    before = place.objects()
    summary = place.ingest("register", {"action": "rekey", "dry_run": True})
    assert summary["rekeyed"]["rows"] == {"trainees": 200}
    assert place.objects() == before


def test_what_is_current_stays_if_its_drop_is_gone(place: Place) -> None:
    folder = place.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]})
    before = place.ingest("register")["snapshot"]
    rotate(place)
    (folder / "manifest.json").unlink()
    with pytest.raises(RefusedError, match="dt=2026-07-14"):
        place.ingest("register", {"action": "rekey"})
    assert place.current("register") == before


def test_a_source_without_people_or_without_a_snapshot_has_nothing_to_key_again(place: Place) -> None:
    with pytest.raises(EventError, match="nothing to key again"):
        place.ingest("providers", {"action": "rekey"})
    with pytest.raises(RefusedError, match="no current snapshot"):
        place.ingest("register", {"action": "rekey"})


def test_the_next_ordinary_ingest_keys_with_the_new_key_too(place: Place) -> None:
    place.drop("register", {"trainees": [trainee(n) for n in range(1, 201)]})
    place.ingest("register")
    rotate(place)
    assert place.ingest("register")["key_id"] == key_id(OTHER)
    assert trns(place) == {keyed(OTHER, f"{2000000 + n}") for n in range(1, 201)}


@pytest.mark.parametrize("event", [{"action": "rekey", "day": "2026-07-14"}, {"action": "rekey", "full": True}])
def test_rekeying_takes_nothing_else(place: Place, event: dict[str, Any]) -> None:
    with pytest.raises(EventError):
        place.ingest("register", event)


def test_what_is_public_of_a_snapshot_confirms_no_guess_of_its_rows_and_links_no_key_with_another(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applicants without a TRN have no code in their rows: whoever guesses those has their digest."""
    read: list[Any] = []
    real = snapshots.snapshot_id
    monkeypatch.setattr(snapshots, "snapshot_id", lambda *given: read.append(given) or real(*given))
    place.drop("vacancies", {"vacancies": [vacancy(1)], "applications": [application(n, trn=None) for n in range(200)]})
    before = place.ingest("vacancies")["snapshot"]
    rotate(place)
    after = place.ingest("vacancies", {"action": "rekey"})["snapshot"]
    (source, _, contract, _, tables), (*_, tables_again) = read
    rows, rows_again = (sorted([one.table.name, one.digest] for one in some) for some in (tables, tables_again))
    assert rows == rows_again, "the rows are the same: only the key tells the two apart"
    for ids in ([], [key_id(KEY)], [key_id(OTHER)]):
        guess = hashlib.sha256(store.canonical_json([source, contract, *ids, rows])).hexdigest()[:12]
        assert guess not in before + after
    assert before != after


# TRNs that Teaching Vacancies has keyed itself.


def tokens(place: Place, key: str, *, says: str | None) -> None:
    """Leave a drop whose applications carry tokens made with ``key``; its manifest ``says`` which key, or nothing."""
    rows = [application(n, trn=None, trn_token=keyed(key, f"{2000000 + n}")) for n in range(1, 201)]
    folder = place.drop("vacancies", {"vacancies": [vacancy(1)], "applications": [*rows]})
    if says is not None:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"key_id": says}))


def test_tokens_of_an_owner_are_taken_as_they_are_and_counted(place: Place) -> None:
    tokens(place, KEY, says=key_id(KEY))
    summary = place.ingest("vacancies")
    assert summary["notes"]["trns_keyed_by_owner"] == 200
    assert place.manifest("vacancies")["fetched"]["key_id"] == key_id(KEY)
    assert keyed(KEY, "2000001") in {row["trn"] for row in place.table("vacancies", "vacancy_applications")}


def test_tokens_of_another_key_than_ours_are_refused(place: Place) -> None:
    tokens(place, OTHER, says=key_id(OTHER))
    with pytest.raises(RefusedError, match=f"keyed with key {key_id(OTHER)} where ours is {key_id(KEY)}"):
        place.ingest("vacancies")
    assert place.current("vacancies") is None


@pytest.mark.parametrize("action", ["ingest", "rekey"])
def test_tokens_of_an_unstated_key_are_refused_once_ours_has_changed(place: Place, action: str) -> None:
    tokens(place, KEY, says=None)
    before = place.ingest("vacancies")["snapshot"]
    rotate(place)
    with pytest.raises(RefusedError, match="200 identifiers keyed by their owner, without saying with which key"):
        place.ingest("vacancies", {"action": action})
    assert place.current("vacancies") == before


def test_an_owner_who_rotates_with_us_says_so_and_is_taken(place: Place) -> None:
    tokens(place, KEY, says=None)
    place.ingest("vacancies")
    rotate(place)
    tokens(place, OTHER, says=key_id(OTHER))
    assert place.ingest("vacancies", {"action": "rekey"})["rekeyed"]["to_key"] == key_id(OTHER)
