"""The catalogue and the definitions: what loads, and what is wrong with what does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.compute_kpis.catalogue import definitions, loading
from functions.compute_kpis.catalogue.definitions import DefinitionsError, load_definitions
from functions.compute_kpis.catalogue.loading import CatalogueError, load_catalogue, load_kpi
from placements_kpi.results import Breakdown, Description, Family, Measure, Relation, SeriesBreak, Target
from tests.compute import stack

DEFINITIONS = load_definitions()
DOCS = Path(__file__).parents[2] / "docs" / "kpi-catalogue.md"


def changed(folder: Path, old: str, new: str, file: str = "kpi.toml") -> Path:
    """Copy the candidates' KPI with one passage of one file changed."""
    place = stack.catalogue_of(folder) / "candidate-rejections"
    text = (place / file).read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    (place / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return place


def test_every_kpi_of_the_project_loads() -> None:
    kpis, unusable = load_catalogue(DEFINITIONS)
    assert unusable == []
    assert [kpi.description.order for kpi in kpis] == sorted(kpi.description.order for kpi in kpis)


def test_kpi_has_the_description_the_query_and_the_tables_it_reads() -> None:
    kpi = load_kpi(stack.KPIS / "candidate-rejections", DEFINITIONS)
    assert (kpi.id, kpi.tables) == ("candidate-rejections", ("application_choices", "kpi_points"))
    assert kpi.sql.startswith("WITH points AS")
    (region,) = kpi.description.breakdowns
    assert [category.code for category in region.categories][0::9] == ["E12000001", "not_available"]
    assert region.categories[2].label == "Yorkshire and The Humber"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('unit = "candidate"', 'unit = "person"', "unit: "),
        ('question = "How many candidates are rejected?"', "", "question: Field required"),
        ("order = 1", 'order = 1\ncolour = "blue"', "colour: Extra inputs are not permitted"),
        ("order = 1", 'order = 1\nid = "other"', "id must be left out"),
        ("order = 1", "order = ", "cannot be read"),
        ('headline = "headline"', 'headline = "head"', "headline 'head' is not one of its measures"),
        ("order = 1", 'order = 1\nshare_of = "headline"', "share_of 'headline' is not a count"),
        ("order = 1", 'order = 1\nbounds = ["least", "headline"]', "bounds 'least' is not a rate"),
        ('sources = ["apply"]', 'sources = ["apply", "ucas"]', "source 'ucas' is unknown"),
        ('sources = ["apply"]', 'sources = ["register"]', "does not name source 'apply'"),
        (
            'role = "headline"',
            'role = "headline"\nneeds = ["ucas"]',
            "measure 'headline' needs ucas, which is no source",
        ),
        ('id = "region"', 'id = "region"\nneeds = ["ucas"]', "breakdown 'region' needs ucas, which is no source"),
        ('id = "late"', 'id = "headline"', "measure headline is declared twice"),
        ('id = "late"', 'id = "facts_in_source"', "is internal"),
        ('family = "cycle"', 'family = "year"', "of family 'year', which is not declared"),
        ('out_of = "candidates who applied"', "", "a rate needs out_of"),
        ('role = "beside"', 'role = "headline"', "exactly the headline measure"),
        ('measures = ["headline"]', 'measures = ["headlines"]', "of measure 'headlines', which is not declared"),
        ("english_regions", "regions_of_england", "has a list 'regions_of_england'"),
        ('id = "region"', 'id = "national"', "no breakdown may be called 'national'"),
        ('means = ["A figure about people, for the tests."]', "means = []", "must not be empty"),
        ('disclosure = "person"', "", "disclosure: Field required"),
        ('kind = "count"\nunit = "candidate"', 'kind = "count"', "unit: Field required"),
        (
            "[target]",
            '[[relations]]\nkind = "at_most"\nwhole = "heads.numerator"\nparts = []\n\n[target]',
            "no numerator or denominator of a measure",
        ),
        (
            "[target]",
            '[[relations]]\nkind = "at_most"\nwhole = "late.denominator"\nparts = []\n\n[target]',
            "no numerator or denominator of a measure",
        ),
        (
            "[target]",
            '[[relations]]\nkind = "same"\nwhole = "headline.numerator@region=wales"\nparts = []\n\n[target]',
            "no such breakdown or category",
        ),
        ("partition = false", 'partition = true\noverlapping = ["late"]', "overlapping names 'late'"),
        ("partition = false", 'partition = false\noverlapping = ["headline"]', "overlapping names 'headline'"),
        (
            "[target]",
            '[[breaks]]\non = 2024-10-15\ntext = "A"\nbefore = "B"\nafter = "C"\nmeasures = ["heads"]\n\n[target]',
            "the change of 2024-10-15 concerns 'heads', which is no measure",
        ),
        ("[target]", '[comparison_refused]\nnothing = "why"\n\n[target]', "comparison_refused"),
    ],
)
def test_description_that_is_wrong_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises((CatalogueError, DefinitionsError), match=re.escape(reason)):
        load_kpi(changed(tmp_path, old, new), DEFINITIONS)


def test_sources_that_nothing_needs_or_that_stand_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    place = changed(tmp_path, 'sources = ["apply"]', 'sources = ["register", "apply"]')
    toml = place / "kpi.toml"
    toml.write_text(toml.read_text().replace("\nrole = ", '\nneeds = ["apply"]\nrole = '))
    with pytest.raises(CatalogueError) as refused:
        load_kpi(place, DEFINITIONS)
    assert "nothing needs source 'register'" in str(refused.value)
    assert "source 'register' is first, but the headline does not need it" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":application_choices_snapshot", ":day", "parameter :day"),
        (":application_choices_snapshot", ":people_snapshot", "parameter :people_snapshot"),
        (":application_choices_snapshot", ":trainees_snapshot", "does not name source 'register'"),
        (":kpi_points_snapshot", "'20260714-000000000001'", "must take its days from kpi_points"),
    ],
)
def test_query_that_asks_for_what_it_may_not_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        load_kpi(changed(tmp_path, old, new, "query.sql"), DEFINITIONS)


def test_folder_without_a_query_is_refused_and_leaves_the_others(tmp_path: Path) -> None:
    folder = stack.catalogue_of(tmp_path)
    (folder / "provider-visits" / "query.sql").unlink()
    kpis, unusable = load_catalogue(DEFINITIONS, folder)
    assert [kpi.id for kpi in kpis] == ["candidate-rejections"]
    assert [(found.id, found.reason) for found in unusable] == [
        ("provider-visits", "provider-visits: query.sql is missing")
    ]


@pytest.mark.parametrize("name", ["Provider visits", "visits-of-providers-in-a-year"])
def test_folder_with_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    place = stack.catalogue_of(tmp_path) / "provider-visits"
    with pytest.raises(CatalogueError, match="named in lower case, digits and hyphens, 28 at most"):
        load_kpi(place.rename(tmp_path / name), DEFINITIONS)


def test_two_kpis_cannot_have_the_same_place_on_the_page(tmp_path: Path) -> None:
    changed(tmp_path, "order = 1", "order = 2")
    with pytest.raises(CatalogueError, match="both have order 2"):
        load_catalogue(DEFINITIONS, tmp_path)


def test_empty_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no KPI"):
        load_catalogue(DEFINITIONS, tmp_path)


def test_digest_changes_with_either_file(tmp_path: Path) -> None:
    original = load_kpi(stack.KPIS / "candidate-rejections", DEFINITIONS).digest
    sql = load_kpi(changed(tmp_path / "a", "WITH points", "-- a remark\nWITH points", "query.sql"), DEFINITIONS)
    toml = load_kpi(changed(tmp_path / "b", "Counted by hand.", "Counted by machine."), DEFINITIONS)
    assert len({original, sql.digest, toml.digest}) == 3


def test_every_key_of_a_description_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for model in (Description, Family, Measure, Breakdown, Relation, SeriesBreak, Target):
        for name in model.model_fields:
            key = rf"\b{name} = |^\[+{name}\]"
            assert re.search(key, text, re.MULTILINE), f"docs/kpi-catalogue.md does not say what {name} is"


def needs() -> list[str]:
    """Return the lines of the table of needed sources, as the catalogue has them."""
    lines = []
    for kpi in load_catalogue(DEFINITIONS)[0]:
        about = kpi.description
        what: dict[str, list[str]] = {}
        for measure in about.measures:
            needed = ", ".join(one for one in about.sources if one in about.needs(measure.id))
            what.setdefault(needed, []).append(f"`{measure.id}`")
        for part in about.breakdowns:
            if part.needs:
                what.setdefault(f"and {', '.join(part.needs)}", []).append(f"breakdown `{part.id}`")
        for needed, names in what.items():
            told = "every measure" if len(names) == len(about.measures) else ", ".join(names)
            lines.append(f"| `{kpi.id}` | {needed} | {told} |")
    return lines


def test_the_table_of_needed_sources_is_that_of_the_catalogue() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if re.match(r"\| `[a-z]+(-[a-z]+)+` \| ", line)]
    wrong = sorted({*told} ^ {*needs()})
    assert told == needs(), f"docs/kpi-catalogue.md, Needed sources, in the order of the page: {wrong}"


# Definitions.


def test_every_list_is_in_one_file_and_says_where_it_comes_from() -> None:
    assert {entry.list for entry in DEFINITIONS.entries} >= {"english_regions", "recruitment_cycle_opens"}
    assert len(DEFINITIONS.entries_of("english_regions")) == 10
    for path in definitions.FOLDER.glob("*.csv"):
        assert path.read_text(encoding="utf-8").startswith("# source: ")


HEAD = "# source: a book\n# date: 2026-01-31\n# version: 1\nlist,code,value\n"


def test_entries_keep_their_order_and_the_newest_date_counts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + 'letters,b,B\nletters,a,"A, first"\n', encoding="utf-8")
    (tmp_path / "b.csv").write_text(HEAD.replace("2026", "2027") + "digits,1,one\n", encoding="utf-8")
    found = load_definitions(tmp_path)
    assert [(entry.code, entry.value) for entry in found.entries_of("letters")] == [("b", "B"), ("a", "A, first")]
    assert found.dated.isoformat() == "2027-01-31"
    assert [(file.file, file.version, file.dated.year, file.source) for file in found.files] == [
        ("a.csv", "1", 2026, "a book"),
        ("b.csv", "1", 2027, "a book"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("list,code,value\nletters,a,A\n", "must begin with '# source"),
        (HEAD.replace("# date: 2026-01-31", "# date: last year"), "must begin with '# source"),
        (HEAD.replace("a book", ""), "must begin with '# source"),
        (HEAD.replace("# version: 1\n", ""), "and '# version: 1'"),
        (HEAD.replace("version: 1", "version: new"), "raise the version when a list changes"),
        (HEAD.replace("list,code", "list,key"), "must be followed by the line list,code,value"),
        (HEAD + "letters,a\n", "line 5: needs list, code and value"),
        (HEAD + "letters,,A\n", "line 5: needs list, code and value"),
        (HEAD + "letters,a, A\n", "line 5: needs list, code and value"),
        (HEAD + "letters,a,A\nletters,a,B\n", "line 6: 'a' is in list 'letters' twice"),
    ],
)
def test_file_of_definitions_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "letters.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionsError, match=re.escape(reason)):
        load_definitions(tmp_path)


def test_list_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEAD + f"letters,{name},A\n", encoding="utf-8")
    with pytest.raises(DefinitionsError, match=r"in both a\.csv and b\.csv"):
        load_definitions(tmp_path)


def test_no_definitions_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match="has no definitions"):
        load_definitions(tmp_path)


def test_catalogue_is_where_the_documentation_says() -> None:
    assert "functions/compute_kpis/kpis/" in DOCS.read_text(encoding="utf-8")
    assert loading.FOLDER.parts[-3:] == ("functions", "compute_kpis", "kpis")
