"""The sample's known answers against what the pipeline found, figure by figure, exactly and before rounding.

The sample's generator tallies its answers while it invents people, before any file is written and without SQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "known_answers.json"


@dataclass(frozen=True)
class Expected:
    """One figure as the sample says it must be; ``denominator`` is ``None`` for a count."""

    kpi: str
    measure: str
    as_of: str | None
    breakdown: str
    category: str
    numerator: int
    denominator: int | None

    def __str__(self) -> str:
        where = "" if self.breakdown == "national" else f" {self.breakdown} {self.category}"
        return f"{self.kpi} {self.measure}{where} at {self.as_of}"


def compare(folder: Path, results: Mapping[str, Any]) -> tuple[int, list[str]] | None:
    """Return how many figures are known of ``results`` (the exact results document), and a line for each that differs.

    ``None`` where no answers are in ``folder``.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    found: dict[tuple[str, str, str, str, str | None], tuple[Any, Any]] = {}
    for kpi in results.get("kpis", []):
        current = {point["as_of"] for point in kpi["points"] if point["is_current"]}
        for figure in kpi["figures"]:
            value = (figure["numerator"], figure["denominator"])
            cell = (kpi["id"], figure["measure"], figure["breakdown"], figure["category"])
            found[(*cell, figure["as_of"])] = value
            if figure["as_of"] in current:
                found[(*cell, None)] = value
    different = []
    expected = list(expected_of(json.loads(path.read_text(encoding="utf-8"))))
    for answer in expected:
        counted = found.get((answer.kpi, answer.measure, answer.breakdown, answer.category, answer.as_of))
        wanted = (answer.numerator, answer.denominator)
        if counted != wanted:
            different.append(f"{answer}: {_said(wanted)} is known, {_said(counted)} was found")
    return len(expected), different


def _said(value: tuple[Any, Any] | None) -> str:
    if value is None:
        return "nothing"
    return str(value[0]) if value[1] is None else f"{value[0]} of {value[1]}"


def expected_of(answers: Mapping[str, Any]) -> Iterator[Expected]:
    for kpi, measures in answers.items():
        for measure, answer in measures.items():
            if "period" not in answer:  # counts of records left out, by reason
                for reason, count in answer.items():
                    yield Expected(kpi, measure, None, "reason", reason, count, None)
                continue
            for told in (answer, answer.get("comparison"), *answer.get("series", ())):
                if told is not None:
                    yield from _cells(kpi, measure, told)


def _cells(kpi: str, measure: str, answer: Mapping[str, Any]) -> Iterator[Expected]:
    if "numerator" in answer:
        yield Expected(
            kpi, measure, answer["as_of"], "national", "Total", answer["numerator"], answer.get("denominator")
        )
    for key, parts in answer.items():
        if key.startswith("by_"):
            for category, part in parts.items():
                numerator, denominator = (
                    (part, None) if isinstance(part, int) else (part["numerator"], part["denominator"])
                )
                yield Expected(kpi, measure, answer["as_of"], key.removeprefix("by_"), category, numerator, denominator)
