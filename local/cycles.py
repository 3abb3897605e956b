"""Earlier recruitment cycles: a sample with the same people and adverts again, years before.

Each row of NDJSON comes once more for each of :data:`YEARS_BEFORE`, with its days and years moved back and ids of its
own; a TRN becomes that of somebody else, or none where it was mistyped. A school or a provider on the placements
service stays one row, whose lists get longer. Schools, providers and what the service team reports stay as they are.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import date
from itertools import islice
from pathlib import Path

from local.sample import trns
from local.sample.days import Days
from local.sample.drops import Drop

YEARS_BEFORE = (10, 7, 4)
"""With a sample's own three cycles: twelve in thirteen years. The year before the sample's stays as it was, without
data, so that a figure which looks back a year says the same."""
GROWING = ("apply", "register", "placements", "vacancies")

_BEFORE_ID = re.compile(r'(?:^\{"id"|"(?:candidate|trainee|allocation)_id"|"placement_id"(?=: ?"p-)): ?"', re.MULTILINE)
_BEFORE_UUID = re.compile(r'("(?:vacancy|application)_id": ?")0')
_PEOPLE = 250_000
"""More than a national sample has trainees: numbers of people between those of one copy and of another a year apart."""
_LINES = 5_000
_YEAR = re.compile(r'"(:? ?)(20\d\d)(?=-\d\d-\d\d|[,}])')
_TRN = re.compile(r'"trn": ?"([^"]*)"')


def write_earlier_cycles(sample: Path, out: Path) -> None:
    """Write into ``out`` what is in ``sample``, and the earlier cycles, unless it is there."""
    if (out / "sample.json").is_file():
        return
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(sample, out, ignore=shutil.ignore_patterns(*GROWING, "known_answers.json", "sample.json"))
    described = json.loads((sample / "sample.json").read_text(encoding="utf-8"))
    for source in GROWING:
        drop = Drop(out, source, Days(date.fromisoformat(described["as_of"])))
        folder = next((sample / source).glob("dt=*"))
        for name in described["rows"][source]:
            with (
                drop.ndjson(name.removesuffix(".ndjson.gz")) as file,
                gzip.open(folder / name, "rt", encoding="utf-8") as rows,
            ):
                while batch := [row.rstrip("\n") for row in islice(rows, _LINES)]:
                    for lines in _with_earlier(batch):
                        file.add("\n".join(lines), row=False)
                        file.rows += len(lines)
        described["rows"][source] = drop.finish()
    (out / "sample.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def _with_earlier(lines: list[str]) -> list[list[str]]:
    text = "\n".join(lines)
    earlier = [moved_back(text, years).split("\n") for years in YEARS_BEFORE]
    if "sign_in_dates" not in lines[0]:
        return [*earlier, lines]
    return [[_lengthened(rows) for rows in zip(*earlier, lines, strict=True)]]


def moved_back(text: str, years: int) -> str:
    """Return rows with every day, instant and year so many years earlier, and other ids and TRNs."""

    def year(found: re.Match[str]) -> str:
        return f'"{found[1]}{int(found[2]) - years}'

    def trn(found: re.Match[str]) -> str:
        number = trns.number(found[1])
        return '"trn":null' if number is None else f'"trn":"{trns.trn(number + years * _PEOPLE)}"'

    text = _TRN.sub(trn, _YEAR.sub(year, text.replace("-02-29", "-02-28")))
    letter = "abc"[YEARS_BEFORE.index(years)]
    return _BEFORE_UUID.sub(rf"\g<1>{letter}", _BEFORE_ID.sub(rf"\g<0>{letter}", text))


def _lengthened(rows: tuple[str, ...]) -> str:
    """Return the last of some rows, with what the lists of the others have before its own."""
    read = [json.loads(row) for row in rows]
    lists = [name for name, value in read[-1].items() if isinstance(value, list)]
    return json.dumps(read[-1] | {name: [entry for row in read for entry in row[name]] for name in lists})
