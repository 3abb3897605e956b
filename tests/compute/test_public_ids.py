"""What a release says of itself confirms no guess of an exact count: every id over exact facts is keyed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from typing import Any

import boto3
import pytest

from functions.compute_kpis.recompute import recompute
from placements_kpi import store
from tests.compute import stack

pytestmark = pytest.mark.usefixtures("aws")

PUBLIC = ("release", "run_id", "snapshots", "verdict")
COUNTS = ("kept", "rows_in")


def made() -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """Return the record of a run and its results, which are private, and what of its release is public."""
    stack.put_world()
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(100, 41))
    summary = stack.compute()
    document = stack.get_json(f"protected/{summary['release']}/results.json")
    record = stack.get_json(f"runs/compute_kpis/{summary['run_id']}.json")
    results = stack.get_json(f"results/{summary['run_id']}/results.json")["kpis"]
    return record, results, {name: document[name] for name in PUBLIC}


def guesses(record: dict[str, Any], results: list[Any]) -> Iterator[bytes]:
    """Yield, for each pair of row counts that rounding leaves possible, all that the run depended on."""
    not_new = [kpi for kpi in results if kpi["state"] != "ok" or kpi["counted_on"]]
    knows = {"inputs": deepcopy(record["inputs"]), "not_new": not_new}
    (apply,) = (one for one in knows["inputs"]["sources"] if one["source"] == "apply")
    table = apply["tables"][0]
    true = [table[name] for name in COUNTS]
    for counts in product(*(range(max(0, count - 4), count + 5) for count in true)):
        table.update(zip(COUNTS, counts, strict=True))
        yield store.canonical_json(knows)


def test_no_guess_of_a_sources_rows_is_confirmed_by_what_is_public() -> None:
    record, results, public = made()
    told = json.dumps(public)
    tried = list(guesses(record, results))
    assert len(tried) == 81
    found = [guess for guess in tried if hashlib.sha256(guess).hexdigest()[:12] in told]
    assert not found, "who guesses right sees that he does"
    purpose = b"school-placements-kpi|rounding|run|v1|"
    keyed = [hmac.digest(stack.ROUNDING_KEY.encode(), purpose + guess, "sha256").hex()[:12] for guess in tried]
    assert sum(one in told for one in keyed) == 1, "the guesses are the right ones: with the key one of them is it"


def test_another_key_of_rounding_gives_another_run_and_the_earlier_one_is_still_found() -> None:
    record, _, public = made()
    held = json.dumps({"key": stack.ROUNDING_KEY[::-1]})
    boto3.client("secretsmanager").put_secret_value(SecretId=stack.ROUNDING_SECRET, SecretString=held)
    again = stack.compute()
    assert again["run_id"] != record["run_id"]
    assert again["release"] != public["release"]
    assert stack.compute()["run_id"] == again["run_id"]
    found = recompute(stack.settings(), public["release"], folder=stack.KPIS)
    assert not [path for path in found["differences"] if path.startswith("results")]
