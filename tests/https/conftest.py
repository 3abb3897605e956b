"""Stand-ins over a folder of drops, and ingests that read them over HTTP or read the drops themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.standins import Standins, serve
from tests.ingest.conftest import place as place  # a fixture for this folder too

if TYPE_CHECKING:
    from tests.ingest.conftest import Place


class Served:
    """A place whose drops are also served over HTTP."""

    def __init__(self, place: Place, standins: Standins) -> None:
        self.place = place
        self.standins = standins
        self._secrets = 0

    def ingest(self, source: str, event: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Ingest over HTTP, with the tokens of the stand-in unless ``tokens`` gives others."""
        tokens = changes.pop("tokens", None)
        if tokens is None:
            tokens = self.standins.tokens(source)
        if tokens:
            self._secrets += 1
            secret = boto3.client("secretsmanager").create_secret(
                Name=f"tokens-{self._secrets}", SecretString=json.dumps({"tokens": tokens})
            )
            changes["source_secret_arn"] = secret["ARN"]
        location = changes.pop("source_location", self.standins.locations[source])
        return self.place.ingest(source, event, source_location=location, **changes)


@pytest.fixture
def served(place: Place) -> Iterator[Served]:
    """Serve the drops of ``place``; Register takes any number of requests."""
    with serve(place.folder, rate=(1_000_000, 60.0)) as standins:
        yield Served(place, standins)


@pytest.fixture
def drops(place: Place) -> Path:
    """Return the folder of the drops."""
    return place.folder
