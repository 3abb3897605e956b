"""Writes a whole sample: the drops, what is in them, and the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from local.sample import apply, providers, register, schools, service, vacancies
from local.sample.days import Days
from local.sample.dirt import Dirt
from local.sample.drops import Drop
from local.sample.errors import SampleError
from local.sample.placements import Allocations
from local.sample.provider_activity import ProviderActivity
from local.sample.school_activity import SchoolActivity

AS_OF = date(2026, 7, 14)
SMALLEST, LARGEST = 0.001, 10.0
FEWEST_SCHOOLS = 2_000


def write_sample(
    out: Path,
    *,
    seed: int = 1,
    scale: float = 1.0,
    as_of: date = AS_OF,
    schools_wanted: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the sample into ``out`` and return what ``sample.json`` says of it.

    ``scale`` multiplies people and activity; schools and providers are the real ones at every scale, unless
    ``schools_wanted`` asks for a register of about so many rows. The same arguments give the same bytes.
    Raises :class:`SampleError` where an argument cannot be used.
    """
    if not SMALLEST <= scale <= LARGEST:
        raise SampleError(f"a scale of {scale:g} cannot be made; give one from {SMALLEST:g} to {LARGEST:g}")
    if schools_wanted is not None and schools_wanted < FEWEST_SCHOOLS:
        raise SampleError(f"a register of {schools_wanted} schools is too small; give {FEWEST_SCHOOLS} or more")
    days, dirt, rows = Days(as_of), Dirt(), {}
    out.mkdir(parents=True, exist_ok=True)
    answers: dict[str, Any] = {}

    progress("schools")
    establishments, rows["schools"] = schools.write(out, days, scale, schools_wanted, seed, dirt)
    progress("providers")
    publish, rows["providers"] = providers.write(out, days, seed, dirt)
    progress("apply")
    answers["placement-rejections"], rows["apply"] = apply.write(out, days, scale, seed, publish, dirt)
    progress("register")
    people, answers["trainee-withdrawals"], rows["register"] = register.write(
        out, days, scale, seed, publish, establishments, dirt
    )
    progress("placements")
    drop = Drop(out, "placements", days)
    allocations = Allocations(days, scale, seed, establishments, people, publish.codes, dirt)
    with drop.ndjson("mentor_allocations") as file:
        allocations.write(file)
    school_activity = SchoolActivity(days, scale, seed, establishments, dirt)
    with drop.ndjson("school_activity") as file:
        school_activity.write(file)
    provider_activity = ProviderActivity(days, seed, publish, dirt)
    with drop.ndjson("provider_activity") as file:
        provider_activity.write(file)
    rows["placements"] = drop.finish()
    answers["school-participation"] = allocations.truth.answers()
    progress("vacancies")
    answers["ect-vacancies"], rows["vacancies"] = vacancies.write(out, days, scale, seed, establishments, people, dirt)
    progress("service")
    reported, rows["service"] = service.write(out, days, seed, dirt)
    answers["provider-take-up"] = provider_activity.answers()
    answers |= reported.known(days.month_end_text)
    answers["school-take-up"] = school_activity.answers()

    summary = {
        "seed": seed,
        "scale": scale,
        "as_of": days.as_of_date.isoformat(),
        "month_end": date.fromordinal(days.month_end).isoformat(),
        "people": "invented",
        "schools_and_providers": "real, with edge cases invented: see docs/sample.md",
        "rows": rows,
        "dirt": dirt.document(),
    }
    _write_json(out / "known_answers.json", answers)
    _write_json(out / "sample.json", summary)
    return summary


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
