"""The protected document is closed: each text is looked up, each number is an audited one or a declared fact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from functions.compute_kpis import run
from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_catalogue
from functions.compute_kpis.contract import SOURCE_OF_TABLE
from functions.compute_kpis.releases import closed_texts
from functions.compute_kpis.releases.disclosure import DisclosureError
from placements_kpi import records
from placements_kpi.facts import TableFacts
from placements_kpi.results import Protected, Results, Revision, SourceFacts
from tests.compute import stack
from tests.sources import DECLARED as SOURCES

pytestmark = pytest.mark.usefixtures("aws")

AUDITED = {
    "Figure.numerator",
    "Figure.denominator",
    "Figure.value",
    "Shown.numerator",
    "Shown.denominator",
    "Shown.value",
    "TableFacts.rows_in",
    "TableFacts.kept",
    "TableFacts.duplicates",
    "TableFacts.refused",
    "TableFacts.unknown_codes",
    "SourceFacts.notes",
    "CheckCount.count",
}
"""What disclosure control shows: rounded and audited where it is about people, exact where it is not."""
DECLARED = {
    *(f"Disclosure.{name}" for name in "base floor percentage_floor width threshold attempts solver_seconds".split()),
    "Disclosure.external_totals",
    *(f"Verdict.{name}" for name in "width threshold cells increments attempts withheld".split()),
    "SourceFacts.age_days",
    "SourceFacts.max_age_days",
    "Point.period",
    "Figure.period",
    "Revision.period",
    "Family.first_period",
    "Measure.first_period",
    "Description.order",
    "Target.value",
    "Published.low",
    "Published.high",
}
"""Configuration, the calendar, the catalogue, what others published, the ages of sources, and what the audit did."""


def release(name: str = "2026-07-14.1") -> Protected:
    return Protected.model_validate(stack.get_json(f"protected/{name}/results.json"))


def declared_of(found: Protected) -> closed_texts.Declared:
    lists = load_definitions()
    kpis, _ = load_catalogue(lists, stack.KPIS)
    results = Results.model_validate(stack.get_json(f"results/{found.run_id}/results.json"))
    return closed_texts.declared(stack.settings(), kpis, lists, results)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every text and every open name in a value of JSON."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if name not in FIELDS:
                yield (*path, name, "name")
            yield from places(inside, (*path, name))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from places(inside, (*path, number))
    elif isinstance(value, str):
        yield path


def planted(body: Any, path: tuple[Any, ...], text: str) -> Any:
    first, *rest = path
    if rest == ["name"]:
        return {text if name == first else name: value for name, value in body.items()}
    made = list(body) if isinstance(body, list) else dict(body)
    made[first] = planted(body[first], tuple(rest), text) if rest else text
    return made


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for inside in kinds(field.annotation):
                if isinstance(inside, type) and issubclass(inside, BaseModel):
                    models(inside, seen)
    return seen


def kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inside in get_args(annotation):
        yield from kinds(inside)


MODELS = models(Protected, set())
FIELDS = {name for model in MODELS for name in model.model_fields}


def test_a_text_planted_anywhere_in_a_release_is_found() -> None:
    stack.first_release(date(2026, 6, 29))
    stack.put_snapshot("apply", number=2, application_choices=stack.choices(400, 190, region="E12000001"))
    stack.compute()
    found = release("2026-07-14.1")
    assert found.revisions
    declared = declared_of(found)
    assert closed_texts.strays(found, declared) == []
    body = found.model_dump(mode="json")
    kinds_of_place = {tuple(step for step in path if not isinstance(step, int)): path for path in places(body)}
    assert len(kinds_of_place) > 60
    for path in kinds_of_place.values():
        for text in ("seven people", "4,021 rows of application_choices", "41", "24400"):
            try:
                changed = Protected.model_validate(planted(body, path, text))
            except ValidationError:
                continue
            assert closed_texts.strays(changed, declared), path


def test_every_number_of_a_release_is_an_audited_one_or_a_declared_fact() -> None:
    numbers = {
        f"{model.__name__}.{name}"
        for model in MODELS
        for name, field in model.model_fields.items()
        if {int, float} & set(kinds(field.annotation))
    }
    assert numbers == AUDITED | DECLARED


@pytest.mark.parametrize(
    "says",
    [
        (
            "The newest data from Apply for teacher training is from 1 July 2026, 41 days old, and no figure is worked "
            "out from data more than 7 days old."
        ),
        "These are the figures of 41 July 2026.",
        "Every value is on its list. Seven were not.",
        "restated from data of 14 July 2026 (seven people)",
    ],
)
def test_a_sentence_of_the_list_has_only_declared_facts_in_its_gaps(says: str) -> None:
    stack.first_release()
    found = release()
    kpi = found.kpis[0].model_copy(update={"reason": says})
    assert closed_texts.strays(found.model_copy(update={"kpis": (kpi, *found.kpis[1:])}), declared_of(found)) == [
        "kpis.reason"
    ]


def test_a_release_with_another_text_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put_world()
    monkeypatch.setattr("functions.compute_kpis.answers.outcome._NOT_THIS_TIME", "Seven people could not be counted.")
    monkeypatch.setattr(run, "run_queries", failing(run.run_queries))
    with pytest.raises(DisclosureError, match=r"kpis\.reason") as stopped:
        stack.compute()
    assert "Seven" not in str(stopped.value)
    assert not stack.objects("protected/")


def failing(asked: Any) -> Any:
    """Queries of which the first has no answer."""

    def queries(kpis: Any, *given: Any) -> Any:
        answers = asked(kpis, *given)
        first = next(iter(answers))
        return answers | {first: type(answers[first])(error="it did not answer")}

    return queries


def test_why_an_attempt_failed_is_told_the_operator_alone() -> None:
    stack.put_world()
    tried = {"source": "apply", "outcome": "refused", "error": "seven rows where 4019 were expected"}
    stack.put_json("attempts/apply.json", tried)
    stack.compute()
    assert {one.source: one.last_attempt for one in release().sources}["apply"] == (
        "It did not pass the checks that we make"
    )


def test_what_an_ingest_counts_is_on_the_lists() -> None:
    assert set(closed_texts.REFUSALS) >= {*records._REASONS.values(), "wrong_type"}
    code = "".join(path.read_text() for path in Path(stack.__file__).parents[2].glob("functions/ingest_*/*.py"))
    code += "".join(path.read_text() for path in Path(records.__file__).parent.glob("*.py"))
    for note in closed_texts.NOTES:
        stem = next((note.removeprefix(f"{one}_") for one in SOURCE_OF_TABLE if note.startswith(f"{one}_")), note)
        assert stem.removeprefix("trn_") in code, note
    for name, source in SOURCES.items():
        for reference in source.references:
            assert reference.note in closed_texts.NOTES, (
                f"functions/compute_kpis/releases/closed_texts.py, NOTES: add {reference.note!r}, counted by {name}"
            )


def test_the_models_are_all_closed() -> None:
    assert {SourceFacts, TableFacts, Revision} <= MODELS
    assert all(model.model_config.get("extra") == "forbid" for model in MODELS)
