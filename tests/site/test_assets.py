"""The built stylesheets are what their sources give, and the publisher starts light."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.publish_site.pages import frame
from functions.publish_site.pages.templates import SITE_TEMPLATES
from functions.publish_site.site import front_page, release_files
from tests.left_out import SASS, needs
from tests.site.conftest import PUBLISHED
from tests.site.protected_document import AS_OF

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

ROOT = Path(__file__).resolve().parents[2]


@needs(SASS)
def test_a_build_of_the_stylesheets_gives_the_committed_bytes() -> None:
    script = SITE_TEMPLATES / "build_assets.mjs"
    done = subprocess.run(
        ["node", str(script), "--check", str(frame.ASSETS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_lock_file_names_no_registry_and_the_versions_match_the_macros() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert lock["packages"]["node_modules/govuk-frontend"]["version"].startswith("6.3.")
    assert '"govuk-frontend-jinja==4.1.0"' in (ROOT / "pyproject.toml").read_text()


def test_assets_carry_a_digest_of_their_content_in_their_name() -> None:
    made = frame.load("performance.service.gov.uk")
    for key in made.files:
        assert re.fullmatch(r"assets/[\w-]+\.[0-9a-f]{12}\.\w+", key)
    assert set(frame.load("localhost").files).isdisjoint(
        {key for key in made.files if not key.startswith("assets/favicon")}
    )


def test_a_missing_asset_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(frame, "ASSETS", tmp_path)
    with pytest.raises(frame.AssetError, match=r"site\.css is missing: run npm ci and npm run assets"):
        frame.load("localhost")


def test_no_page_has_a_part_whose_rules_are_left_out(protected: Protected, page_frame: Site, government: Site) -> None:
    """But for the place of the arms, which has rules of ours."""
    script = (SITE_TEMPLATES / "build_assets.mjs").read_text(encoding="utf-8")
    named = script.split("const unused = [")[1].split("]")[0]
    patterns = "|".join(re.findall(r'"([^"]+)"', named))
    left_out = re.compile(f"govuk-({patterns})")
    used = set()
    for of_host in (page_frame, government):
        files = release_files(of_host, protected, PUBLISHED)
        pages = [body for path, body in files.items() if path.endswith(".html")]
        for body in (*pages, front_page(of_host, protected, PUBLISHED, AS_OF.replace(year=AS_OF.year + 1))):
            for value in re.findall(r'class="([^"]*)"', body.decode()):
                used |= set(value.split())
    for template in SITE_TEMPLATES.glob("*.html"):
        used |= set(re.findall(r"govuk-[\w-]+", template.read_text(encoding="utf-8")))
    assert {name for name in used if left_out.match(name)} == {"govuk-footer__copyright-logo"}


def test_every_class_of_the_templates_has_a_rule_in_the_stylesheet() -> None:
    used = set()
    for template in SITE_TEMPLATES.glob("*.html"):
        for value in re.findall(r'class="([^"{]*)"', template.read_text()):
            used |= set(value.split())
    sheet = (frame.ASSETS / "site.css").read_text()
    plain = {"app-chart", "govuk-template__header", "govuk-link"}  # hooks, or styled through their element
    official = {"app-crest"}  # on a host of the government only
    for name in sorted(used - plain - official):
        assert f".{name}" in sheet.replace("\\!", "!"), name
    for name in official:
        assert f".{name}" in (frame.ASSETS / "govuk.css").read_text()


def test_the_publisher_imports_no_data_frames() -> None:
    code = (
        "import sys; import functions.publish_site.app; "
        "print([m for m in ('pandas', 'pyarrow', 'awswrangler', 'numpy') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'core'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    assert done.stdout.strip() == "[]"
