"""``data.json`` against data.gov.uk's guidance: mandatory fields, lengths, forms of dates, the files that it names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from functions.compute_kpis.catalogue.definitions import load_definitions
from functions.compute_kpis.catalogue.loading import load_catalogue
from functions.publish_site.files.datagovuk import is_monthly
from functions.publish_site.inventory import Inventory
from functions.publish_site.words import PUBLISHER
from tests.site.settled import SECOND, objects

if TYPE_CHECKING:
    from tests.site.conftest import World

MANDATORY = {"title", "description", "identifier", "license", "publisher"}
HOST = "https://localhost/"


def datasets() -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(objects()["data.json"])["dataset"]
    return told


def test_every_dataset_has_what_the_harvester_wants(public: World) -> None:
    site, found = objects(), datasets()
    kpis = [entry["indicators"] for entry in json.loads(site["releases.json"])["releases"]][-1]
    assert len(found) == len(kpis) + 1, "one for all, and one for each indicator"
    assert len({one["identifier"] for one in found}) == len(found)
    for one in found:
        assert set(one) >= MANDATORY | {"keyword", "issued", "modified", "accrualPeriodicity", "contactPoint"}
        assert 0 < len(one["title"]) <= 65 and PUBLISHER not in one["title"]
        assert len(re.split(r"(?<=[.?!]) ", one["description"])[0]) <= 140, one["description"]
        assert one["license"].startswith("https://www.nationalarchives.gov.uk/doc/open-government-licence/")
        assert one["publisher"]["name"] == PUBLISHER
        for name in ("issued", "modified"):
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", one[name])
        assert re.fullmatch(r"R/P1[DMY]", one["accrualPeriodicity"]), "a repeating duration of ISO 8601"
        assert one["distribution"]
        for file in one["distribution"]:
            assert file["downloadURL"].removeprefix(HOST) in site
            assert file["title"] and re.fullmatch(r"\w+/[\w.+-]+", file["format"])


def test_only_counts_of_schools_and_providers_are_new_each_day() -> None:
    kpis, _ = load_catalogue(load_definitions())
    daily = {kpi.id for kpi in kpis if not is_monthly(kpi.description)}
    assert daily == {"school-participation", "provider-take-up", "school-take-up"}


def test_the_titles_and_questions_of_the_catalogue_are_short_enough() -> None:
    kpis, unusable = load_catalogue(load_definitions())
    assert kpis and not unusable
    for kpi in kpis:
        assert len(kpi.description.title) <= 65, kpi.id
        assert len(kpi.description.question) <= 140, kpi.id


def test_an_identifier_never_changes_and_a_dataset_stays_issued_when_it_was(computed: World) -> None:
    before = {one["identifier"]: one for one in datasets()}
    computed.handle({})
    after = {one["identifier"]: one for one in datasets()}
    assert after.keys() == before.keys()
    for identifier, one in after.items():
        assert one["issued"] == before[identifier]["issued"]
        assert one["modified"] > before[identifier]["modified"]
    assert Inventory.model_validate(json.loads(objects()["releases.json"])).front == SECOND


def test_a_catalogue_that_cannot_be_read_is_made_anew(public: World) -> None:
    expected = objects()["data.json"]
    for broken in (b"{", b"[]", b'{"dataset": 1}', b'{"dataset": [{"title": "no identifier"}]}'):
        public.s3.put_object(Bucket="site-bucket", Key="data.json", Body=broken)
        public.handle({})
        told = json.loads(objects()["data.json"])["dataset"]
        assert [one["identifier"] for one in told] == [one["identifier"] for one in json.loads(expected)["dataset"]]
