"""The manifest of a drop: what its owner promises of it (docs/drops.md, Layout)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from placements_kpi.guises import LOOK_AT, guise

SCHEMA_VERSIONS = ("1",)
"""The versions of this contract that this code reads. A new one is a new section of docs/drops.md."""

LONGEST = 4_000_000
"""Bytes of a manifest."""

MOST_TOLD = 5
"""Problems, or names, that one message tells."""


class PromiseError(ValueError):
    """A manifest cannot be used; the message is the end of a sentence about it."""


def _instant(given: Any) -> datetime:
    if not isinstance(given, str) or not re.match(r"\d{4}-\d\d-\d\dT\d\d", given):
        raise ValueError("not an instant")
    instant = datetime.fromisoformat(given)
    if not 2000 <= instant.year < 2100:  # near the years 1 and 9999 an offset leads out of the calendar
        raise ValueError("not of this century")
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


class File(BaseModel):
    """One file as promised."""

    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)

    name: str
    rows: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")


class Promise(BaseModel):
    """A manifest."""

    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)

    schema_version: str | int
    as_of: Annotated[datetime, BeforeValidator(_instant)]
    """In UTC."""
    files: list[File]
    key_id: str | None = Field(default=None, pattern="^[0-9a-f]{12}$")
    """Of the key that the owner made the drop's tokens with; ``None``: it has none, or does not say."""
    invented: bool = False
    """Whether what it holds is made up (:mod:`placements_kpi.invented`)."""


_SHOULD_BE = {
    "schema_version": '"1"',
    "as_of": "an instant of this century as text, such as 2026-07-14T22:30:00Z",
    "files": "a list with name, rows and sha256 of each file",
    "name": "the name of a file",
    "rows": "a whole number, 0 or more",
    "sha256": "64 hexadecimal digits",
    "key_id": "12 hexadecimal digits in lower case",
    "invented": "true or false",
}


def read(path: Path) -> Promise:
    """Return the manifest at ``path``; :class:`PromiseError` says what is wrong with it."""
    if path.stat().st_size > LONGEST:
        raise PromiseError(f"is longer than {LONGEST} bytes, which no manifest is")
    content = path.read_bytes()
    wrong = guise(content[:LOOK_AT])
    if wrong:
        raise PromiseError(wrong)
    promise = _parsed(content)
    _check_version(promise)
    try:
        return Promise.model_validate(promise)
    except ValidationError as error:
        problems = [_problem(problem["type"], problem["loc"]) for problem in error.errors()]
        raise PromiseError("has " + listed(dict.fromkeys(problems), "; ")) from None


def listed(names: Sequence[str] | dict[str, None], between: str = ", ") -> str:
    """Return the first names of a list that may be long, and how many more there are."""
    more = len(names) - MOST_TOLD
    return between.join(list(names)[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


_WORDS = frozenset(
    "application applications choices trainees mentor allocations school schools activity provider providers courses "
    "vacancies links edubasealldata manifest ndjson json csv gz zip txt parquet readme copy new old".split()
)


def named(names: Sequence[str]) -> str:
    """Return the names of files as a message may tell them: those made of our own words and dates, the others counted.

    Whoever exports a file names it, and may name it after somebody.
    """
    ours = [name for name in names if all(map(_is_ours, re.split(r"[-._ ]+|(?<=[a-z])(?=[0-9])", name.lower())))]
    others = len(names) - len(ours)
    return listed([*ours, f"{others} of other names"] if others else ours)


def _is_ours(part: str) -> bool:
    return part in _WORDS or re.fullmatch("[0-9]{1,2}|20[0-9]{6}|[0-9]{12}", part) is not None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except PromiseError:
        raise
    except (ValueError, RecursionError):
        raise PromiseError("is not JSON in UTF-8, or is cut off") from None
    if not isinstance(parsed, dict):
        raise PromiseError(
            f"is {'a list' if isinstance(parsed, list) else 'a single value'} where it should be an object"
        )
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a key that is there twice nobody can tell which one is meant."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = sorted({name for name in names if names.count(name) > 1 and name in _SHOULD_BE})
        raise PromiseError(f"has {listed(doubled) if doubled else 'a key'} twice")
    return members


def _check_version(promise: dict[str, Any]) -> None:
    given = promise.get("schema_version")
    if not isinstance(given, str | int) or isinstance(given, bool) or str(given) in SCHEMA_VERSIONS:
        return  # what is missing or of another kind is told with all the rest
    version = given if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2}){0,2}", str(given)) else "another"
    raise PromiseError(
        f"is of schema_version {version} and this code reads {listed(SCHEMA_VERSIONS)} only: "
        "deploy the code that reads it, or have it written in a version that this code reads"
    )


def _problem(kind: str, location: tuple[int | str, ...]) -> str:
    """Return what is wrong at a place of the manifest, whose names are ours and never the owner's."""
    fields = [part for part in location if part in _SHOULD_BE or isinstance(part, int)]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fields).removeprefix(".")
    if kind == "missing":
        return f"no {place}"
    if isinstance(fields[-1], int):
        return f"{place} that is no object"
    return f"{place} that is not {_SHOULD_BE[str(fields[-1])]}"
