"""``latest/<path>``: every file of the release in front, at an address that always leads to the newest.

A data file is the same bytes as in its release. A page lies one folder nearer to the root than there, which is all
that differs in it. What the newest release does not have is not there either. The folder is brought to what is in
front after the front page, so for some moments it can still be that of the release before: who needs files of one
release takes them from ``releases/<id>/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.publish_site import release as releases
from functions.publish_site.files.listing import PREFIX
from functions.publish_site.site_objects import etag_of

if TYPE_CHECKING:
    from functions.publish_site.release import Release
    from functions.publish_site.run import Run


def follow(run: Run, front: Release | None) -> None:
    """Make ``latest/`` what is in front; empty where nothing is.

    ETags tell what is there already.
    """
    held = run.writer.etags(PREFIX)
    if front:
        _copy(run, front, held)
    for key in held:
        run.writer.remove(key)


def nearer(path: str, page: bytes) -> bytes:
    """Return a page of a release as it stands in ``latest/``: its way to the root is a step shorter."""
    root = b"../" * (2 + path.count("/"))
    return page.replace(b'"' + root, b'"' + root.removeprefix(b"../"))


def _copy(run: Run, front: Release, held: dict[str, str]) -> None:
    """Write what is not there yet, and take what is wanted out of ``held``."""
    prefix = f"releases/{front.entry.release}/"

    def body(path: str) -> bytes:
        rendered = front.files.get(path)
        return rendered if rendered is not None else run.writer.body(f"{prefix}{path}") or b""

    for path, etag in releases.etags(run, front).items():
        page = nearer(path, body(path)) if path.endswith(".html") else None
        key = f"{PREFIX}{path}"
        if held.pop(key, None) == (etag if page is None else etag_of(page)):
            run.writer.unchanged += 1
        else:
            run.writer.put(key, body(path) if page is None else page)
