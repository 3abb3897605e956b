"""What the site holds: its releases, which of them is in front, and which were withdrawn.

``releases.json`` is one small public object, changed under a condition like every pointer.
``withdrawn/<release>.json`` is the durable word on a withdrawal; it is never removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from placements_kpi import store, withdrawals

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

INVENTORY_KEY = "releases.json"
ADDRESSES = {
    "newest": "latest/manifest.json",
    "catalogue": "data.json",
    "changes": "changes.json",
    "feed": "releases.atom",
    "calendar": "calendar.ics",
    "pages": "sitemap.xml",
}
"""Where the rest is, for a programme that begins here: the files of the newest release, and what lies beside it."""


class Revised(BaseModel):
    """How many figures of an indicator a release revised."""

    model_config = ConfigDict(frozen=True)

    kpi: str
    figures: int


class Entry(BaseModel):
    """A release of which every file is there; an entry that was written before it could say what changed does not."""

    model_config = ConfigDict(frozen=True)

    release: str
    as_of: date
    published: datetime
    compared_with: str | None = None
    """The earlier release that its revisions are against."""
    indicators: tuple[str, ...] = ()
    revised: tuple[Revised, ...] = ()


class Withdrawal(BaseModel):
    """That a release was withdrawn, when and why; ``lifted`` when an operator brought it back.

    ``at`` is the moment of it or of the newest reason, for the feed; ``None`` in a marker from before markers had it.
    """

    model_config = ConfigDict(frozen=True)

    release: str
    withdrawn_on: date
    reason: str
    at: datetime | None = None
    lifted: datetime | None = None


class Inventory(BaseModel):
    """All releases, and the one in front.

    ``instead_of`` is the computed release that an operator put an earlier one in front of: that
    choice holds until something newer is computed, so that the nightly publish does not undo it.
    """

    model_config = ConfigDict(frozen=True)

    front: str | None = None
    instead_of: str | None = None
    releases: tuple[Entry, ...] = ()

    def entry(self, release: str) -> Entry | None:
        """Return the entry of ``release``, or ``None`` if it is not complete."""
        return next((entry for entry in self.releases if entry.release == release), None)

    def newest_first(self) -> list[Entry]:
        """Return the releases, the newest first."""
        return sorted(self.releases, key=lambda entry: order(entry.release), reverse=True)

    def with_front(self, front: str | None, instead_of: str | None, entry: Entry | None) -> Inventory:
        """Return the inventory with another release in front, added if it is new."""
        added = (entry,) if entry and self.entry(entry.release) is None else ()
        releases = sorted((*self.releases, *added), key=lambda entry: order(entry.release))
        return Inventory(front=front, instead_of=instead_of, releases=tuple(releases))

    def body(self, withdrawn: Mapping[str, Withdrawal]) -> dict[str, Any]:
        """Return the public object."""
        dumped = {**self.model_dump(mode="json"), "addresses": ADDRESSES}
        for entry in dumped["releases"]:
            withdrawal = withdrawn.get(entry["release"])
            entry["withdrawn"] = (
                withdrawal.model_dump(mode="json", exclude={"release", "at", "lifted"}) if withdrawal else None
            )
        return dumped


def order(release: str) -> tuple[str, int]:
    """Return what sorts releases by day, then by number: ``2026-07-14.10`` after ``2026-07-14.9``."""
    day, _, number = release.rpartition(".")
    return day, int(number)


def read_inventory(s3: S3Client, bucket: str) -> tuple[Inventory, store.Pointer | None]:
    """Return the inventory and the pointer it was read from, for :func:`placements_kpi.store.swap`."""
    pointer = store.read_pointer(s3, bucket, INVENTORY_KEY)
    return (Inventory.model_validate(pointer.body) if pointer else Inventory()), pointer


def read_withdrawals(s3: S3Client, bucket: str) -> dict[str, Withdrawal]:
    """Return the last withdrawal of each release that ever had one, those lifted included."""
    markers = (store.read_json(s3, bucket, key) for key in store.keys(s3, bucket, withdrawals.PREFIX))
    return {word.release: word for word in map(Withdrawal.model_validate, markers)}


def read_marker(s3: S3Client, bucket: str, release: str) -> tuple[Withdrawal | None, store.Pointer | None]:
    """Return the last word on a release, ``None`` if it was never withdrawn, and the pointer it was read from."""
    pointer = store.read_pointer(s3, bucket, withdrawn_key(release))
    return (Withdrawal.model_validate(pointer.body) if pointer else None), pointer


def withdrawn_key(release: str) -> str:
    """Return the key of a release's marker."""
    return f"{withdrawals.PREFIX}{release}.json"
