"""The frame of the pages."""

from __future__ import annotations

import pytest

from functions.publish_site import assets, site


@pytest.fixture(scope="session")
def page_frame() -> site.Site:
    return site.Site(assets.load("localhost"), "localhost")
