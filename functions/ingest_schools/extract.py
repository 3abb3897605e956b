"""A CSV extract of GIAS, read in batches: only the columns asked for, as bytes, found by their names.

The extracts state no character set and are cp1252; columns come and go between years,
so a position means nothing; some rows have too many or too few fields. Whole rows are
never held, and a column that is not asked for (head teachers, telephone numbers,
proprietors) is skipped by the CSV reader itself.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from placements_kpi.guises import EMPTY, LOOK_AT, guise
from placements_kpi.sources import SourceError, SourceFile, check_rows

BLOCK_BYTES = 4 << 20
LONGEST_HEADER = 1 << 16

Encoding = Literal["cp1252", "utf-8"]
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Batch:
    """Some rows: their fields as bytes, by the names they are known by here, and their numbers in the file, from 1."""

    columns: Mapping[str, pa.Array[Any]]
    row_numbers: np.ndarray[Any, Any]


class Extract:
    """One file, to be read once with :meth:`batches`; afterwards :attr:`ragged` is complete."""

    def __init__(self, file: SourceFile, columns: Mapping[str, str]) -> None:
        """Read ``columns`` (name here: name in the file) of ``file``; :class:`SourceError` if one is not there."""
        if len(file.paths) != 1:
            raise SourceError(f"{file.name} is not one file; GIAS is read from whole CSV files only")
        (self._path,) = file.paths
        self._file = file
        self._header = _header(file.name, self._path)
        self._positions = _positions(file.name, self._header, columns)
        self.encoding: Encoding = _encoding(file.name, self._path)
        self.ragged: list[int] = []
        """Numbers of the rows that have more or fewer fields than the header, even if what is too much is empty."""

    def batches(self) -> Iterator[Batch]:
        """Yield the rows that have as many fields as the header; :class:`SourceError` if the file is no whole CSV."""
        names = [str(position) for position in range(len(self._header))]
        wanted = [str(position) for position in self._positions.values()]
        next_row = 1
        try:
            with pa.input_stream(str(self._path), compression="detect") as stream:
                reader = arrow_csv.open_csv(
                    cast("IO[bytes]", stream),
                    # One thread: only then does the reader say which row is ragged.
                    read_options=arrow_csv.ReadOptions(
                        column_names=names, skip_rows=1, block_size=BLOCK_BYTES, use_threads=False
                    ),
                    parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._skip),
                    convert_options=arrow_csv.ConvertOptions(
                        include_columns=wanted,
                        column_types=dict.fromkeys(wanted, pa.binary()),
                        strings_can_be_null=False,
                    ),
                )
                for rows in reader:
                    numbers = self._numbers(next_row, rows.num_rows)
                    next_row = int(numbers[-1]) + 1 if len(numbers) else next_row
                    yield Batch({name: rows[index] for index, name in enumerate(self._positions)}, numbers)
        except (pa.ArrowInvalid, OSError):
            # Arrow's own message can quote the row.
            raise SourceError(
                f"{self._file.name} cannot be read as CSV after row {next_row - 1}: it is cut off, a quotation "
                "mark is not closed, or it is not a whole gzip file; ask for it again"
            ) from None
        last = max([next_row - 1, *self.ragged])
        if last in self.ragged and not _ends_with_line(self._path):
            raise SourceError(f"{self._file.name} is cut off in row {last}: ask for it again")
        check_rows(self._file, last)

    def _skip(self, row: arrow_csv.InvalidRow) -> Literal["skip"]:
        self.ragged.append((row.number or 0) - 1)  # the header is its row 1
        return "skip"

    def _numbers(self, first: int, count: int) -> np.ndarray[Any, Any]:
        """Return the numbers of the next ``count`` rows that are not ragged, from ``first`` on."""
        passed = [number for number in self.ragged if number >= first]
        numbers = np.arange(first, first + count + len(passed))
        return np.setdiff1d(numbers, passed, assume_unique=True)[:count] if passed else numbers


def _header(name: str, path: Path) -> list[str]:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            start = stream.read(LONGEST_HEADER)
    except (pa.ArrowInvalid, OSError):
        raise SourceError(f"{name} cannot be opened: it is missing or not a gzip file") from None
    wrong = guise(start[:LOOK_AT])
    if wrong and wrong != EMPTY:
        raise SourceError(f"{name} {wrong}, where it should be a CSV extract of GIAS: ask for it again")
    line = re.split(rb"[\r\n]", start.removeprefix(_BOM), maxsplit=1)[0].decode("latin-1")
    fields = next(csv.reader([line]), [])
    if not any(fields):
        raise SourceError(f"{name} is empty: it has no header")
    return [field.strip() for field in fields]


def _positions(name: str, header: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    missing = sorted(theirs for theirs in columns.values() if theirs not in header)
    if len(missing) == len(columns):
        raise SourceError(
            f"{name} is no extract of GIAS: its first line has none of the columns that are read; ask for it again"
        )
    if missing:
        raise SourceError(
            f"{name} has no column {', '.join(missing)} among its {len(header)}: columns were renamed or left out; "
            "if that is meant, change the names in functions/ingest_schools"
        )
    doubled = sorted(theirs for theirs in columns.values() if header.count(theirs) > 1)
    if doubled:
        raise SourceError(f"{name} has more than one column {', '.join(doubled)}: nobody can tell which one is right")
    return {ours: header.index(theirs) for ours, theirs in columns.items()}


def _ends_with_line(path: Path) -> bool:
    """Return whether a file's last line is whole; a gzip file that is cut off has shown it by then."""
    if path.name.endswith(".gz"):
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


def _encoding(name: str, path: Path) -> Encoding:
    """Return UTF-8 for a file that begins with its mark, or has non-ASCII characters and all of them valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            first = True
            while block := stream.read(BLOCK_BYTES):
                if first and block.startswith(_BOM):
                    return "utf-8"
                first = False
                if plain and block.isascii():
                    continue
                plain = False
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    except (pa.ArrowInvalid, OSError):
        raise SourceError(f"{name} is not a whole gzip file: ask for it again") from None
    return "cp1252" if plain else "utf-8"
