"""The register of one day: establishments and links as fetched become the rows of all three tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from functions.ingest_schools import lineage
from functions.ingest_schools.contract import LINKS, SCHOOL_LINEAGE, SCHOOLS
from functions.ingest_schools.establishments import stage_establishments
from functions.ingest_schools.links import stage_links, successors
from placements_kpi.sources import Source, SourceError, SourceFile

if TYPE_CHECKING:
    from placements_kpi.pseudonyms import Pseudonyms
    from placements_kpi.staging import Settled, Staging

_DAY_IN_NAME = re.compile(r"(\d{8})\.csv(\.gz)?$")


def read(source: Source, files: Mapping[str, SourceFile], staging: Staging, pseudonyms: Pseudonyms | None) -> None:
    """Stage schools, links and the lineage worked out from them; :class:`SourceError` if a file cannot be used."""
    as_of = day_of(files["schools"].name)
    stage_establishments(files["schools"], staging)
    stage_links(files["school_links"], staging)
    register = lineage.Lineage(
        establishments(staging.settle(SCHOOLS)),
        successors(staging.settle(LINKS)),
        as_of.toordinal() - lineage.EPOCH,
    )
    row = 0
    for rows in lineage.batches(register):
        numbers = np.arange(row + 1, row + rows.num_rows + 1)
        staging.add(SCHOOL_LINEAGE, rows, numbers)  # type: ignore[arg-type]  # an array is as good as a list
        row += rows.num_rows
    if register.contradictions:
        staging.note("schools_open_with_past_close_date", register.contradictions)


def day_of(name: str) -> date:
    """Return the day in the name of a GIAS file, on which its data stands; :class:`SourceError` if there is none."""
    match = _DAY_IN_NAME.search(name)
    try:
        return datetime.strptime(match.group(1) if match else "", "%Y%m%d").date()
    except ValueError:
        raise SourceError(
            f"the name {name} has no day in it: GIAS files are called edubasealldataYYYYMMDD.csv"
        ) from None


def establishments(schools: Settled) -> dict[str, lineage.Establishment]:
    """Return what decides whether each school is open, by URN."""
    by_urn: dict[str, lineage.Establishment] = {}
    for batch in schools.batches(["urn", "establishment_status", "open_date", "close_date"]):
        urn, status, opened, closed = batch.columns
        days = (column.cast(pa.int32()).to_pylist() for column in (opened, closed))
        for row in zip(urn.to_pylist(), status.to_pylist(), *days, strict=True):
            by_urn[row[0]] = lineage.Establishment(*row[1:])
    return by_urn
