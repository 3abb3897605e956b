"""The JSON Schemas that are published beside the JSON files, checked by a validator that is not ours."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from functions.publish_site import site
from functions.publish_site.files.schemas import SCHEMAS
from functions.publish_site.inventory import Entry, Inventory, Withdrawal
from tests.site.conftest import PUBLISHED
from tests.site.test_revisions import revised

if TYPE_CHECKING:
    from functions.publish_site.pages.frame import Site
    from placements_kpi.results import Protected

WITHDRAWAL = Withdrawal(release="2026-07-14.1", withdrawn_on=date(2026, 7, 15), reason="one source was read twice")


def check(name: str, told: Any) -> None:
    schema = SCHEMAS[f"{name}.schema.json"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(told)


def data(files: dict[str, bytes]) -> list[str]:
    return [path for path in files if path.endswith(".json") and f"{path.removesuffix('.json')}.csv" in files]


def test_every_schema_is_published(files: dict[str, bytes]) -> None:
    assert {path.removeprefix("schemas/") for path in files if path.startswith("schemas/")} == set(SCHEMAS)


def test_data_files_are_as_their_schema_says(files: dict[str, bytes], protected: Protected) -> None:
    assert len(data(files)) == len(protected.kpis) + 1
    for path in data(files):
        check("data", json.loads(files[path]))


def test_data_files_with_revisions_are_too(page_frame: Site) -> None:
    files = site.release_files(page_frame, revised(), PUBLISHED)
    told = [json.loads(files[path]) for path in data(files)]
    assert any(one["revisions"] for one in told)
    for one in told:
        check("data", one)


def test_manifest_record_list_and_notice_are_as_their_schemas_say(files: dict[str, bytes], page_frame: Site) -> None:
    check("manifest", json.loads(files["manifest.json"]))
    check("release", {"release": "2026-07-14.1", "published": "2026-07-15T08:30:00Z"})
    entry = Entry(release="2026-07-14.1", as_of=date(2026, 7, 14), published=PUBLISHED)
    inventory = Inventory().with_front(entry.release, None, entry)
    check("releases", inventory.body({}))
    check("releases", inventory.body({WITHDRAWAL.release: WITHDRAWAL}))
    notice = site.withdrawn_file(page_frame, "manifest.json", WITHDRAWAL)
    assert notice is not None
    check("withdrawn", json.loads(notice))


@pytest.mark.parametrize("wrong", [None, "", "NaN", -1, "*"])
def test_a_figure_that_is_neither_number_nor_symbol_breaks_the_schema(wrong: Any, files: dict[str, bytes]) -> None:
    told = json.loads(files["school-take-up/school-take-up.json"])
    told["rows"][0]["numerator"] = wrong
    with pytest.raises(jsonschema.ValidationError):
        check("data", told)
