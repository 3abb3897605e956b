"""The HTML of every page by the Nu HTML checker, where Java and ``npm ci`` have put it: no error and no warning."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.publish_site import site
from functions.publish_site.inventory import Entry, Inventory
from tests.costs.example import example
from tests.left_out import CHECKER, needs
from tests.site.conftest import PUBLISHED
from tests.site.protected_document import AS_OF

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

pytestmark = needs(CHECKER)


@pytest.mark.parametrize("on", ["page_frame", "government"])
def test_the_html_of_every_page_is_valid(
    on: str, request: pytest.FixtureRequest, tmp_path: Path, protected: Protected
) -> None:
    page_frame: Site = request.getfixturevalue(on)
    files = site.release_files(page_frame, protected, PUBLISHED)
    release = protected.release
    inventory = Inventory().with_front(release, None, Entry(release=release, as_of=AS_OF, published=PUBLISHED))
    pages = {
        **{f"{key.replace('/', '-')}": body for key, body in files.items() if key.endswith(".html")},
        "front.html": site.front_page(page_frame, protected, PUBLISHED, AS_OF),
        **{
            key.replace("/", "-"): body
            for key, body in site.beside(page_frame, inventory, {}, {}, example(), document=protected).items()
            if key.endswith(".html")
        },
        "empty.html": site.empty_front_page(page_frame, []),
    }
    for name, body in pages.items():
        (tmp_path / name).write_bytes(body)
    command = [str(CHECKER.program), "-jar", str(CHECKER.file), "--format", "json"]
    done = subprocess.run(
        [*command, *sorted(str(tmp_path / name) for name in pages)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = {
        f"{one['type']} in {Path(one['url']).name}, line {one.get('lastLine')}: {one['message']}"
        for one in json.loads(done.stderr)["messages"]
    }
    assert sorted(found) == []
    assert done.returncode == 0
