"""What a pull that was cut off has read, kept for the run that goes on with it.

A piece is one Parquet object under ``partial/<source>/<question>/<started>/``: rows as validated and
keyed, and why others were refused. ``<question>`` is a digest of everything that the rows depend on, so a
pull of other tokens, or with another key, contract or code, begins anew; so does one that began longer ago
than :data:`GOES_ON_FOR`, and the pull after one that came to its end (``done``). The bucket's lifecycle
removes the pieces, and an erasure does at once.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from placements_kpi import store
from placements_kpi.sources import Kept, Refusal

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from placements_kpi.sources import Request

GOES_ON_FOR = timedelta(hours=20)
"""Less than a day: the pull of one night is not gone on with in the next."""

_STARTED = "%Y%m%dT%H%M%SZ"
_REFUSED = b"refused"


def folder(source: str) -> str:
    """Return the prefix of everything that is kept of a source's pulls."""
    return f"partial/{source}/"


@dataclass(frozen=True)
class Partial:
    """One pull: when it began, and which of its pieces are kept."""

    s3: S3Client
    bucket: str
    prefix: str
    """Empty: nothing is kept."""
    started: datetime
    names: frozenset[str]

    def keep(self, name: str, rows: pa.Table, refused: Sequence[Refusal]) -> None:
        """Keep a piece that was read to its end."""
        if self.prefix:
            refusals = json.dumps([[refusal.reason, refusal.column] for refusal in refused]).encode()
            body = io.BytesIO()
            pq.write_table(rows.replace_schema_metadata({_REFUSED: refusals}), body, compression="zstd")
            self._put(name, body.getvalue())

    def load(self, name: str) -> Kept:
        """Return a piece that was kept."""
        body = store.read_bytes(self.s3, self.bucket, f"{self.prefix}{name}")
        rows = pq.read_table(pa.BufferReader(body))
        refusals = json.loads((rows.schema.metadata or {})[_REFUSED])
        return Kept(rows.replace_schema_metadata(None), [Refusal(reason, column) for reason, column in refusals])

    def done(self) -> None:
        """Say that every piece was read: the next pull begins anew."""
        if self.prefix:
            self._put("done", b"")

    def _put(self, name: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}{name}", Body=body)


def begin(request: Request, source: str, question: Mapping[str, Any], started: datetime) -> Partial:
    """Return the pull to go on with, if one that asked the same ``question`` was cut off lately, else a new one."""
    s3, bucket = store.s3_client(), request.settings.data_bucket
    if not request.kept_for:
        return Partial(s3, bucket, "", started, frozenset())
    digest = hashlib.sha256(json.dumps([request.kept_for, question], sort_keys=True).encode()).hexdigest()[:16]
    of_question = f"{folder(source)}{digest}/"
    pulls: dict[datetime, set[str]] = {}
    for key in store.keys(s3, bucket, of_question):
        began, _, name = key.removeprefix(of_question).partition("/")
        pulls.setdefault(datetime.strptime(began, _STARTED).replace(tzinfo=UTC), set()).add(name)
    unfinished = [at for at, names in pulls.items() if started - at < GOES_ON_FOR and "done" not in names]
    began_at = max(unfinished, default=started)
    return Partial(
        s3,
        bucket,
        f"{of_question}{began_at:{_STARTED}}/",
        began_at,
        frozenset(pulls.get(began_at, ()) if unfinished else ()),
    )
