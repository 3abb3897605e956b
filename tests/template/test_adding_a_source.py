"""docs/adding-a-source.md, done to the letter in a copy of the tree: one more source, to a figure on the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/adding-a-source.md").read_text(encoding="utf-8")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".aws-sam", ".*_cache", "node_modules", "build")

_BLOCK = re.compile(
    r"^`(?P<file>[^`]+)`(?:, (?P<place>above|below|in place of) (?P<ticks>`+)(?P<by>.+?)(?P=ticks))?:\n\n"
    r"```\w+\n(?P<text>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^    ((?:\.venv/bin/python|make) .+)$", re.MULTILINE)
_ORDER = re.compile(r"^order = (\d+)", re.MULTILINE)
_MADE = {
    "sample": "local.sample",
    "manifest": "local.manifest",
    "run": "local.run",
    "invoke": "local.invoke",
    "access": "local.access",
}


def apply(tree: Path, text: str) -> set[str]:
    """Put every block of a text of the page where it says, and return the files that were changed or made."""
    changed = set()
    for block in _BLOCK.finditer(text):
        path = tree / block["file"]
        if not block["place"]:
            assert not path.exists(), f"{block['file']} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_ORDER.sub(f"order = {_next_order(tree)}", block["text"]), encoding="utf-8")
        elif block["place"] == "in place of":
            before = path.read_text(encoding="utf-8")
            assert before.count(block["by"]) == 1, f"{block['file']} does not have {block['by']} once"
            path.write_text(before.replace(block["by"], block["text"].rstrip("\n")), encoding="utf-8")
        else:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            places = [number for number, line in enumerate(lines) if line.strip().startswith(block["by"])]
            assert len(places) == 1, f"{block['file']} has {len(places)} lines that begin with {block['by']}, not one"
            lines.insert(places[0] + (block["place"] == "below"), block["text"])
            path.write_text("".join(lines), encoding="utf-8")
        changed.add(block["file"])
    return changed


def _next_order(tree: Path) -> int:
    """Return the place on the page that is free, which the page's KPI says for six others."""
    texts = [path.read_text(encoding="utf-8") for path in tree.glob("functions/compute_kpis/kpis/*/kpi.toml")]
    return max(int(order) for text in texts for order in _ORDER.findall(text)) + 1


@dataclass(frozen=True)
class Tried:
    """A copy of the tree, with all of the page done, what was touched, and what a test said half way."""

    tree: Path
    changed: set[str]
    half_way: str


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    tree = tmp_path_factory.mktemp("tree") / "copy"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    first, heading, rest = PAGE.partition("\n## The stack\n")
    changed = apply(tree, first)
    half_way = do(
        tree, "python -m pytest -p no:cacheprovider --tb=line -k bursaries tests/template/test_sources.py", ok=False
    )
    changed |= apply(tree, heading + rest)
    do(tree, command("make access"))
    yield Tried(tree, changed | {"docs/access.md"}, half_way)
    shutil.rmtree(tree)


def test_a_source_is_nine_files_and_the_template(tried: Tried) -> None:
    source = {name for name in tried.changed if not name.startswith(("build/", "functions/compute_kpis/"))}
    assert len(source - {"template.yaml"}) == 9, sorted(source)


def test_what_is_forgotten_is_said_with_its_place(tried: Tried) -> None:
    for said in (
        "template.yaml: add, like their neighbours, Conditions: HasBursariesWriter, Parameters: BursariesWriter",
        "Resources: BursariesTooOldAlarm, Resources: IngestBursariesErrorsAlarm, Resources: IngestBursariesFunction",
        'template.yaml, Globals: add "bursaries":7 to MAX_AGE_DAYS',
        "docs/drops.md, Files: add | `bursaries` | `bursary_awards.ndjson` | full |",
    ):
        assert said in tried.half_way, tried.half_way


def command(word: str) -> str:
    """Return the one command of the page that has ``word`` in it."""
    (found,) = [line for line in _COMMAND.findall(PAGE) if word in line]
    return str(found)


def do(tree: Path, line: str, *more: str, ok: bool = True) -> str:
    """Run a command of the page in ``tree`` and return what it said; what make would do is done without make."""
    program, *arguments = [*line.split(), *more]
    if program == "make":
        target, *named = arguments
        options = [part for name, _, value in (one.partition("=") for one in named) for part in _option(name, value)]
        arguments = ["-m", _MADE[target], *options]
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        # The copy has no packages of Node: what of its tests needs them is not left out where it was copied from.
        env={name: value for name, value in os.environ.items() if name != "LEAVE_NOTHING_OUT"}
        | {"PYTHONPATH": f"{tree}:{tree}/layers/core"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode == 0) is ok, f"{line}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def _option(name: str, value: str) -> tuple[str, ...]:
    return (value,) if name == "DROP" else (f"--{name.lower().replace('_', '-')}", value)


def test_its_checks_pass(tried: Tried) -> None:
    """All of tests/template that a source has to do with, and of the others what is about this one or the lists."""
    selected = (
        "bursar or test_sources or test_promises or test_access or test_tables or test_data_protection"
        " or test_every_source or test_the_table or test_what_an_ingest_counts"
    )
    said = do(tried.tree, command("pytest"), "-p", "no:cacheprovider", "-k", selected)
    (passed,) = re.findall(r"\b(\d+) passed", said)
    assert int(passed) > 150, said


def test_its_figure_stands_on_the_page(tried: Tried) -> None:
    do(tried.tree, command("make sample"))
    do(tried.tree, command("manifest"))
    said = do(tried.tree, command("make run"))
    site = tried.tree / "build/site"
    page, (quality,) = _words(site / "index.html"), map(_words, site.glob("releases/*/data-quality/index.html"))
    assert re.search(r"Bursaries that have been paid .{,200}\b75\.0% .{,20}\b3 out of 4 ", page), said
    assert "Bursary awards: unknown code in payment state" in quality


def _words(page: Path) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page.read_text(encoding="utf-8"))
