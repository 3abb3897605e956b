"""The glossary: every term explained once, in order, and reached from where it is used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions import compute_kpis
from functions.publish_site.pages.glossary import TERMS, linked
from tests.site.html import Page

if TYPE_CHECKING:
    from placements_kpi.results import Protected


def test_terms_are_in_the_order_of_their_names_and_each_has_its_own_place() -> None:
    names = [term.name.lower() for term in TERMS]
    assert names == sorted(names)
    assert len({term.id for term in TERMS}) == len(TERMS)


def test_a_term_is_linked_where_it_is_first_used_and_only_there() -> None:
    first, second = linked(["A TRN & its owner.", "Another TRN, and a mentor."], "g.html")
    assert first == 'A <a class="govuk-link" href="g.html#trn">TRN</a> &amp; its owner.'
    assert second == 'Another TRN, and a <a class="govuk-link" href="g.html#mentor">mentor</a>.'


def test_an_abbreviation_is_found_in_capitals_only_and_never_inside_a_word() -> None:
    assert linked(["It ittles an URNS."], "g.html") == ["It ittles an URNS."]


def test_every_term_that_a_page_links_to_is_in_the_glossary(protected: Protected, files: dict[str, bytes]) -> None:
    places = {one.attributes.get("id") for one in Page.of(files["glossary/index.html"]).all("dt")}
    everywhere: set[str] = set()
    for kpi in protected.kpis:
        links = [one.attributes.get("href") or "" for one in Page.of(files[f"{kpi.id}/index.html"]).all("a")]
        used = [link.partition("#")[2] for link in links if link.startswith("../glossary/index.html#")]
        assert len(used) == len(set(used)), "linked once a page"
        assert set(used) <= places
        everywhere |= set(used)
    assert everywhere


KPIS = sorted((Path(compute_kpis.__file__).parent / "kpis").glob("*/kpi.toml"))


@pytest.mark.parametrize("path", KPIS, ids=lambda path: path.parent.name)
def test_every_abbreviation_in_the_texts_of_an_indicator_is_explained(path: Path) -> None:
    known = " ".join(term.name for term in TERMS)
    about = tomllib.loads(path.read_text())
    texts = " ".join((*about["means"], *about["method"], *about["leaves_out"], *about["caveats"]))
    explained = {short for short in re.findall(r"\b[A-Z]{3,6}\b", texts) if short in known}
    assert set(re.findall(r"\b[A-Z]{3,6}\b", texts)) == explained
    assert any("#" in one for one in linked([texts], "g.html")), "the page leads to the glossary"
