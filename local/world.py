"""Which world a run is about: a folder of sources, the as-of day, the clock, and what that means to each function."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.asked import holds_drops
from local.errors import LocalError
from placements_kpi import times
from placements_kpi.settings import SOURCES

if TYPE_CHECKING:
    from local.template import Function, Stack

LIVE = ("providers", "schools")
"""Sources that a run of the sample reads over https, from the stand-ins; the others are read as drops."""

FAULTS = {
    "pseudonym-missing": "PSEUDONYM_SECRET_ARN",
    "pseudonym-short": "PSEUDONYM_SECRET_ARN",
    "token-wrong": "SOURCE_SECRET_ARN",
}
"""Ways to break a secret on purpose, to see what happens, and the setting that names the secret."""

_KEY = "local-" + hashlib.sha256(b"school placements performance, local stack").hexdigest()
_ROUNDING_KEY = "local-" + hashlib.sha256(b"school placements performance, local stack, rounding").hexdigest()
_EARLIEST = date(2020, 1, 1)


class WorldError(LocalError):
    """What was asked for on the command line cannot be done; nothing was started."""


@dataclass(frozen=True)
class World:
    """One run's world. ``sample`` is the sample's own description, ``None`` for any other folder."""

    sources: Path
    as_of: date
    clock: datetime
    """What the functions take for now."""
    sample: Mapping[str, Any] | None
    live: tuple[str, ...]
    in_bigquery: bool = False
    """Whether the sources that are in BigQuery are read there: from the emulator (:mod:`local.bigquery`)."""

    def settings(self, function: Function, locations: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a function that is not as in the template.

        ``locations``: stand-ins by source, and under ``bigquery`` the address of the emulator.
        """
        settings = {"CLOCK": times.iso_instant(self.clock)}
        source = function.folder.removeprefix("ingest_")
        if source in SOURCES:
            settings["SOURCE_LOCATION"] = locations.get(source) or str((self.sources / source).resolve())
            if settings["SOURCE_LOCATION"].startswith("bigquery://"):
                from local.bigquery import storable

                # The emulator holds what the drop says, and so stands where the drop stands.
                settings["CLOCK"] = storable.as_of(self.sources, source)
                settings["BIGQUERY_ENDPOINT"] = locations["bigquery"]
                settings["BUDGET_SECONDS"] = "850"  # its pages take the longer the further back they are
            rows = self._rows_known(source)
            if "MIN_ROWS" in function.environment:
                settings["MIN_ROWS"] = str(min(int(function.environment["MIN_ROWS"]), rows * 9 // 10))
            if "MAX_ROWS" in function.environment:
                settings["MAX_ROWS"] = str(max(int(function.environment["MAX_ROWS"]), rows))
        if "DEMONSTRATION" in function.environment:
            settings["DEMONSTRATION"] = "true" if self.sample is not None else "false"
        if "UNAPPROVED_LIMITS" in function.environment:
            settings["UNAPPROVED_LIMITS"] = "show"
        return settings

    def _rows_known(self, source: str) -> int:
        """Return how many rows the first file of a source has by ``sample.json``; 0 for a folder that is no sample.

        A small world has few schools and a large one many; only the sample says how many there should be.
        """
        files = (self.sample or {}).get("rows", {}).get(source, {})
        return int(next(iter(files.values()), 0))


def check_fault(fault: str) -> None:
    """Raise :class:`WorldError` for a fault that nobody can cause; blank is none."""
    if fault and fault not in FAULTS:
        raise WorldError(f"FAULT={fault} is not known; there are {', '.join(FAULTS)}")


def check_transport(transport: str) -> None:
    """Raise :class:`WorldError` for a transport that cannot be asked for; blank is none in particular."""
    if transport not in {"", "bigquery"}:
        raise WorldError(f"TRANSPORT={transport} is not known; there is bigquery, or leave it out")
    if transport:
        from local.bigquery.emulator import check_installed

        check_installed()


def live_for(fault: str, functions: Iterable[Function], live: tuple[str, ...]) -> tuple[str, ...]:
    """Return which sources the ``functions`` of a run read over https so that a fault breaks what it names.

    A token is read only for a source that is read over https and asks for one. Raises :class:`WorldError` where none
    of the functions reads the secret.
    """
    if not fault:
        return live
    called = list(functions)
    breaks = [function.folder for function in called if FAULTS[fault] in function.environment]
    if not breaks:
        names = ", ".join(function.folder for function in called)
        raise WorldError(f"FAULT={fault} breaks nothing here: {names} does not read that secret")
    if FAULTS[fault] != "SOURCE_SECRET_ARN":
        return live
    return tuple(source for source in SOURCES if source in live or f"ingest_{source}" in breaks)


def open_world(
    build: Path,
    sources: str,
    as_of: str,
    live: tuple[str, ...] | None = None,
    *,
    now: datetime | None = None,
    transport: str = "",
) -> World:
    """Return the world of a command line; blank ``sources`` is the sample in ``build``, blank ``as_of`` its own day.

    With ``bigquery`` as the ``transport`` its sources are what the services' tables can hold of that folder.
    Raises :class:`LocalError` for a folder without drops and a day that is malformed or still to come.
    """
    present = now or datetime.now(UTC)  # the real one: CLOCK is for the functions
    asked = parse_day(as_of, present) if as_of else None
    folder = Path(sources) if sources else build / "sample"
    if not sources:
        write_sample(folder)
    holds_drops(folder)
    if transport == "bigquery":
        from local.bigquery import storable

        folder = storable.written(folder, build)
    described = folder / "sample.json"
    sample = json.loads(described.read_text(encoding="utf-8")) if described.is_file() else None
    day = asked or (parse_day(sample["as_of"], present) if sample else times.london_day(present) - timedelta(days=1))
    clock = clock_of(folder, day, present)
    if live is None:
        live = () if sources else LIVE
    return World(folder, day, clock, sample, live, transport == "bigquery")


def clock_of(folder: Path, day: date, present: datetime) -> datetime:
    """Return what stands for now: half past eight on the morning after the as-of day, and after the newest drop.

    Figures for an earlier day are worked out from today's data, so the drops may be later than the
    as-of day; a drop later than the real ``present`` is still one from the future.
    """
    newest = day
    for manifest in folder.glob("*/dt=*/manifest.json"):
        with suppress(OSError, ValueError, TypeError, KeyError):  # a broken manifest is for the ingest to report
            as_of = datetime.fromisoformat(json.loads(manifest.read_text(encoding="utf-8"))["as_of"])
            newest = max(newest, times.london_day(as_of))
    return min(datetime.combine(newest + timedelta(days=1), time(8, 30), UTC), present)


def parse_day(text: str, present: datetime) -> date:
    """Return the day in ``text``; :class:`WorldError` if it is no day, or not yet over or begun."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise WorldError(f"AS_OF={text} is not a day; write it YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise WorldError(f"AS_OF={text} is not in the calendar") from None
    if day > times.london_day(present):
        raise WorldError(f"AS_OF={text} is in the future; give today or an earlier day")
    if day < _EARLIEST:
        raise WorldError(f"AS_OF={text} is before {_EARLIEST}, when none of the services had data")
    return day


def write_sample(folder: Path, *, seed: int = 1, scale: float = 1.0, more: tuple[str, ...] = ()) -> None:
    """Write the sample into ``folder`` unless it is there, whole or not at all; :class:`WorldError` if it cannot be."""
    if (folder / "sample.json").is_file():
        return
    print(f"Writing the sample into {folder} (once; later runs use it again)", flush=True)
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    root = Path(__file__).resolve().parent.parent
    # A process of its own gives its memory back before the run begins.
    command = [sys.executable, "-m", "local.sample", "--out", str(unfinished.resolve())]
    command += ["--seed", str(seed), "--scale", f"{scale:g}", *more]
    path = os.pathsep.join([str(root), str(root / "layers" / "core")])
    ended = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": path}, check=False)
    if ended.returncode:
        raise WorldError(f"the sample could not be written into {folder}: see above")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def secrets(
    stack: Stack, tokens: Mapping[str, list[str]], fault: str = "", erasure: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Return what each secret of the stack holds, by its name; ``erasure`` names whom to erase.

    The keys are the same in every run, so that snapshots and releases are too; they are no secret,
    and a deployed function refuses them. ``tokens``: those that a stand-in takes, by source.
    """
    held: dict[str, dict[str, Any]] = {}
    for function in stack.functions.values():
        for setting, content in (
            ("PSEUDONYM_SECRET_ARN", {"key": _KEY[:12] if fault == "pseudonym-short" else _KEY}),
            ("ROUNDING_SECRET_ARN", {"key": _ROUNDING_KEY}),
            ("SOURCE_SECRET_ARN", {"tokens": _tokens(function, tokens, fault)}),
            ("ERASURE_SECRET_ARN", dict(erasure or {"people": []})),
        ):
            arn = function.environment.get(setting, "")
            if arn and not (fault == "pseudonym-missing" and setting == "PSEUDONYM_SECRET_ARN"):
                held[arn.rpartition(":secret:")[2]] = content
    return held


def _tokens(function: Function, tokens: Mapping[str, list[str]], fault: str) -> list[str]:
    given = tokens.get(function.folder.removeprefix("ingest_")) or ["local-token"]
    return ["local-wrong-token"] if fault == "token-wrong" else list(given)
