"""A data bucket and drops for this folder too."""

from tests.ingest.conftest import place as place
