"""The gate: a release is published if its verdict is over it, its files are on the list, and none names anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from functions.publish_site import gate, site
from functions.publish_site.protected import ReleaseError
from placements_kpi.results import Protected, Revision, Shown, digest_of, document_digest
from placements_kpi.settings import SOURCE_TITLES
from tests.site.conftest import PUBLISHED, World
from tests.site.protected_document import audited, document, without
from tests.site.random_documents import DAYS, random_document
from tests.site.test_revisions import revised

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.publish_site.pages.frame import Site

KPI = "placement-rejections"
Files = dict[str, bytes]


def check(files: Files, made: Protected, frame: Site) -> None:
    gate.check_release(files, made, frame.assets.files, frame.host)


@pytest.mark.parametrize(
    "host",
    ["localhost", "d111111abcdef8.cloudfront.net", "d1234567890123.cloudfront.net", "x.education.gov.uk"],
)
def test_a_release_as_it_is_rendered_passes(host: str, protected: Protected, page_frame: Site) -> None:
    """A new stack has no address but CloudFront's; its digits are nobody's number."""
    frame = replace(page_frame, host=host)
    files = {"release.json": b"{}", **site.release_files(frame, protected, PUBLISHED)}
    check(files, protected, frame)
    if "1234567" in host:
        with pytest.raises(gate.GateError, match="seven digits"):
            check(files, protected, page_frame)


@pytest.mark.parametrize("number", range(len(DAYS)))
def test_a_random_release_of_any_day_passes(number: int, page_frame: Site) -> None:
    made = random_document(number)
    check(site.release_files(page_frame, made, PUBLISHED), made, page_frame)


def test_a_release_without_a_source_passes(page_frame: Site) -> None:
    why = "{} has not sent any data that could be used."
    changed = tuple(
        without(kpi, kpi.description.sources[-1], why.format(SOURCE_TITLES[kpi.description.sources[-1]]))
        for kpi in document().kpis
    )
    made = audited(document(kpis=changed))
    check(site.release_files(page_frame, made, PUBLISHED), made, page_frame)


def test_a_release_with_revisions_and_large_counts_passes(page_frame: Site) -> None:
    made = revised()
    source = made.sources[0]
    tables = tuple(one.model_copy(update={"rows_in": 12_345_678, "kept": 12_344_678}) for one in source.tables)
    made = made.model_copy(update={"sources": (source.model_copy(update={"tables": tables}), *made.sources[1:])})
    files = site.release_files(page_frame, made, PUBLISHED)
    assert b"12345678" in files["manifest.json"]
    check(files, made, page_frame)
    with pytest.raises(gate.GateError, match=r"manifest\.json.*seven digits"):
        check({**files, "manifest.json": files["manifest.json"].replace(b"12345678", b"12345679")}, made, page_frame)


# The closed list of files


@pytest.mark.parametrize(
    "path",
    [
        "extra.csv",
        "index.html.bak",
        f"{KPI}/extra.html",
        f"{KPI}/{KPI}.csv.gz",
        f"{KPI}/school-take-up.csv",
        "another-kpi/another-kpi.csv",
        "schemas/other.schema.json",
        "assets/page.css",
        "trainees/index.html",
        f"{KPI}/deep/{KPI}.csv",
    ],
)
def test_a_file_that_a_release_does_not_have_is_refused(
    path: str, files: Files, protected: Protected, page_frame: Site
) -> None:
    with pytest.raises(gate.GateError, match="a file that a release does not have"):
        check({**files, path: b""}, protected, page_frame)


@pytest.mark.parametrize(
    "path", [f"{KPI}/{KPI}.csv", f"{KPI}/{KPI}.json", f"{KPI}/index.html", "manifest.json", "index.html"]
)
def test_a_file_that_is_missing_is_noticed(path: str, files: Files, protected: Protected, page_frame: Site) -> None:
    with pytest.raises(gate.GateError, match=f"{path}.*missing"):
        check({name: body for name, body in files.items() if name != path}, protected, page_frame)


# The verdict of the audit


def one_figure_changed(made: Protected, **changes: Any) -> Protected:
    first = made.kpis[0]
    known = next(n for n, one in enumerate(first.figures) if one.numerator and one.denominator)
    figures = list(first.figures)
    changes = changes or {"numerator": (figures[known].numerator or 0) + 5}
    figures[known] = figures[known].model_copy(update=changes)
    return made.model_copy(update={"kpis": (first.model_copy(update={"figures": tuple(figures)}), *made.kpis[1:])})


def test_a_release_that_passed_the_audit_with_these_figures_is_let_through(world: World) -> None:
    world.compute(audited(document()))
    world.handle({})
    manifest = world.json(f"releases/{document().release}/manifest.json")
    assert manifest["verdict"]["state"] == "passed"
    assert manifest["verdict"]["digest"] == document_digest(audited(document()))


CHANGES: dict[str, Callable[[Protected], Protected]] = {
    "a figure": lambda made: one_figure_changed(made),
    "a note": lambda made: made.model_copy(
        update={"sources": (made.sources[0].model_copy(update={"notes": {"trn_too_long": 7}}), *made.sources[1:])}
    ),
    "a word of a description": lambda made: made.model_copy(
        update={
            "kpis": (
                made.kpis[0].model_copy(
                    update={"description": made.kpis[0].description.model_copy(update={"title": "Seven candidates"})}
                ),
                *made.kpis[1:],
            )
        }
    ),
    "the query": lambda made: made.model_copy(
        update={"kpis": (made.kpis[0].model_copy(update={"sql": "SELECT 7"}), *made.kpis[1:])}
    ),
    "a revision": lambda made: made.model_copy(update={"revisions": (a_revision(made),)}),
    "a limit": lambda made: made.model_copy(update={"disclosure": made.disclosure.model_copy(update={"floor": 3})}),
    "what the audit tried": lambda made: made.model_copy(
        update={"verdict": made.verdict.model_copy(update={"cells": 7}) if made.verdict else None}
    ),
    "the day": lambda made: made.model_copy(update={"as_of": date(2026, 7, 1)}),
}


def a_revision(made: Protected) -> Revision:
    figure = made.kpis[0].figures[0]
    side = Shown(numerator=7, denominator=None, value=7.0, symbol=None)
    place = {name: getattr(figure, name) for name in ("measure", "period", "as_of", "breakdown", "category")}
    return Revision(kpi=made.kpis[0].id, **place, was=side, now=side, reason="worked out again")


@pytest.mark.parametrize("what", CHANGES)
def test_a_verdict_holds_for_its_document_and_for_no_other(what: str) -> None:
    made = audited(document())
    gate.check_verdict(Protected.model_validate_json(made.model_dump_json()))
    assert document_digest(CHANGES[what](made)) != document_digest(made)
    with pytest.raises(gate.GateError, match="not the document that was audited"):
        gate.check_verdict(CHANGES[what](made))


def test_without_a_verdict_nothing_passes() -> None:
    gate.check_verdict(audited(document()))
    with pytest.raises(gate.GateError, match="no verdict"):
        gate.check_verdict(document())


def twice(made: Protected) -> Protected:
    first = made.kpis[0]
    again = first.model_copy(update={"figures": (*first.figures, first.figures[0])})
    return made.model_copy(update={"kpis": (again, *made.kpis[1:])})


FAILING: dict[str, Callable[[Protected], Protected]] = {
    "an audit that it did not pass": lambda made: audited(made, state="failed"),
    "figures that are not those audited": lambda made: one_figure_changed(audited(made)),
    "a percentage that does not follow from its counts": lambda made: audited(one_figure_changed(made, value=0.1)),
    "a number beside a symbol": lambda made: audited(one_figure_changed(made, symbol="c")),
    "a percentage of nothing": lambda made: audited(one_figure_changed(made, denominator=0)),
    "a figure given twice": lambda made: audited(twice(made)),
}


@pytest.mark.parametrize("why", FAILING)
def test_nothing_of_a_stopped_release_is_written_and_the_current_page_stays(why: str, world: World) -> None:
    world.compute(audited(document()))
    world.handle({})
    before = world.objects()
    world.compute(FAILING[why](document("2026-07-15.1")))
    with pytest.raises(gate.GateError):
        world.handle({})
    assert world.objects() == before


def test_a_withdrawal_is_not_put_off_by_an_earlier_release_that_the_gate_stops(world: World) -> None:
    first, second = document("2026-07-14.1"), document("2026-07-15.1", as_of=date(2026, 7, 15))
    world.compute(first)
    world.handle({})
    world.compute(second)
    world.handle({})
    world.compute(audited(first, state="failed"))
    world.compute(second)
    with pytest.raises(gate.GateError):
        world.handle({"action": "withdraw", "release": second.release, "reason": "one source was read twice"})
    assert "No figures are published" in world.read("index.html")
    assert "was withdrawn" in world.read(f"releases/{second.release}/{KPI}/index.html")


def test_a_document_with_an_error_of_a_source_in_its_own_words_is_refused(world: World) -> None:
    made = document()
    refused = made.sources[0].model_copy(update={"last_attempt": "trainees: seven rows where eight were expected"})
    world.compute(audited(made.model_copy(update={"sources": (refused, *made.sources[1:])})))
    with pytest.raises(ReleaseError, match=r"sources\.0\.last_attempt") as stopped:
        world.handle({})
    assert "seven" not in str(stopped.value)
    assert world.objects() == {}


def test_document_of_before_a_field_existed_is_the_one_that_was_audited() -> None:
    """A release is never changed; one of an earlier version can be put in front again."""
    told = audited(document()).model_dump(mode="json")
    for kpi in told["kpis"]:
        del kpi["description"]["relations"]
    told["verdict"]["digest"] = digest_of(told)
    earlier = Protected.model_validate(told)
    gate.check_verdict(earlier)
    with pytest.raises(gate.GateError, match="it is not the document that was audited"):
        gate.check_verdict(earlier.model_copy(update={"code_version": "another"}))
