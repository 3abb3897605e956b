"""The book: every citation leads to a heading of it, and every heading is cited (docs/book/README.md, How to cite)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "docs/book"
PAGES = ("numbers", "sources", "publishing", "services")
FOR_READERS = "<!-- for readers"
"""Stands below a heading that nobody has to cite."""

_CITED = re.compile(rf"\b({'|'.join(PAGES)})(?:\.md)?#([a-z0-9-]+)")
_ON_ITS_PAGE = re.compile(r"\]\(#([a-z0-9-]+)\)")
_HEADING = r"(?:section \d|[A-Z][A-Za-z0-9 ]*)"
_IN_PUBLIC = re.compile(rf"KPI definitions(?:, version 1)?(?:, | \()({_HEADING}(?:, {_HEADING})*)")
_OLD = re.compile(r"KPI book|[Ff]act sheet")
_PAGE_ALONE = re.compile(rf"\b(?:{'|'.join(PAGES)})\.md\b(?!#)")
_FOLDERS = ("functions", "layers", "local", "tests", "docs", "site_templates", "events", ".ci")
_TEXTS = frozenset({"", ".py", ".sql", ".toml", ".csv", ".md", ".html", ".yaml", ".scss", ".mjs", ".txt", ".in"})
_WRITTEN_THEN = (ROOT / "docs/decisions", ROOT / "CHANGELOG.md")
"""What is never rewritten speaks of the book as it was called then."""


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every file of the repository that could cite the book, and what it says."""
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in _TEXTS and "__pycache__" not in path.parts and path != Path(__file__):
                yield path, path.read_text(encoding="utf-8")
    for path in (ROOT / "Makefile", ROOT / "template.yaml", ROOT / "pyproject.toml", *ROOT.glob("*.md")):
        yield path, path.read_text(encoding="utf-8")


def headings(page: str) -> dict[str, tuple[int, str, bool]]:
    """Return the headings of a page by their anchor: level, text, and whether it is for readers only."""
    lines = (BOOK / f"{page}.md").read_text(encoding="utf-8").splitlines()
    found = {}
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if heading := re.fullmatch(r"(#+) (.+)", line):
            anchor = re.sub(r"[^a-z0-9 -]", "", heading[2].lower()).replace(" ", "-")
            assert anchor not in found, f"{page}.md has two headings {anchor}"
            found[anchor] = (len(heading[1]), heading[2], following.startswith(FOR_READERS))
    return found


HEADINGS = {page: headings(page) for page in PAGES}


def citations(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Yield page and anchor of everything of the book that a file cites, in any of the ways in which it may."""
    yield from _CITED.findall(text)
    if path.parent == BOOK and path.stem in PAGES:
        yield from ((path.stem, anchor) for anchor in _ON_ITS_PAGE.findall(text))
    for cited in _IN_PUBLIC.findall(text):
        for name in cited.split(", "):
            yield "numbers", _anchor_of(name)


def _anchor_of(name: str) -> str:
    """Return the anchor of a heading of the first page by what the public is told: its words, or a KPI's number."""
    wanted = f"{name.rpartition(' ')[2]} " if name.startswith("section ") else name
    return next((anchor for anchor, (_, text, _) in HEADINGS["numbers"].items() if text.startswith(wanted)), name)


def test_every_citation_leads_to_a_heading() -> None:
    lost = {
        f"{path.relative_to(ROOT)}: {page}#{anchor}"
        for path, text in texts()
        for page, anchor in citations(path, text)
        if anchor not in HEADINGS[page]
    }
    assert not lost, f"the book has no such heading: {', '.join(sorted(lost))}"


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_is_cited_or_for_readers_only(page: str) -> None:
    """One with others below it is cited when one of them is."""
    cited = {
        anchor
        for path, text in texts()
        if path.parent != BOOK
        for named, anchor in citations(path, text)
        if named == page
    }
    found = list(HEADINGS[page].items())
    uncited = set()
    for place, (anchor, (level, _, for_readers)) in enumerate(found):
        below = []
        for other, (lower, _, _) in found[place + 1 :]:
            if lower <= level:
                break
            below.append(other)
        if level > 1 and not for_readers and not cited & {anchor, *below}:
            uncited.add(anchor)
    assert not uncited, f"nobody cites {', '.join(sorted(uncited))} of {page}.md"


def test_the_book_is_cited_in_this_way_and_no_other() -> None:
    old = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path, text in texts()
        if not {path, *path.parents} & set(_WRITTEN_THEN)
        for pattern in ((_OLD,) if path.suffix == ".md" else (_OLD, _PAGE_ALONE))
        for found in pattern.finditer(text)
    }
    assert not old, f"docs/book/README.md says how to cite; these do otherwise: {', '.join(sorted(old))}"


def test_what_the_public_reads_names_no_file_of_ours() -> None:
    kpis = ROOT / "functions/compute_kpis"
    public = [*kpis.glob("kpis/*/query.sql"), *kpis.glob("kpis/*/kpi.toml"), *(ROOT / "site_templates").glob("*.html")]
    heads = {path: path.read_text(encoding="utf-8") for path in public}
    for path in (ROOT / "functions").rglob("*.csv"):
        heads[path] = path.read_text(encoding="utf-8").splitlines()[0]
    assert len(heads) > len(public)
    named = {f"{path.relative_to(ROOT)}: {found[0]}" for path, text in heads.items() for found in _CITED.finditer(text)}
    named |= {str(path.relative_to(ROOT)) for path, text in heads.items() if re.search(r"\bdocs/|\.md\b", text)}
    assert not named, f"the public reads these, which cite a file of the repository: {', '.join(sorted(named))}"
