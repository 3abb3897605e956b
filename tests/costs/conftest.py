"""The frame of the pages."""

from __future__ import annotations

import pytest

from functions.publish_site.pages.frame import Site


@pytest.fixture(scope="session")
def page_frame() -> Site:
    return Site.at("localhost")
