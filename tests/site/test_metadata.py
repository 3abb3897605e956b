"""What describes the data files, read by programmes that are not ours: csvw and frictionless."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import csvw
import frictionless
import pytest

from functions.publish_site.files import metadata
from functions.publish_site.inventory import ADDRESSES
from functions.publish_site.words import SYMBOLS

if TYPE_CHECKING:
    from placements_kpi.results import Protected

DATA_PACKAGE = "datapackage.json"


@pytest.fixture(scope="module")
def folder(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as files on disk."""
    root = tmp_path_factory.mktemp("release")
    for path, body in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    return root


def is_data(path: str) -> bool:
    """Whether a file of the release is one of its downloads, and not a description of them or a record."""
    kind = path.rpartition(".")[2]
    told = path.startswith("schemas/") or path.endswith("-metadata.json")
    return kind in {"csv", "json", "ods"} and not told and path not in {"manifest.json", "release.json", DATA_PACKAGE}


def tables(files: dict[str, bytes]) -> list[str]:
    return [path for path in files if path.endswith(".csv") and not path.endswith(".meta.csv")]


def cells(body: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file as a reader without metadata has them."""
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_every_csv_has_csvw_metadata_by_which_its_rows_are_valid(files: dict[str, bytes], folder: Path) -> None:
    assert {path for path in files if path.endswith(".csv-metadata.json")} == {
        f"{path}-metadata.json" for path in tables(files)
    }
    for path in tables(files):
        metadata = csvw.CSVW(str(folder / f"{path}-metadata.json"), validate=True)
        assert metadata.is_valid, (path, [str(one.message) for one in metadata.warnings][:5])
        assert not metadata.warnings, path
        read, plain = list(metadata.tables[0].iterdicts()), cells(files[path])
        assert len(read) == len(plain) > 0, path
        for row, own in zip(read, plain, strict=True):
            assert list(row) == list(own), path
            for name, text in own.items():
                if text in SYMBOLS and row[name] is None:
                    continue
                typed = row[name] if row[name] is not None else ""
                assert str(typed).removesuffix(" 00:00:00") == text, (path, name)  # a day is read as its midnight


@pytest.mark.parametrize("column", ["numerator", "as_of", "kpi"])
def test_csvw_and_frictionless_refuse_a_row_that_is_not_as_described(
    column: str, files: dict[str, bytes], tmp_path: Path
) -> None:
    """What the two find nothing wrong in is found wrong when it is: a word for a count, no date, no indicator."""
    name, folder = "school-take-up.csv", "school-take-up"
    rows = list(csv.reader(io.StringIO(files[f"{folder}/{name}"].decode(), newline="")))
    rows[1][rows[0].index(column)] = {"numerator": "many", "as_of": "14 July", "kpi": ""}[column]
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    (tmp_path / folder).mkdir()
    (tmp_path / folder / name).write_text(written.getvalue(), newline="")
    (tmp_path / folder / f"{name}-metadata.json").write_bytes(files[f"{folder}/{name}-metadata.json"])
    metadata = csvw.CSVW(str(tmp_path / folder / f"{name}-metadata.json"), validate=True)
    with pytest.raises((UserWarning, AssertionError)):  # it warns of a cell, or says so in the end
        assert metadata.is_valid
    package = json.loads(files["datapackage.json"])
    package["resources"] = [one for one in package["resources"] if one["path"] == f"{folder}/{name}"]
    (tmp_path / "datapackage.json").write_text(json.dumps(package))
    (resource,) = frictionless.Package(str(tmp_path / "datapackage.json")).resources
    report = resource.validate()
    assert not report.valid


def test_csvw_knows_a_symbol_for_no_number(folder: Path) -> None:
    path = "trainee-withdrawals/trainee-withdrawals.csv-metadata.json"
    rows = list(csvw.CSVW(str(folder / path)).tables[0].iterdicts())
    assert {row["numerator"] is None for row in rows} == {True, False}
    assert all(isinstance(row["numerator"], int) for row in rows if row["numerator"] is not None)


def test_csvw_finds_a_row_given_twice(files: dict[str, bytes], folder: Path, tmp_path: Path) -> None:
    path = "school-take-up.csv"
    body = files[f"school-take-up/{path}"]
    (tmp_path / path).write_bytes(body + body.splitlines(keepends=True)[1])
    (tmp_path / f"{path}-metadata.json").write_bytes(files[f"school-take-up/{path}-metadata.json"])
    with pytest.raises(ValueError, match="duplicate primary key"):
        csvw.CSVW(str(tmp_path / f"{path}-metadata.json"), validate=True).is_valid  # noqa: B018  it looks when asked


def test_the_data_package_is_valid_with_every_table_in_it(files: dict[str, bytes], folder: Path) -> None:
    package = json.loads(files["datapackage.json"])
    assert {one["path"] for one in package["resources"]} >= set(tables(files))
    for resource in package["resources"]:
        body = files[resource["path"]]
        assert resource["bytes"] == len(body)
        assert resource["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    read = frictionless.Package(str(folder / "datapackage.json"))
    assert read.version == package["version"]
    assert {one.path for one in read.resources} == {path for path in files if is_data(path)}
    described = {one["path"]: one["schema"]["fields"] for one in package["resources"] if "schema" in one}
    assert set(described) == set(tables(files))
    for resource in read.resources:
        if resource.path.endswith(".ods"):
            continue  # odfpy reads it, in test_workbook.py
        report = resource.validate()
        assert report.valid, (resource.path, report.flatten(["rowNumber", "fieldName", "note"])[:5])
        if resource.path.endswith(".csv"):
            assert report.tasks[0].stats["rows"] == len(cells(files[resource.path])), resource.path
        if resource.path in described:
            assert resource.schema.field_names == list(cells(files[resource.path])[0])
            assert [one.type for one in resource.schema.fields] == [one["type"] for one in described[resource.path]]


def test_the_data_package_is_one_of_version_2(protected: Protected, files: dict[str, bytes]) -> None:
    """What version 2 of the standard changed (https://datapackage.org/overview/changelog), and nothing left of 1."""
    package = json.loads(files["datapackage.json"])
    profile = "https://datapackage.org/profiles/2.0/{}.json"
    assert package["$schema"] == profile.format("datapackage")
    assert package["id"].endswith(f"/releases/{protected.release}/") and package["homepage"].startswith(package["id"])
    assert {"title", "description", "keywords", "created", "licenses"} <= set(package)
    assert package["contributors"] == [{"title": "Department for Education", "roles": ["publisher"]}]
    assert [(one["title"], one["version"]) for one in package["sources"]] == [
        (source.title, str(source.as_of)) for source in protected.sources
    ]
    tabular = [one for one in package["resources"] if "schema" in one]
    assert {one["path"] for one in tabular} == set(tables(files))
    assert all("profile" not in one for one in (package, *package["resources"]))
    assert [one for one in package["resources"] if "type" in one] == tabular
    for resource in tabular:
        assert (resource["type"], resource["schema"]["$schema"]) == ("table", profile.format("tableschema"))
        assert resource["schema"]["missingValues"] == []
        for one in resource["schema"]["fields"]:
            assert one["missingValues"] == (list(SYMBOLS) if one["type"] in {"integer", "number"} else []), one


def test_a_symbol_is_no_number_and_a_text_is_itself_to_a_reader_of_the_package(
    files: dict[str, bytes], folder: Path
) -> None:
    """Of a reader that keeps to version 2: a region that is not known has "x" as its code, none that is missing."""
    read = frictionless.Package(str(folder / "datapackage.json"))
    for resource in read.resources:
        if resource.path != "school-placements-performance.csv":
            continue
        plain = cells(files[resource.path])
        for row, own in zip(resource.read_rows(), plain, strict=True):
            assert row["region_code"] == own["region_code"], own
            assert (row["numerator"] is None) == (own["numerator"] in SYMBOLS), own
        assert {own["region_code"] for own in plain} >= {"x", ""} and {own["numerator"] for own in plain} & set(SYMBOLS)


def test_each_indicator_has_a_dataset_with_its_version_and_downloads(
    protected: Protected, files: dict[str, bytes]
) -> None:
    for kpi in protected.kpis:
        told = json.loads(files[f"{kpi.id}/{kpi.id}.jsonld"])
        assert (told["@type"], told["version"], told["dcat:version"]) == ("Dataset", *[protected.release] * 2)
        assert 50 <= len(told["description"]) <= 5000, "what a search engine for data asks for"
        assert "school placements" in told["keywords"]
        assert [(one["@type"], one["name"]) for one in told["variableMeasured"]] == [
            ("PropertyValue", measure.title) for measure in kpi.description.measures
        ]
        first, last = min(point.period_start for point in kpi.points), max(point.as_of for point in kpi.points)
        assert told["temporalCoverage"] == f"{first}/{last}"
        for one in told["distribution"]:
            assert one["contentUrl"].startswith(told["url"].removesuffix("index.html"))
            assert f"{kpi.id}/{one['contentUrl'].rpartition('/')[2]}" in files
        assert f'href="{kpi.id}.jsonld"' in files[f"{kpi.id}/index.html"].decode()


def test_the_release_has_a_dataset_whose_parts_are_those_of_its_indicators(
    protected: Protected, files: dict[str, bytes]
) -> None:
    told = json.loads(files["school-placements-performance.jsonld"])
    own = [json.loads(files[f"{kpi.id}/{kpi.id}.jsonld"]) for kpi in protected.kpis]
    assert [one["@id"] for one in told["hasPart"]] == [one["@id"] for one in own]
    assert {one["isPartOf"]["@id"] for one in own} == {told["@id"]}
    assert 50 <= len(told["description"]) <= 5000
    assert told["keywords"] == own[0]["keywords"]
    assert len(told["variableMeasured"]) == len(protected.kpis), "of each the headline"
    ends = [one["temporalCoverage"].split("/") for one in own]
    assert told["temporalCoverage"] == f"{min(start for start, _ in ends)}/{max(end for _, end in ends)}"
    assert {
        one["contentUrl"].removeprefix(told["url"].removesuffix("index.html")) for one in told["distribution"]
    } <= set(files)


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("index.html", "school-placements-performance.jsonld"),
        ("data/index.html", "school-placements-performance.jsonld"),
        ("trainee-withdrawals/index.html", "trainee-withdrawals/trainee-withdrawals.jsonld"),
    ],
)
def test_a_page_has_the_dataset_of_its_data_in_it(files: dict[str, bytes], page: str, file: str) -> None:
    told = re.findall(r"<script[^>]*>(.*?)</script>", files[page].decode())
    assert [json.loads(one) for one in told] == [json.loads(files[file])]


def test_a_data_block_cannot_be_ended_by_what_it_says() -> None:
    said = {"name": "</script><!-- & <script>"}
    told = metadata.data_block(json.dumps(said).encode())
    assert not set("<>&") & set(told)
    assert json.loads(told) == said


def test_the_data_page_names_every_data_file_with_its_size(files: dict[str, bytes]) -> None:
    page = files["data/index.html"].decode()
    for path in files:
        if path.endswith((".csv", ".json", ".ods", ".jsonld", ".sql")):
            assert f'href="../{path}"' in page, path
    assert page.count("KB): ") + page.count(" bytes): ") + page.count(" MB): ") > 50
    assert "Open Government Licence v3.0" in page


def test_the_docs_name_every_kind_of_file_and_no_other(protected: Protected, files: dict[str, bytes]) -> None:
    """docs/open-data.md against the files of a release: each name in its table is there, each file is in its table."""
    text = (Path(__file__).parents[2] / "docs/open-data.md").read_text(encoding="utf-8")
    text, _, outside = text.partition("The site has, outside any release:")
    beside = [line.split("`")[1] for line in outside.splitlines() if line.startswith("| `")]
    assert set(beside) == {"latest/<path>", "releases.json", *(one for one in ADDRESSES.values() if "/" not in one)}
    named = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    stems = [*(f"{kpi.id}/{kpi.id}" for kpi in protected.kpis), "school-placements-performance"]
    told = {name.replace("<name>", stem) for name in named for stem in stems}
    spans = {f"{stem}-{span}.csv-metadata.json" for stem in stems for span in ("years", "months")}
    charts = {path for path in files if path.endswith(".svg")}
    assert charts and "<indicator>/<chart>.svg" in named
    named.remove("<indicator>/<chart>.svg")
    data = {path for path in files if not path.endswith(".html")} - charts
    assert data <= told | spans, data - told - spans
    assert {name for name in named if not {name.replace("<name>", stem) for stem in stems} & data} == set()
