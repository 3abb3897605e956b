from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.sandbox import Built, open_built
from local.world import LIVE, World, open_world, write_sample


@pytest.fixture(scope="session")
def built() -> Iterator[Built]:
    """What "sam build" made for this machine's processor, laid out as on Lambda."""
    with open_built() as built:
        yield built


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small sample, two of its sources read over https as on AWS."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "sample", scale=0.03)
    return open_world(folder, "", "", LIVE)
