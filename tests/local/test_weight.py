"""``make weight`` weighs every page as both kinds of host have it, and fails where one is too heavy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local import weight
from local.errors import LocalError
from tests.site.protected_document import audited, document

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What a run leaves of a release."""
    made = audited(document())
    kept = tmp_path / "aws" / "data" / "protected"
    (kept / made.release).mkdir(parents=True)
    (kept / made.release / "results.json").write_text(made.model_dump_json(), encoding="utf-8")
    (kept / "current.json").write_text(json.dumps({"release": made.release}), encoding="utf-8")
    (tmp_path / "run.json").write_text(json.dumps({"clock": "2026-07-15T08:30:00Z"}), encoding="utf-8")
    return tmp_path


def test_every_page_is_weighed_and_the_typeface_only_where_it_is_licensed(place: Path) -> None:
    plain, official = (weight.first_views(place, host) for host in weight.HOSTS)
    kpis = {f"{kpi.id}/index.html" for kpi in document().kpis}
    assert (
        set(plain)
        == set(official)
        > kpis
        | {
            *("index.html", "404.html", "data/index.html", "changes/index.html", "calendar/index.html"),
            *("releases/index.html", "costs/index.html", "confidentiality/index.html"),
        }
    )
    assert all(bare == whole for bare, whole in plain.values())
    assert len({whole - bare for bare, whole in official.values()}) == 1
    assert all(official[page][0] > plain[page][0] for page in plain), "header, crown and arms weigh something"


def test_the_arms_count_on_every_page_that_is_not_long(place: Path) -> None:
    kpis = [kpi.id for kpi in document().kpis]
    views = weight.first_views(place, weight.HOSTS[1])
    long = {path for path in views if weight.is_long(path, kpis)}
    assert long == {"index.html", *(f"{folder}/index.html" for folder in ("data", "data-quality", "method", *kpis))}
    plain = weight.first_views(place, weight.HOSTS[0])
    more = {path: views[path][0] - plain[path][0] for path in views}
    assert min(more[path] for path in set(more) - long) - max(more[path] for path in long) > 8_000


def test_a_page_that_is_too_heavy_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weight.main(place) == 0
    heaviest = next(iter(weight.first_views(place, weight.HOSTS[0]).values()))[0]
    monkeypatch.setattr(weight, "MOST", heaviest - 1)
    assert weight.main(place) == 1
    assert "too heavy: " in capsys.readouterr().out


def test_without_a_run_it_says_how_to_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LocalError, match="make run"):
        weight.first_views(tmp_path, "localhost")
    assert weight.main(tmp_path) == 2
    assert "make run" in capsys.readouterr().err
