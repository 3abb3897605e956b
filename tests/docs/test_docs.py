"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from functions.compute_kpis import request as compute_request
from functions.publish_site import request as publish_request
from placements_kpi import events, promises
from placements_kpi.settings import ComputeSettings, IngestSettings, PublishSettings

ROOT = Path(__file__).resolve().parents[2]
OPERATING = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
EVENTS = sorted((ROOT / "events").glob("*.json"))


def test_every_setting_is_documented_and_no_other() -> None:
    fields = {
        name.upper() for model in (IngestSettings, ComputeSettings, PublishSettings) for name in model.model_fields
    }
    table = OPERATING.split("## Settings")[1].split("\n## ")[0]
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", table)) - {"CLOCK", "POWERTOOLS_SERVICE_NAME"}
    assert documented == fields, "docs/operating.md, Settings, and settings.py differ"


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: str(path.stem))
def test_every_event_is_one_its_function_understands(event: Path) -> None:
    body = json.loads(event.read_text(encoding="utf-8"))
    if event.stem.startswith("ingest"):
        events.parse(body)
    elif event.stem.startswith("compute"):
        compute_request.parse(body)
    else:
        publish_request.parse(body)


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: str(path.stem))
def test_every_event_is_in_the_operators_table(event: Path) -> None:
    assert f"`{event.name}`" in OPERATING, f"docs/operating.md does not say what events/{event.name} is for"


def test_every_event_named_in_the_docs_exists() -> None:
    named = set(re.findall(r"`((?:ingest|compute|publish|kpis)_[a-z_]+\.json)`", OPERATING))
    assert named <= {event.name for event in EVENTS}


def test_every_alarm_points_to_a_section_that_exists() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    pointed = set(re.findall(r'AlarmDescription: .*docs/operating\.md, "([^"]+)"', template))
    assert pointed
    for section in pointed:
        assert f"### {section}\n" in OPERATING, f'docs/operating.md has no section "{section}"'


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.split(r"[=<>\[ ]", requirement)[0] for requirement in wanted}
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    stubs = {name for name in names if name.startswith("types-") or name.endswith("-stubs")}
    missing = {name for name in names - stubs if not re.search(rf"\b{re.escape(name)}\b", text)}
    assert not missing, f"docs/dependencies.md does not say what these are for: {', '.join(sorted(missing))}"


def test_every_command_in_the_docs_is_one_that_make_knows() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"(?:`|^    )make ([a-z0-9-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert target in targets, f"{page.name} says make {target}, which the Makefile does not have"


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
            leads_to = page.parent / link if link else page
            assert leads_to.exists(), f"{page.name} links to {link}, which is not there"
            if anchor and leads_to.suffix == ".md":
                assert anchor in anchors(leads_to), f"{page.name} links to {link}#{anchor}, a heading that is not there"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "name", ["CONTRIBUTING.md", "docs/adding-a-source.md", "docs/glossary.md", "docs/book/README.md"]
)
def test_every_file_that_a_guide_names_exists(name: str) -> None:
    folders = ("functions/", "layers/", "local/", "tests/", "docs/", "site_templates/", "events/", ".ci/")
    for path in re.findall(r"`([\w./-]+)`", (ROOT / name).read_text(encoding="utf-8")):
        if path.startswith(folders) and "bursaries" not in path:  # these are made, in tests/template
            assert (ROOT / path).exists(), f"{name} names {path}, which is not there"


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_version_of_a_drop_that_is_read_is_the_one_that_its_page_says() -> None:
    page = (ROOT / "docs/drops.md").read_text(encoding="utf-8")
    assert re.findall(r"Version (\w+) is read", page) == list(promises.SCHEMA_VERSIONS)
    assert set(re.findall(r'"schema_version": "(\w+)"', page)) == {promises.SCHEMA_VERSIONS[-1]}


def test_every_invocation_in_the_docs_is_asynchronous() -> None:
    """The AWS CLI and SAM send a call again that has no answer after 60 seconds (docs/operating.md)."""
    found = 0
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if "sam remote invoke" in line:
                assert "--parameter InvocationType=Event" in line, f"{page.name}: {line.strip()}"
                found += 1
            if "aws lambda invoke" in line:
                assert "--invocation-type Event" in line, f"{page.name}: {line.strip()}"
                found += 1
    assert found >= 2


def test_what_cloudfront_is_told_after_a_withdrawal_names_an_output_of_the_stack() -> None:
    outputs = (ROOT / "template.yaml").read_text(encoding="utf-8").split("\nOutputs:\n")[1]
    command = OPERATING.split("## Withdrawing a release")[1].split("\n## ")[0]
    (named,) = re.findall(r"--distribution-id <(\w+)>", command)
    assert re.search(rf"^  {named}:\n.*\n    Value: !Ref Distribution$", outputs, re.MULTILINE)
