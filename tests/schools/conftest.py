"""The place of the ingest tests: AWS in this process and a folder for drops."""

from tests.ingest.conftest import place as place
