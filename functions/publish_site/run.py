"""One run of the publisher: where it reads and writes, and what it found there that decides how the site looks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from functions.publish_site.inventory import Inventory, Withdrawal, read_inventory, read_withdrawals
from functions.publish_site.site_objects import Writer
from placements_kpi import store, times

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.publish_site.pages.frame import Site
    from placements_kpi.settings import PublishSettings

FRONT_KEY = "index.html"


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes, and when it is."""

    s3: S3Client
    settings: PublishSettings
    now: datetime
    site: Site
    writer: Writer
    rendered: dict[tuple[str, str | None, datetime], dict[str, bytes]] = field(default_factory=dict)
    """Files that went through the gate already, by release, the one it is compared with, and time of publication."""

    def rehearsing(self) -> Run:
        """Return a run that finds out, renders and checks the same, and writes nothing."""
        return replace(self, writer=Writer(self.s3, self.settings.site_bucket, dry_run=True))

    @property
    def today(self) -> date:
        """The London day of the run."""
        return times.london_day(self.now)

    @property
    def declared(self) -> frozenset[str]:
        """What looks like an identifier in a page that is of no release: names of stylesheet and images, the host."""
        return frozenset({*(key.rpartition("/")[2] for key in self.site.assets.files), self.site.host})

    def write_assets(self) -> None:
        """Write what every page needs before there is a page."""
        for key, body in self.site.assets.files.items():
            self.writer.once(key, body)


@dataclass(frozen=True)
class State:
    """What decides how the site looks, read at one moment: the words on releases, and what operators put in front."""

    front_etag: str | None
    """Read first, so that whoever has written the front page since is noticed."""
    markers: dict[str, Withdrawal]
    """The last word on each release that was ever withdrawn."""
    inventory: Inventory
    pointer: store.Pointer | None
    """What the inventory was read from."""

    def having(self, word: Withdrawal) -> State:
        """Return the state that there would be with another word on a release."""
        return replace(self, markers={**self.markers, word.release: word})

    @property
    def inventory_body(self) -> dict[str, Any] | None:
        """The inventory as it is written."""
        return self.pointer.body if self.pointer else None

    @property
    def withdrawn(self) -> dict[str, Withdrawal]:
        """The withdrawals in force, by release."""
        return {release: marker for release, marker in self.markers.items() if marker.lifted is None}

    @property
    def lifted(self) -> dict[str, datetime]:
        """When a withdrawal that was in force once was lifted, by release."""
        return {release: marker.lifted for release, marker in self.markers.items() if marker.lifted is not None}


def read_state(run: Run) -> State:
    """Return what the site bucket says now."""
    bucket = run.settings.site_bucket
    etag = run.writer.etag(FRONT_KEY)
    markers = read_withdrawals(run.s3, bucket)
    return State(etag, markers, *read_inventory(run.s3, bucket))
