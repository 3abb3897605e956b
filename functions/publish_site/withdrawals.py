"""Withdrawing a release, lifting that again, and the notices that stand in place of its files.

The marker ``withdrawn/<release>.json`` is the word; the files follow it. It is changed under a condition, so that
the same word given five times at once is given once, and only when everything that would say it has been rendered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.publish_site import gate
from functions.publish_site.inventory import Withdrawal, read_inventory, read_marker, withdrawn_key
from functions.publish_site.protected import ReleaseError
from functions.publish_site.site import withdrawn_file
from placements_kpi import store

if TYPE_CHECKING:
    from functions.publish_site.request import Request
    from functions.publish_site.run import Run


def word(run: Run, request: Request) -> tuple[Withdrawal | None, store.Pointer | None]:
    """Return what the request makes of the release's marker, ``None`` for no change, and the marker as it was read.

    A release can be withdrawn as soon as any of its files is public. Withdrawing it again with another reason
    corrects the reason; its day stays. :class:`ReleaseError` if there is nothing to withdraw.
    """
    release = str(request.release)
    marker, pointer = read_marker(run.s3, run.settings.site_bucket, release)
    in_force = marker if marker and marker.lifted is None else None
    if request.action == "republish":
        return (in_force.model_copy(update={"lifted": run.now}) if in_force else None), pointer
    if in_force and in_force.reason == request.reason:
        return None, pointer
    inventory, _ = read_inventory(run.s3, run.settings.site_bucket)
    if inventory.entry(release) is None and not any(run.writer.keys(_prefix(release))):
        raise ReleaseError(
            f"release {release} was never published, so it cannot be withdrawn: it is not in releases.json, "
            f"and no file is under {_prefix(release)}"
        )
    day = in_force.withdrawn_on if in_force else run.today
    return Withdrawal(release=release, withdrawn_on=day, reason=str(request.reason), at=run.now), pointer


def empty(run: Run, withdrawal: Withdrawal) -> None:
    """Put the notice of withdrawal in place of every file of a release, its first page last.

    Every address of the release keeps answering, and says why there is nothing: a page in HTML, one row in CSV.
    Nothing is written before all of them have been rendered, nor if there is another word on the release by now.
    """
    prefix = _prefix(withdrawal.release)
    keys = sorted(run.writer.keys(prefix), key=lambda key: (key == f"{prefix}index.html", key))
    notices = {key: withdrawn_file(run.site, key.removeprefix(prefix), withdrawal) for key in keys}
    written = {key: body for key, body in notices.items() if body is not None}
    gate.scan({key.removeprefix(prefix): body for key, body in written.items()}, gate.Allowed(run.declared))
    check_marker(run, withdrawal.release, withdrawal)
    for key, body in written.items():
        run.writer.page(key, body)


def check_marker(run: Run, release: str, expected: Withdrawal | None) -> None:
    """Raise :class:`placements_kpi.store.LostRaceError` if the word on a release is another than this run read."""
    if run.writer.dry_run:
        return
    marker, _ = read_marker(run.s3, run.settings.site_bucket, release)
    if marker != expected:
        raise store.LostRaceError(f"{withdrawn_key(release)} was changed by another run meanwhile; run again")


def _prefix(release: str) -> str:
    return f"releases/{release}/"
