"""The gate: what stands between a protected document and the public when it is published.

That a page says the document's figures and no others is held by the document being closed, by templates that print
a number through one filter alone, and by tests that read every format back (docs/decisions/0032). Here remain: the
verdict holds for this very document, the files of a release are those of a closed list, and no identifier is in any of
their bytes. An error names the file and the place, never the value, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from functions.publish_site.gate.closed_files import check_files
from functions.publish_site.gate.errors import GateError
from functions.publish_site.gate.scanner import Allowed, allowed_in, scan
from functions.publish_site.gate.verdict import check_verdict

if TYPE_CHECKING:
    from placements_kpi.results import Protected

__all__ = ["Allowed", "GateError", "check_release", "check_verdict", "scan"]


def check_release(files: Mapping[str, bytes], document: Protected, assets: Iterable[str], host: str) -> None:
    """Raise :class:`GateError` unless the files of a release, by their path in it, are its own and name nobody.

    ``assets`` are the keys of stylesheet and images, ``host`` is where the site is.
    """
    check_files(files, document)
    scan(files, allowed_in(document, files, assets, host))
