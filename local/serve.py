"""The site served on this machine as CloudFront would: same headers, same page for what is not there."""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from functions.publish_site.inventory import order
from functions.publish_site.site_objects import CONTENT_TYPES, cache_control
from local.asked import cannot_listen, is_free, port_of
from local.errors import LocalError
from local.template import Stack, load_stack

SITE = Path("build/site")
COMPRESSED = frozenset({".css", ".csv", ".html", ".json", ".sql", ".svg", ".txt"})
LEAST_COMPRESSED = 1000
"""CloudFront compresses text of this many bytes or more for whoever accepts it."""


class ServeError(LocalError):
    """The site cannot be served."""


def address(path: str) -> tuple[str, bool]:
    """Return what the path of a request stands for, and whether the reader is sent there.

    The same as ``PageAddresses`` in ``template.yaml``, which does it on CloudFront; tests compare the two.
    """
    if path.endswith("/"):
        return path + "index.html", False
    if re.fullmatch(r"(/[\w.-]+)+", path, re.ASCII) and not re.search(r"\.[a-z][a-z0-9]*$", path):
        return path + "/", True
    return path, False


_BODY = b'<body class="govuk-template__body">'


@dataclass(frozen=True)
class Preview:
    """A release that waits for its approval, in a folder with its files."""

    release: str
    folder: Path

    @property
    def prefix(self) -> str:
        """Where its files stand in the site."""
        return f"releases/{self.release}/"

    def banner(self) -> bytes:
        """Return what every page shows at its top, which is no part of what is published."""
        return f'<p class="app-warning"><strong>Preview of release {self.release}</strong>: not public.</p>'.encode()


def newest_preview(site: Path) -> Preview:
    """Return the newest release that waits: in the last run's data bucket, or in a ``site`` copied from AWS."""
    folders = site.glob("releases/*/") if site != SITE else site.parent.glob("aws/*/preview/*/")
    waiting = {folder.name: folder for folder in folders if (folder / "manifest.json").is_file()}
    if not waiting:
        raise ServeError("no release waits for its approval; make run SERVE=0 MODE=approve makes one that does")
    newest = max(waiting, key=order)
    return Preview(newest, waiting[newest])


class SiteHandler(SimpleHTTPRequestHandler):
    """Answers with an object of the site bucket: no listings, and addresses as the template's function treats them."""

    def __init__(
        self,
        *args: object,
        site: Path,
        headers: dict[str, str],
        missing: str,
        preview: Preview | None = None,
        **more: object,
    ) -> None:
        self._site, self._headers, self._missing, self._preview = site.resolve(), headers, missing, preview
        super().__init__(*args, **more)  # type: ignore[arg-type]  # passed on as they came

    def do_GET(self) -> None:
        """Send the object, or the page for what is not there."""
        self._send(body=True)

    def do_HEAD(self) -> None:
        """Send the headers alone."""
        self._send(body=False)

    def log_message(self, *_: object) -> None:
        """Say nothing: the screen is for the run."""

    def _send(self, *, body: bool) -> None:
        asked, moved = address(urlsplit(self.path).path)
        if self._preview and asked == "/index.html":
            asked, moved = f"/{self._preview.prefix}index.html", True
        if moved:
            self.send_response(302 if self._preview else 301)
            self.send_header("Location", asked)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        key = unquote(asked).lstrip("/")
        root, name = self._site, key
        if self._preview and key.startswith(self._preview.prefix):
            root, name = self._preview.folder.resolve(), key.removeprefix(self._preview.prefix)
        path = (root / name).resolve()
        is_there = path.is_file() and path.is_relative_to(root)
        if not is_there:
            key, path = self._missing, self._site / self._missing
        content = path.read_bytes() if path.is_file() else b"Not found\n"
        if self._preview and path.suffix == ".html":
            content = content.replace(_BODY, _BODY + self._preview.banner())
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", CONTENT_TYPES.get(path.suffix, "application/octet-stream"))
        if path.suffix in COMPRESSED and len(content) >= LEAST_COMPRESSED:
            self.send_header("Vary", "Accept-Encoding")
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content, mtime=0)
                self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", cache_control(key))
        for name, value in self._headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


def site_server(site: Path, stack: Stack, port: int, preview: Preview | None = None) -> ThreadingHTTPServer:
    """Return a server of the folder ``site`` on the loopback, not yet serving; port 0 takes a free one."""
    handler = partial(SiteHandler, site=site, headers=stack.headers, missing=stack.not_found_page, preview=preview)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ServeError(cannot_listen(port, error)) from error


def serve_site(site: Path, stack: Stack, port: int, preview: Preview | None = None) -> None:
    """Serve the site until interrupted, saying where; :class:`ServeError` if the port cannot be had."""
    server = site_server(site, stack, port, preview)
    what = f"The preview of release {preview.release}" if preview else "The page"
    print(f"\n{what} is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()


def main(port: str = "", site: Path = SITE, *, preview: bool = False) -> int:
    """Serve the last run's site, or the release that waits; return 1, with one sentence, if it cannot be served."""
    try:
        wanted = port_of(port)
        is_free(wanted)
        waiting = newest_preview(site) if preview else None
        if not waiting and not (site / "index.html").is_file():
            raise ServeError(f"there is no page in {site} yet; make run makes one")
        serve_site(site, load_stack(), wanted, waiting)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m local.serve", description="Serve the site of the last run.")
    arguments.add_argument("port", nargs="?", default="")
    arguments.add_argument("--preview", default="", help="1: the newest release that waits for its approval")
    arguments.add_argument("--site", default="", help="folder of the site (default: that of the last run)")
    given = arguments.parse_args()
    sys.exit(main(given.port, Path(given.site) if given.site else SITE, preview=given.preview == "1"))
