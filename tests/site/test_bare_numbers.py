"""A number is printed by one filter and by cells: a template or a sentence that prints it otherwise does not render."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import count, cycle
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import ChoiceLoader, FunctionLoader

from functions.publish_site import site
from functions.publish_site.inventory import Entry, Inventory, Revised, Withdrawal
from functions.publish_site.pages import changes, costs, history, templates
from functions.publish_site.pages.templates import SITE_TEMPLATES, render
from functions.publish_site.words import BareNumberError, Cell, Number, printed
from placements_kpi.results import Shown
from tests.costs.example import example
from tests.site.conftest import PUBLISHED
from tests.site.protected_document import AS_OF, audited, document, without
from tests.site.test_revisions import revised

if TYPE_CHECKING:
    from jinja2 import Environment

    from functions.publish_site.pages.frame import Site

Rendered = list[tuple[str, dict[str, object]]]

PRINTS: dict[str, Callable[[Number], str]] = {
    "an f-string": lambda number: f"{number}",
    "an f-string with a format": lambda number: f"{number:,}",
    "str": str,
    "format": lambda number: format(number, ",.1f"),
    "a template": "{} candidates".format,
    "per cent": lambda number: "%s" % number,  # noqa: UP031  that is what is tried
}


@pytest.mark.parametrize("how", PRINTS)
@pytest.mark.parametrize(
    "number",
    [Number(12_045), abs(Number(3) - 9), Number(3) + Number(4), 2 * Number("33.4"), sum([Number(3), Number(4)])],
)
def test_a_sentence_that_prints_a_bare_number_is_refused(number: Any, how: str) -> None:
    with pytest.raises(BareNumberError):
        PRINTS[how](number)
    assert not re.search(r"\d", repr(number))


def test_a_cell_is_printed_by_its_text_and_a_fact_by_the_filter() -> None:
    assert (Cell(12_045).text, Cell(Decimal("33.4"), percent=True).text, Cell(None, "c").text) == (
        "12,045",
        "33.4%",
        "[c]",
    )
    assert (printed(12_045), printed(Number("2.2"))) == ("12,045", "2.2")
    with pytest.raises(BareNumberError):
        str(Cell(3))


def test_no_sentence_prints_a_count_past_its_cell(page_frame: Site) -> None:
    """The whole release, with counts in the document itself that cannot be printed."""
    made = revised()
    kpis = tuple(
        kpi.model_copy(
            update={
                "figures": tuple(
                    one.model_copy(
                        update={
                            side: Number(count)
                            for side in ("numerator", "denominator")
                            if (count := getattr(one, side)) is not None
                        }
                    )
                    for one in kpi.figures
                )
            }
        )
        for kpi in made.kpis
    )
    held = made.model_copy(update={"kpis": kpis})
    assert site.release_files(page_frame, held, PUBLISHED) == site.release_files(page_frame, made, PUBLISHED)


@pytest.fixture(scope="module")
def rendered(page_frame: Site, government: Site) -> Rendered:
    """Every call of every template: the pages of a release with all there can be on them, and those beside it."""
    calls: Rendered = []

    def record(template: str, **values: object) -> bytes:
        calls.append((template, values))
        return render(template, **values)

    made = audited(document(), releases=("2026-06-14.1",))
    late = made.model_copy(
        update={
            "sources": tuple(
                one.model_copy(
                    update={"as_of": date(2026, 5, 1), "counted_on": AS_OF, "withheld": (f"{one.source}_rows",)}
                )
                for one in made.sources
            ),
            "kpis": tuple(
                without(kpi, kpi.description.sources[-1], "It never came.").model_copy(
                    update={"state": "carried", "reason": "It is old."}
                )
                for kpi in made.kpis
            ),
        }
    )
    first = made.kpis[0].description
    checked = [
        one.model_copy(update={"role": "quality"}) if one.id in first.breakdowns[0].measures else one
        for one in first.measures
    ]
    several = {
        "bounds": (first.headline, first.headline),
        "measures": tuple(checked),
        "breakdowns": first.breakdowns[:1] * 2 + first.breakdowns[1:] * 4,
    }
    broad = made.model_copy(
        update={"kpis": (made.kpis[0].model_copy(update={"description": first.model_copy(update=several)}),)}
    )
    hidden = Shown(numerator=None, denominator=None, value=None, symbol="c")
    changed = revised()
    changed = changed.model_copy(
        update={"revisions": tuple(one.model_copy(update={"was": hidden}) for one in changed.revisions)}
    )
    some = (Revised(kpi=made.kpis[0].id, figures=2),)
    entry = Entry(release=made.release, as_of=AS_OF, published=PUBLISHED, compared_with="2026-07-13.1", revised=some)
    gone = Withdrawal(release=made.release, withdrawn_on=AS_OF, reason="one source was read twice")
    inventory = Inventory().with_front(made.release, None, entry)
    earlier = entry.model_copy(update={"release": "2025-07-14.1", "as_of": date(2025, 7, 14)})
    years = inventory.with_front("2025-07-14.1", None, earlier)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "render", record)
        patch.setattr(costs, "render", record)
        patch.setattr(history, "render", record)
        for frame, most in ((page_frame, changes.MOST_SHOWN), (government, 0)):
            patch.setattr(changes, "MOST_SHOWN", most)
            for one in (made, audited(late), audited(changed), broad):
                site.release_files(frame, one, PUBLISHED)
            site.front_page(frame, made, PUBLISHED, date(2027, 7, 1), [gone])
            site.beside(frame, inventory, {}, {}, example(), document=made)
            site.beside(frame, years, {made.release: gone}, {}, None)
            site.not_found_page(frame, None)
            site.empty_front_page(frame, [gone])
            site.withdrawn_file(frame, "index.html", gone)
    return calls


OUTPUT = re.compile(r"\{\{ (.*?) \}\}")


class Probed:
    """The templates with a probe in every place where something is printed; one of them is told to print a number."""

    def __init__(self) -> None:
        self.planted: tuple[str, int] | None = None
        self.number: Any = None
        self.places: list[tuple[str, int]] = []
        self.environment: Environment = templates.environment.__wrapped__()
        real = self.environment.loader
        assert real is not None
        self.environment.loader = ChoiceLoader([FunctionLoader(self._source), real])
        self.environment.globals["probe"] = self._printed
        for path in sorted(SITE_TEMPLATES.glob("*.html")):
            found = OUTPUT.findall(path.read_text(encoding="utf-8"))
            self.places += [(path.name, number) for number in range(len(found))]

    def _source(self, name: str) -> str | None:
        path = SITE_TEMPLATES / name
        if not path.is_file():
            return None
        numbers = count()
        text = path.read_text(encoding="utf-8")
        return OUTPUT.sub(lambda match: f'{{{{ probe("{name}", {next(numbers)}, {match[1]}) }}}}', text)

    def _printed(self, name: str, number: int, value: object) -> object:
        return self.number if (name, number) == self.planted else value


def test_every_place_of_every_template_refuses_a_bare_number(
    rendered: Rendered, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed = Probed()
    monkeypatch.setattr(templates, "environment", lambda: probed.environment)
    assert {name for name, _ in rendered} >= {path.name for path in SITE_TEMPLATES.glob("*.html")} - {
        "base.html",
        "parts.html",
    }
    assert render(*rendered[0][:1], **rendered[0][1])
    numbers = cycle([7, 7.5, Decimal(7), Number(7), Cell(7), True])
    printed_bare = []
    for place in probed.places:
        probed.planted, probed.number = place, next(numbers)
        calls = [one for one in rendered if place[0] in {one[0], "base.html", "parts.html"}]
        if not any(_refused(name, values) for name, values in calls):
            printed_bare.append(place)
    assert len(probed.places) > 150
    assert not printed_bare, printed_bare


def _refused(name: str, values: dict[str, object]) -> bool:
    try:
        render(name, **values)
    except BareNumberError:
        return True
    return False
