"""Lighthouse over the site of the last run, served on this machine: every page of its newest release, mobile preset.

What it asks of a page is in ``tests/site/lighthouse.mjs``; npm and a Chromium are needed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from local import weight
from local.serve import site_server
from local.template import load_stack


def pages(site: Path) -> list[str]:
    """Return the pages to look at: those at the front of the site, and every one of the newest release."""
    releases = sorted(path.parent for path in site.glob("releases/*/release.json"))
    if not releases:
        return []
    named = ("index.html", *(f"{folder}/index.html" for folder in ("releases", "calendar", "changes", "costs")))
    front = [path for path in named if (site / path).is_file()]
    return front + sorted(str(path.relative_to(site)) for path in releases[-1].glob("*/index.html"))


def main(site: Path) -> int:
    """Serve ``site``, look at its pages, and return 0 if every one of them reaches what is asked."""
    wanted = pages(site)
    if not wanted:
        print(f"error: there is no release in {site}; make run makes one", file=sys.stderr)
        return 2
    server = site_server(site, load_stack(), 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        limits = [str(weight.MOST), str(weight.MOST_WITH_FONTS)]
        address = f"http://127.0.0.1:{server.server_port}"
        command = ["node", "tests/site/lighthouse.mjs", *limits, address, *wanted]
        return subprocess.run(command, check=False).returncode
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/site")))
