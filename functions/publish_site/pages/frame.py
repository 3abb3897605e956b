"""What every page has around its content: its addresses, and stylesheet, fonts and images.

These are published under a name that holds a digest of what is in them.
The fonts and the crest of GOV.UK are licensed for its own domains only, so they are
published only where the service's host is one of them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from functions.publish_site.pages.templates import SITE_TEMPLATES
from functions.publish_site.words import SERVICE_NAME
from placements_kpi.errors import PlacementsKpiError

ASSETS = SITE_TEMPLATES / "assets"
CREST = "govuk/govuk-crest.svg"
LICENSED_HOSTS = ("service.gov.uk", "education.gov.uk")


class AssetError(PlacementsKpiError):
    """A stylesheet, font or image of the page is not where it should be."""


@dataclass(frozen=True)
class Assets:
    """The files to publish, by key in the site bucket, and the keys that pages link to."""

    files: dict[str, bytes]
    stylesheet: str
    icon: str
    crest: str | None = None
    """The royal arms, which only a site on a host of the government has."""

    @property
    def fonts(self) -> list[str]:
        """The keys of the typeface, of which the same is true."""
        return sorted(key for key in self.files if key.endswith(".woff2"))


@dataclass(frozen=True)
class Site:
    """What every page needs beside its own content."""

    assets: Assets
    host: str

    @classmethod
    def at(cls, host: str) -> Self:
        """Return the site at ``host``; :class:`AssetError` names a file of it that is missing."""
        return cls(load(host), host)

    def frame(
        self, root: str, release: str | None, release_root: str = "", here: str = "", canonical: str | None = None
    ) -> dict[str, object]:
        """Return the values of a page's frame; its addresses are relative, so that any base works.

        ``canonical`` is the path of the page that a search engine is to know of these.
        """
        return {
            "service_name": SERVICE_NAME,
            "licensed": is_licensed(self.host),
            "root": root,
            "release": release,
            "release_root": release_root,
            "here": here,
            "canonical": None if canonical is None else self.address(canonical),
            "stylesheet": root + self.assets.stylesheet,
            "icon": root + self.assets.icon,
            "fonts": [root + font for font in self.assets.fonts],
            "crest": root + self.assets.crest if self.assets.crest else None,
        }

    def address(self, path: str) -> str:
        """Return the public address of a path of the site."""
        return f"https://{self.host}/{path}"


def is_licensed(host: str) -> bool:
    """Return whether ``host`` may carry GOV.UK's fonts and crest."""
    name = host.lower().rstrip(".").split(":")[0]
    return any(name == domain or name.endswith(f".{domain}") for domain in LICENSED_HOSTS)


def load(host: str) -> Assets:
    """Return the assets for a site at ``host``; :class:`AssetError` names one that is missing."""
    licensed = is_licensed(host)
    files: dict[str, bytes] = {}

    def published(name: str, body: bytes) -> str:
        path = Path(name)
        key = f"assets/{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
        files[key] = body
        return key

    def linked(match: re.Match[bytes]) -> bytes:
        name = match[1].decode()
        return f"url({Path(published(name, _read(name))).name})".encode()

    stylesheet = re.sub(rb"url\(\"?([^)\"]+)\"?\)", linked, _read("govuk.css" if licensed else "site.css"))
    icon = "govuk/favicon.svg" if licensed else "favicon.svg"
    return Assets(
        stylesheet=published("page.css", stylesheet),
        icon=published("favicon.svg", _read(icon)),
        crest=published(CREST, _read(CREST)) if licensed else None,
        files=files,
    )


def _read(name: str) -> bytes:
    path = ASSETS / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise AssetError(f"{path} is missing: run npm ci and npm run assets, then build again") from None
