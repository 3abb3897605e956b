"""Whatever goes wrong with a call of AWS: it is told, nothing half done is current, and a repeat ends it.

``make test`` tries every call of every function once, each with one fault. ``make faults`` tries every call
of every kind of run with every fault (``FAULTS=all``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from local.template import load_stack
from tests.faults.place import opened
from tests.faults.scenarios import every_scenario
from tests.faults.sweep import Sweep

SCENARIOS = every_scenario()
FUNCTIONS = sorted({scenario.function for scenario in SCENARIOS})
WHOLE = os.environ.get("FAULTS") == "all"
GROUPS = {
    group: [scenario for scenario in SCENARIOS if group in {scenario.function, scenario.name}]
    for group in ([scenario.name for scenario in SCENARIOS] if WHOLE else FUNCTIONS)
}


def test_every_function_is_swept() -> None:
    assert {function.folder for function in load_stack().functions.values()} == {*FUNCTIONS}


@pytest.mark.parametrize("group", GROUPS)
def test_whatever_fails_is_told_and_ended_by_a_repeat(
    group: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tried: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    findings: list[str] = []
    for number, scenario in enumerate(GROUPS[group]):
        scratch = tmp_path / str(number)
        scratch.mkdir()
        with opened(scratch) as (injector, engine):
            sweep = Sweep(scenario, injector, engine)
            sweep.record()
            for call, fault in sweep.every_case() if WHOLE else sweep.one_case_each(tried):
                sweep.try_case(call, fault)
        cases += sweep.cases
        findings += map(str, sweep.findings)
    for name, count in cases.items():
        record_property(f"cases of {name}", count)
    assert not findings, "\n".join(findings)
