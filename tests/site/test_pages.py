"""What the pages say, and that they are safe, light and whole."""

from __future__ import annotations

import gzip
import json
import posixpath
import re
from datetime import date, timedelta

import pytest

from functions.publish_site import site, words
from functions.publish_site.figures import KpiFigures
from functions.publish_site.inventory import Entry, Inventory, Withdrawal
from functions.publish_site.pages import quality, sentences
from functions.publish_site.pages.frame import Assets, Site
from local.weight import MOST
from placements_kpi.results import NO_SNAPSHOT, KpiResult, Protected, Verdict, document_digest
from tests.costs.example import example
from tests.site.conftest import PUBLISHED
from tests.site.html import Page
from tests.site.protected_document import AS_OF, document, kpis, sources, without
from tests.site.test_open_data import read_csv

TODAY = date(2026, 7, 15)
WITHDRAWAL = Withdrawal(release="2026-07-13.1", withdrawn_on=date(2026, 7, 14), reason="one source was read twice")


@pytest.fixture(scope="session")
def front(protected: Protected, page_frame: Site) -> bytes:
    return site.front_page(page_frame, protected, PUBLISHED, TODAY)


@pytest.fixture(scope="session")
def whole(protected: Protected, page_frame: Site, files: dict[str, bytes], front: bytes) -> dict[str, bytes]:
    """The site as it lies in its bucket."""
    entry = Entry(release=protected.release, as_of=protected.as_of, published=PUBLISHED)
    inventory = Inventory().with_front(protected.release, None, entry)
    withdrawn = site.withdrawn_file(page_frame, "method/index.html", WITHDRAWAL)
    assert withdrawn is not None
    return {
        **page_frame.assets.files,
        **{f"releases/{protected.release}/{path}": body for path, body in files.items()},
        f"releases/{WITHDRAWAL.release}/method/index.html": withdrawn,
        "releases.json": b"",
        **site.beside(page_frame, inventory, {}, {}, example(), document=protected, paths=files),
        "index.html": front,
    }


@pytest.fixture(scope="session")
def pages(whole: dict[str, bytes]) -> dict[str, Page]:
    return {key: Page.of(body) for key, body in whole.items() if key.endswith(".html")}


def one_kpi(**changes: object) -> Protected:
    made = document()
    first = made.kpis[0].model_copy(update=changes)
    return made.model_copy(update={"kpis": (first, *made.kpis[1:])})


def test_the_first_page_has_a_card_for_each_indicator(protected: Protected, front: bytes) -> None:
    page = Page.of(front)
    cards = [element.text for element in page.elements if element.attributes.get("class") == "app-card"]
    assert len(cards) == len(protected.kpis)
    for kpi, card in zip(protected.kpis, cards, strict=True):
        figures = KpiFigures(kpi)
        shown = figures.at(figures.headline, figures.current(figures.headline))
        assert kpi.description.title in card
        assert shown.value.text in card
        if figures.headline.kind == "rate":
            assert f"{shown.numerator.text} out of {shown.denominator.text}" in " ".join(card.split())
        assert sentences.change(figures, figures.headline).sentence in " ".join(card.split())
        assert sentences.verdict(figures).label in card


def test_the_first_page_says_what_it_is_and_of_when(front: bytes) -> None:
    text = Page.of(front).text
    for words_ in (
        "Management information",
        "of 6 aims met so far.",
        "Up to date: published on 15 July 2026, late after",
        "Data up to and including 14 July 2026 for schools and providers, 30 June 2026 for people.",
        "Next update: Figures about people: after 31 July 2026.",
    ):
        assert words_ in text


def test_a_late_first_page_says_so_in_its_first_lines_and_promises_nothing_for_a_day_that_has_gone(
    protected: Protected, page_frame: Site
) -> None:
    late = Page.of(site.front_page(page_frame, protected, PUBLISHED, TODAY.replace(year=TODAY.year + 1))).text
    first, last = protected.sources[0].title, protected.sources[-1].title
    assert re.search(rf"Late: {first}, .* and {last}; published on 15 July 2026\.", " ".join(late.split()))
    assert "Up to date" not in late
    assert "Figures about people: due since 31 July 2026." in late


def test_demonstration_data_is_announced_on_every_page_of_a_release_and_real_data_is_not(
    page_frame: Site, files: dict[str, bytes], front: bytes
) -> None:
    for path, body in {**files, "front": front}.items():
        if path.endswith(".html") or path == "front":
            assert b"Demonstration data" in body, path
    real = document(demonstration=False)
    assert not any(b"Demonstration data" in body for body in site.release_files(page_frame, real, PUBLISHED).values())


def test_a_source_past_its_age_is_named_by_itself(page_frame: Site) -> None:
    made = document()
    oldest = max(made.sources, key=lambda source: source.age_days or 0)
    assert oldest.as_of is not None
    last_good_day = oldest.as_of + timedelta(days=oldest.max_age_days)
    fresh = Page.of(site.front_page(page_frame, made, PUBLISHED, last_good_day)).text
    assert "It should never be more than" not in fresh
    stale = Page.of(site.front_page(page_frame, made, PUBLISHED, last_good_day + timedelta(days=1))).text
    assert f"{oldest.title}: the newest data is of {words.day(oldest.as_of)}." in stale
    assert stale.count("It should never be more than 14 days old.") == 1


def test_a_source_whose_newest_data_was_refused_is_named_with_the_day_of_its_last_good_data(
    page_frame: Site,
) -> None:
    first, *others = sources()
    refused = first.model_copy(update={"last_attempt": "How it ended cannot be read"})
    made = document(sources=(refused, *others))
    assert first.as_of is not None
    said = f"{first.title}: the newest data could not be used."
    front = Page.of(site.front_page(page_frame, made, PUBLISHED, first.as_of)).text
    assert front.count(said) == 1
    assert f"stay at the last good data, of {words.day(first.as_of)}." in front
    for kpi in made.kpis:
        page = Page.of(site.release_files(page_frame, made, PUBLISHED)[f"{kpi.id}/index.html"]).text
        assert (said in page) == (first.source in kpi.description.sources), kpi.id


def test_a_source_that_never_came_is_named_too(page_frame: Site) -> None:
    first, *others = sources()
    missing = first.model_copy(update={"as_of": None, "snapshot": None, "age_days": None, "tables": ()})
    made = document(sources=(missing, *others))
    text = Page.of(site.front_page(page_frame, made, PUBLISHED, TODAY)).text
    assert f"{first.title}: no data has been accepted yet." in text
    shown = Page.of(site.release_files(page_frame, made, PUBLISHED)["data-quality/index.html"])
    ages = next(rows for caption, rows in shown.tables if caption.startswith("Age"))
    assert [first.title, "no data yet", "[z]", "14"] in ages


def test_a_missing_source_is_named_with_what_needs_it(page_frame: Site) -> None:
    why = "Publish teacher training courses has not sent any data that could be used."
    (kpi,) = [without(one, "providers", why) for one in kpis() if one.id == "trainee-withdrawals"]
    never = [
        one.model_copy(update={"as_of": None, "snapshot": None, "age_days": None, "tables": ()})
        if one.source == "providers"
        else one
        for one in sources()
    ]
    made = document(kpis=(kpi,), sources=tuple(never))
    files = site.release_files(page_frame, made, PUBLISHED)
    page = Page.of(files[f"{kpi.id}/index.html"])
    assert f"Not available [x]: “Reason for withdrawal” and “Region”. {why}" in page.text
    assert "Not available [x]:" not in Page.of(files["index.html"]).text, "the headline is there"
    ages = next(rows for caption, rows in page.tables if caption.startswith("Age"))
    assert ["Publish teacher training courses", "none that can be used", "[z]", "14"] in ages
    assert "providers_rows: no snapshot" in page.text
    assert NO_SNAPSHOT not in page.text
    assert "No snapshot." in Page.of(files["data-quality/index.html"]).text
    (told,) = json.loads(files[f"{kpi.id}/{kpi.id}.json"])["kpis"]
    assert told["missing_sources"] == {"providers": why}


def test_a_headline_whose_source_has_nothing_yet_says_why_on_the_first_page_too(page_frame: Site) -> None:
    why = "The newest data from School placements service is from 31 August 2026, before the academic year began."
    made = one_kpi(missing={kpis()[0].description.sources[0]: why})
    files = site.release_files(page_frame, made, PUBLISHED)
    for name in ("index.html", f"{made.kpis[0].id}/index.html"):
        assert Page.of(files[name]).text.count(why) == 1, name


def test_a_carried_indicator_says_of_when_its_figures_are_and_why(page_frame: Site) -> None:
    made = one_kpi(state="carried", as_of=date(2026, 6, 14), reason="Apply for teacher training could not be read")
    wanted = (
        "This indicator shows the last good figures, of 14 June 2026. Apply for teacher training could not be read."
    )
    files = site.release_files(page_frame, made, PUBLISHED)
    assert wanted in Page.of(files["index.html"]).text
    assert wanted in Page.of(files[f"{made.kpis[0].id}/index.html"]).text


def test_an_indicator_without_figures_says_so_and_shows_no_number(page_frame: Site) -> None:
    made = one_kpi(state="none", as_of=None, reason="No cycle is known yet", points=(), figures=(), source_dates={})
    page = Page.of(site.release_files(page_frame, made, PUBLISHED)["index.html"])
    card = next(element for element in page.elements if element.attributes.get("class") == "app-card")
    text = " ".join(card.text.split())
    assert "There are no figures for this indicator yet. No cycle is known yet." in text
    assert "Cannot be said yet" in text
    assert not re.search(r"\d", text), text


def test_an_indicator_page_has_every_part(protected: Protected, files: dict[str, bytes]) -> None:
    for kpi in protected.kpis:
        page = Page.of(files[f"{kpi.id}/index.html"])
        headings = [element.text.strip() for element in page.all("h1", "h2", "h3")]
        for wanted in ("What this means", "Over time", "How we count it", "What it leaves out", "Sources"):
            assert wanted in headings, kpi.id
        text = page.text
        description = kpi.description
        for sentence in (*description.means, *description.method, *description.leaves_out, *description.caveats):
            assert sentence in text
        for one in description.breaks:
            assert words.day(one.on) in text
            for said in (one.text, words.sentence(one.before), words.sentence(one.after)):
                assert said in text, (kpi.id, one.on)
        assert f"Definition version {description.definition_version}" in text
        assert files[f"{kpi.id}/{kpi.id}.sql"].decode() == kpi.sql
        for part in description.breakdowns:
            assert part.title in headings
        titles = {measure.title for measure in description.measures if measure.role != "breakdown"}
        beside = {row[0] for caption, rows in page.tables if " as at " in caption for row in rows[1:]}
        assert titles <= beside


def test_a_page_compares_regions_by_what_adds_up_and_leaves_what_overlaps_to_the_data_files(
    protected: Protected, files: dict[str, bytes]
) -> None:
    (kpi,) = [kpi for kpi in protected.kpis if any(part.overlapping for part in kpi.description.breakdowns)]
    titles = {measure.id: measure.title for measure in kpi.description.measures}
    (part,) = [part for part in kpi.description.breakdowns if part.overlapping]
    page = files[f"{kpi.id}/index.html"].decode()
    captions = [caption for caption, _ in Page.of(page.encode()).tables if caption.startswith(f"{part.title}: ")]
    assert [titles["rejections_for_capacity"].lower() in caption.lower() for caption in captions] == [True]
    assert "headline-by-region" not in page
    rows = read_csv(files[f"{kpi.id}/{kpi.id}.csv"])
    assert {row["measure"] for row in rows if row["breakdown"] == part.title} == {"rejections_for_capacity", "headline"}


def test_every_chart_stands_beside_a_table_and_under_a_finding(protected: Protected, files: dict[str, bytes]) -> None:
    for kpi in protected.kpis:
        body = files[f"{kpi.id}/index.html"].decode()
        figures = re.findall(r'<figure class="app-chart" id="([^"]+)">.*?</figure>(.*?)(?=<figure|<h2)', body, re.S)
        assert all("<table" in after for _, after in figures)
        assert body.count('class="app-chart__svg"') == len(figures) >= 1
        for name, _ in figures:
            assert f'href="{name}.svg" download' in body
            assert files[f"{kpi.id}/{name}.svg"].startswith(b"<svg xmlns=")


def test_symbols_are_in_brackets_and_explained_above_their_table(
    pages: dict[str, Page], whole: dict[str, bytes]
) -> None:
    for key, page in pages.items():
        body = whole[key].decode()
        for _, rows in page.tables:
            marks = {cell for row in rows[1:] for cell in row if re.fullmatch(r"\[\w+\]", cell)}
            for mark in marks:
                assert f"<li>{mark} {words.SYMBOLS[mark[1:-1]]}" in body
        assert not re.search(r">\s*(nan|None|null|NaN)\s*<", body)


def test_no_table_has_an_empty_or_short_row(pages: dict[str, Page]) -> None:
    tables = [table for page in pages.values() for table in page.tables]
    assert len(tables) > 30
    for caption, rows in tables:
        assert caption
        assert {len(row) for row in rows} == {len(rows[0])}, caption
        assert all(cell for row in rows for cell in row), caption


def test_the_data_quality_page_accounts_for_every_row(protected: Protected, files: dict[str, bytes]) -> None:
    page = Page.of(files["data-quality/index.html"])
    for source in protected.sources:
        rows = next(rows for caption, rows in page.tables if caption == f"Rows of {source.title}")
        for facts, row in zip(source.tables, rows[1:], strict=True):
            rows_in, kept, refused, duplicates, outside = (int(cell.replace(",", "")) for cell in row[1:])
            assert outside == source.notes.get(f"{facts.table}_left_out", 0)
            assert (rows_in, kept, duplicates) == (facts.rows_in + outside, facts.kept, facts.duplicates)
            assert rows_in == kept + refused + duplicates + outside
        reasons = next(rows for caption, rows in page.tables if caption == f"Refused and noted in {source.title}")
        assert sum(int(row[1].replace(",", "")) for row in reasons if "refused" in row[0]) == sum(
            sum(facts.refused.values()) for facts in source.tables
        )
    refused = [source for source in protected.sources if source.last_attempt]
    assert refused
    for source in refused:
        assert f"{source.last_attempt}." in page.text


def test_the_data_quality_page_says_what_was_checked_and_what_was_found(
    protected: Protected, files: dict[str, bytes]
) -> None:
    page = Page.of(files["data-quality/index.html"])
    assert "Of 7 checks, 4 found all in order, 2 found something to look at, and 1 failed." in page.text
    results = [row for caption, rows in page.tables if caption.endswith(": what we found") for row in rows[1:]]
    assert results == [[check.title, quality.STATES[check.state]] for check in protected.checks]
    for check in protected.checks:
        assert (f"{check.title}. {check.says}" in page.text) == (check.state != "ok")
    counts = [row for caption, rows in page.tables if caption.endswith(": counts") for row in rows[1:]]
    assert [int(row[1].replace(",", "")) for row in counts] == [
        count.count for check in protected.checks for count in check.counts
    ]


def test_a_release_from_before_there_were_checks_has_a_page_too(page_frame: Site, protected: Protected) -> None:
    old = protected.model_copy(update={"checks": (), "definitions": ()})
    files = site.release_files(page_frame, old, PUBLISHED)
    assert "What we checked" not in Page.of(files["data-quality/index.html"]).text
    assert "Code lists" not in Page.of(files["method/index.html"]).text


def test_the_method_page_names_the_version_and_source_of_every_list(
    protected: Protected, files: dict[str, bytes]
) -> None:
    text = Page.of(files["method/index.html"]).text
    assert f"the lists of snapshot {protected.snapshots['definitions']}" in text
    for file in protected.definitions:
        assert f"{file.file}, version {file.version} of {words.day(file.dated)}. Source: {file.source}." in text
    manifest = json.loads(files["manifest.json"])
    assert [file["version"] for file in manifest["definitions"]] == ["2", "1"]


def test_the_method_page_explains_rounding_with_the_configuration_in_use(
    protected: Protected, files: dict[str, bytes]
) -> None:
    text = Page.of(files["method/index.html"]).text
    assert f"rounded up or down to a multiple of {protected.disclosure.base}" in text
    assert f"out of fewer than {protected.disclosure.percentage_floor} people is withheld" in text
    assert protected.disclosure.approved_by in text
    for mark, meaning in words.SYMBOLS.items():
        assert f"[{mark}] {meaning}" in text
    for kpi in protected.kpis:
        assert f"{kpi.description.title}: version {kpi.description.definition_version}" in text


def test_the_confidentiality_page_says_what_this_release_was_made_with(
    protected: Protected, files: dict[str, bytes], page_frame: Site
) -> None:
    text = Page.of(files["confidentiality/index.html"]).text
    used = protected.disclosure
    for said in (
        f"rounded to a multiple of {used.base}.",
        f"out of fewer than {used.percentage_floor} people",
        f"rounds to less than {used.floor}",
        f"at least {used.width} apart",
        f"fewer than {used.threshold} people",
        f"approved on {words.day(used.approved_on)}. Who approved them: {used.approved_by}.",
        *(f"[{mark}] {meaning}" for mark, meaning in words.SYMBOLS.items()),
    ):
        assert said in text, said
    assert "For this release it tried" not in text, "nobody has audited it"
    verdict = Verdict(
        state="passed",
        width=used.width,
        threshold=used.threshold,
        cells=4_321,
        increments=5_432,
        releases=("2026-06-14.1", "2026-05-14.1"),
        attempts=0,
        withheld=0,
        key_id="0123456789ab",
        digest=document_digest(protected),
    )
    audited = protected.model_copy(update={"verdict": verdict})
    text = Page.of(site.release_files(page_frame, audited, PUBLISHED)["confidentiality/index.html"]).text
    assert "it tried 4,321 counts and 5,432 changes, with what 2 earlier releases showed, and worked out none." in text


def test_every_page_of_a_release_leads_to_how_people_are_protected(
    pages: dict[str, Page], protected: Protected
) -> None:
    for key, page in pages.items():
        if key == "index.html" or key.startswith(f"releases/{protected.release}/"):
            links = {element.attributes.get("href") or "" for element in page.all("a")}
            for name in ("privacy", "confidentiality", "accessibility"):
                assert any(link.endswith(f"{name}/index.html") for link in links), (key, name)


def test_the_privacy_page_answers_what_somebody_in_the_data_would_ask(files: dict[str, bytes]) -> None:
    page = Page.of(files["privacy/index.html"])
    headings = [element.text for element in page.all("h2", "h3")]
    for wanted in ("What is read", "What is not kept", "Who can see it", "How long it is kept", "Your rights"):
        assert wanted in headings
    for said in ("set no cookies", "data protection officer", "rounded", "missing"):
        assert said in page.text


def test_every_page_is_well_formed_with_one_main_heading_and_unique_ids(pages: dict[str, Page]) -> None:
    for key, page in pages.items():
        assert not page.unbalanced, (key, page.unbalanced)
        assert len(page.all("h1")) == 1
        assert len(page.all("main")) == 1
        assert page.all("html")[0].attributes["lang"] == "en"
        titles = page.all("title")
        assert titles[0].text.endswith("- School placements performance")
        ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids)), key
        for element in page.elements:
            for name in ("aria-labelledby", "aria-describedby", "aria-controls"):
                for target in (element.attributes.get(name) or "").split():
                    assert target in ids, (key, target)


def test_headings_go_down_one_level_at_a_time(pages: dict[str, Page]) -> None:
    for key, page in pages.items():
        levels = [int(element.tag[1]) for element in page.all("h1", "h2", "h3", "h4")]
        start = levels.index(1)
        assert all(later <= earlier + 1 for earlier, later in zip(levels[start:], levels[start + 1 :], strict=False)), (
            key
        )


def test_the_contents_of_a_long_page_name_its_sections_in_their_order(pages: dict[str, Page]) -> None:
    seen = 0
    for key, page in pages.items():
        links = [one for one in page.all("a") if (one.attributes.get("href") or "").startswith("#")]
        own = {"Skip to main content", "its own address"}
        listed = [(one.attributes["href"], one.text.strip()) for one in links if one.text not in own]
        sections = [(f"#{one.attributes.get('id')}", one.text.strip()) for one in page.all("h2")]
        if ("#contents", "Contents") in sections:
            seen += 1
            assert len(listed) > 2, key
            assert listed == [one for one in sections if one in listed], key
            left_out = {title for at, title in sections if at != "#None" and (at, title) not in listed}
            assert left_out <= {"Contents", "Demonstration data", "Other indicators"}, key
    assert seen >= 10, "six or so indicators, and the pages on method, quality, data and protection"


def test_a_strict_content_security_policy_holds(pages: dict[str, Page]) -> None:
    """No script, no inline style, no event attribute, nothing loaded from anywhere else."""
    for key, page in pages.items():
        assert {one.attributes.get("type") for one in page.all("script")} <= {"application/ld+json"}, "data never runs"
        assert not page.all("style", "iframe", "object", "embed", "form", "base"), key
        for element in page.elements:
            assert "style" not in element.attributes, (key, element)
            assert not [name for name in element.attributes if name.startswith("on")], (key, element)
            if element.tag in {"link", "img", "use", "image"} and element.attributes.get("rel") != "canonical":
                address = element.attributes.get("href") or element.attributes.get("src") or ""
                assert not re.match(r"(https?:)?//|data:", address), (key, address)


def test_every_link_leads_somewhere(pages: dict[str, Page], whole: dict[str, bytes], protected: Protected) -> None:
    followed = 0
    for key, page in pages.items():
        ids = {element.attributes.get("id") for element in page.elements}
        for element in page.all("a", "link"):
            address = element.attributes.get("href") or ""
            if address.startswith("https://"):
                continue
            path, _, fragment = address.partition("#")
            if not path:
                assert fragment in ids, (key, address)
                continue
            if key == "404.html":
                assert path.startswith("/"), "it is shown at any depth"
                target = path[1:]
            else:
                assert not path.startswith("/"), f"{key}: {address} would break under another base"
                target = posixpath.normpath(posixpath.join(posixpath.dirname(key), path))
            target = target.replace("latest/", f"releases/{protected.release}/", 1)
            assert target in whole, (key, address, target)
            if fragment:
                assert fragment in {one.attributes.get("id") for one in pages[target].elements}
            followed += 1
    assert followed > 100


def test_the_first_view_is_light(pages: dict[str, Page], whole: dict[str, bytes], page_frame: Site) -> None:
    style = len(gzip.compress(whole[page_frame.assets.stylesheet], 6))
    icon = len(gzip.compress(whole[page_frame.assets.icon], 6))
    for key in pages:
        weight = style + icon + len(gzip.compress(whole[key], 6))
        assert weight < MOST, f"{key}: {weight}"


def test_the_same_document_published_at_the_same_time_gives_the_same_bytes(
    protected: Protected, page_frame: Site, files: dict[str, bytes]
) -> None:
    again = Protected.model_validate_json(protected.model_dump_json())
    assert site.release_files(page_frame, again, PUBLISHED) == files
    shuffled = again.model_copy(update={"kpis": again.kpis[::-1]})
    assert site.release_files(page_frame, shuffled, PUBLISHED)["index.html"] == files["index.html"]


def test_the_front_page_does_not_change_from_day_to_day_while_nothing_becomes_stale(
    protected: Protected, page_frame: Site, front: bytes
) -> None:
    assert site.front_page(page_frame, protected, PUBLISHED, AS_OF + timedelta(days=2)) == front


def test_licensed_fonts_crown_and_crest_are_for_government_hosts_only(protected: Protected) -> None:
    def rendered(host: str) -> tuple[bytes, Assets]:
        frame = Site.at(host)
        return site.front_page(frame, protected, PUBLISHED, TODAY), frame.assets

    for host in (
        "localhost",
        "d1234.cloudfront.net",
        "example.com",
        "fakeservice.gov.uk.example.com",
        "xservice.gov.uk",
    ):
        page, published = rendered(host)
        assert b"govuk-header" not in page and b"crown" not in page and b"copyright-logo" not in page, host
        assert not [key for key in published.files if key.endswith(".woff2") or "crest" in key], host
        assert b"GDS Transport" not in published.files[published.stylesheet]
    for host in ("school-placements-performance.education.gov.uk", "performance.service.gov.uk"):
        page, published = rendered(host)
        assert b"govuk-footer__crown" in page and b"copyright-logo" in page
        assert page.count(b'id="crown"') == page.count(b'href="#crown"') == 1, "the crown is drawn once"
        assert published.crest in published.files and published.crest.encode() in page
        linked = re.findall(rb"url\(([^)]+)\)", published.files[published.stylesheet])
        assert linked and {f"assets/{name.decode()}" for name in linked} <= set(published.files)
        assert sum(key.endswith(".woff2") for key in published.files) == 2


def test_text_from_the_document_is_escaped(page_frame: Site) -> None:
    made = document()
    evil = '<script>alert("x")</script>'
    description = made.kpis[0].description.model_copy(update={"title": evil, "question": evil, "means": (evil,)})
    kpi = KpiResult.model_validate({**made.kpis[0].model_dump(), "description": description.model_dump(), "sql": evil})
    changed = made.model_copy(update={"kpis": (kpi, *made.kpis[1:])})
    for body in site.release_files(page_frame, changed, PUBLISHED).values():
        assert b"<script>" not in body or not body.startswith(b"<!DOCTYPE")


def test_no_page_shows_its_own_markup(pages: dict[str, Page]) -> None:
    for key, page in pages.items():
        assert not re.search(r"</?[a-z]+[ >]", page.text), key
