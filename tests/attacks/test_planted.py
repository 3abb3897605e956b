"""The attacker finds what was planted for him, and nothing where nothing was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.attack import OF_SEVERAL, Report, _Attack, attack, main
from tests.attacks.model import believe
from tests.attacks.planted import LIMITS, REGION, SAFE, Row, changed, write_site
from tests.attacks.reading import NAME, Count, read_site
from tests.attacks.solving import Question, answers


def attacked(site: Path) -> Report:
    """Return what is found of a site."""
    return attack(read_site(site))


def found(report: Report, kind: str) -> str:
    """Return the findings of one kind, in words."""
    return "\n".join(report.findings().get(kind, []))


def test_how_old_a_source_is_in_days_is_no_figure(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", SAFE)
    page = site / "releases" / "2026-01-14.1" / "ect-vacancies" / "index.html"
    said = page.read_text()
    for head, wrong in (("Most days allowed", 0), ("Most people", 1)):
        page.write_text(f"{said}<table><tr><th>Source</th><th>{head}</th></tr><tr><th>R</th><td>7</td></tr></table>")
        assert len(attacked(site).formats) == wrong


def test_where_nothing_can_be_worked_out_nothing_is_found(tmp_path: Path) -> None:
    report = attacked(write_site(tmp_path / "site", SAFE, SAFE))
    assert report.findings() == {}
    assert min(report.counts, report.increments) > 20
    assert main([str(tmp_path / "site")]) == 0


def test_two_hidden_counts_of_a_line_that_leave_little_for_both(tmp_path: Path) -> None:
    """700 in all, 300 and 395 of them shown: the published counts of two hidden regions add up to 5."""
    north = (*SAFE[1][:5], "North West", "c", "c", "c")
    planted = changed(
        [*SAFE, north],
        {("North East",): ("c", "c", "c"), ("South East",): ("10", "395", "3"), ("London",): ("50", "300", "17")},
    )
    report = attacked(write_site(tmp_path / "site", planted))
    for region in ("North East", "North West"):
        assert f"outcome_rate denominator, {region}, 202425 at 2026-06-30 is 0 to 9" in found(report, "certain_small")


def test_a_hidden_count_of_a_line_that_is_otherwise_exact(tmp_path: Path) -> None:
    classes = ("Filled, not known by whom", "Not filled", "Not known")
    values = {"Filled, not known by whom": "41", "Not filled": "33", "Not known": "c"}
    at = ("ect-vacancies", "vacancies_by_class", "202526", "2025-10-31", "How the advert ended")
    planted = [(*at, name, values[name], "z", "z") for name in classes]
    adverts = ("ect-vacancies", "coverage_any_outcome", "202526", "2025-10-31", "Total", "Total", "75", "83", "90")
    report = attacked(write_site(tmp_path / "site", [*SAFE, *planted, adverts]))
    assert "vacancies_by_class numerator, Not known, 202526 at 2025-10-31 is 9 to 9" in found(report, "exact")


def test_a_count_that_was_not_rounded(tmp_path: Path) -> None:
    planted = changed(SAFE, {("trainees_applying", "2025-10-31", "Primary"): ("22", "z", "z")})
    report = attacked(write_site(tmp_path / "site", planted))
    assert "trainees_applying numerator, Primary, 202526 at 2025-10-31 is 22 to 22" in found(report, "exact")


def test_a_percentage_finer_than_its_counts(tmp_path: Path) -> None:
    """5 of 20, and 14.3%: that is 3 of 21."""
    planted = changed(SAFE, {("cohort_rate", "2025-10-31"): ("5", "20", "14.3")})
    report = attacked(write_site(tmp_path / "site", planted))
    assert "14.3% for trainee-withdrawals cohort_rate" in found(report, "percentages")
    assert "cohort_rate numerator, 202526 at 2025-10-31 is 3 to 3" in found(report, "exact")
    assert "cohort_rate denominator, 202526 at 2025-10-31 is 21 to 21" in found(report, "exact")


def test_a_percentage_that_shows_a_hidden_count(tmp_path: Path) -> None:
    """c of 500 with 13%: published was 65, so that it cannot have been hidden by the floor."""
    planted = changed(SAFE, {("cohort_rate", "2025-12-31"): ("c", "500", "13")})
    report = attacked(write_site(tmp_path / "site", planted))
    assert report.findings() == {}, "61 to 69 is wide"
    planted = changed(SAFE, {("outcome_rate", "Total"): ("55", "700", "8"), ("South East",): ("c", "200", "3")})
    report = attacked(write_site(tmp_path / "again", planted))
    assert "outcome_rate numerator, South East, 202425 at 2026-06-30" in found(report, "certain_small")


def test_a_series_that_falls_squeezes_its_counts(tmp_path: Path) -> None:
    """Rounded one by one: 25 in October and 20 in November of a count that never falls are 21 to 24."""
    planted = changed(SAFE, {("cohort_rate", "2025-10-31"): ("25", "500", "5")})
    report = attacked(write_site(tmp_path / "site", planted))
    assert "cohort_rate numerator" in found(report, "contradictions"), "the method says that it does not fall"
    for day in ("2025-10-31", "2025-11-30"):
        assert f"cohort_rate numerator, 202526 at {day} is 21 to 24" in found(report, "narrow")


def test_a_category_that_is_everybody(tmp_path: Path) -> None:
    planted = changed(SAFE, {("outcome_rate", "Total"): ("75", "525", "14"), ("South East",): ("25", "25", "100")})
    assert attacked(write_site(tmp_path / "site", planted)).findings() == {}, "21 of 29 is not everybody"
    days = (("2024-10-31", ("c", "c", "c")), ("2024-11-30", ("z", "z", "z")))
    nobody = [("placement-rejections", "headline", "202425", day, REGION, "London", *told) for day, told in days]
    assert attacked(write_site(tmp_path / "nobody", [*SAFE, *nobody])).findings() == {}, "there is nobody to be alike"
    planted = changed(SAFE, {("outcome_rate", "Total"): ("77", "527", "15"), ("South East",): ("27", "27", "100")})
    report = attacked(write_site(tmp_path / "again", planted))
    assert "outcome_rate numerator, South East" in found(report, "alike")


def test_what_a_low_figure_is_out_of_is_not_low(tmp_path: Path) -> None:
    """4 of 100 are low; that there are 100 is said elsewhere."""
    at = ("202526", "2025-10-31", "Total", "Total")
    placed = [
        ("ect-vacancies", "applying_in_placement_region", *at, "20", "100", "20"),
        ("ect-vacancies", "applying_to_placement_school", *at, "low", "low", "low"),
        ("ect-vacancies", "trainees_applying", *at, "200", "z", "z"),
    ]
    safe = [row for row in SAFE if row[0] != "ect-vacancies"]
    limits = {**LIMITS, "width": 3}
    assert attacked(write_site(tmp_path / "site", [*safe, *placed], limits=limits)).findings() == {}


def test_a_manifest_that_names_what_was_withheld(tmp_path: Path) -> None:
    """What is hidden and not on the list is hidden by the floor."""
    site = write_site(tmp_path / "site", SAFE, verdict={"withheld": ["trainee-withdrawals/outcome_rate/region/x"]})
    report = attacked(site)
    assert "trainees_applying numerator, Secondary, 202526 at 2025-10-31 is 1 to 9" in found(report, "certain_small")
    assert attacked(write_site(tmp_path / "again", SAFE, verdict={"withheld": 1})).findings() == {}


def test_a_count_that_is_certainly_few_is_accepted_where_all_that_is_under_the_floor_is_left(tmp_path: Path) -> None:
    """60 in all, 55 of them shown: the hidden region was rounded to 5. Whoever approves the limits may accept that."""
    hidden = {("North East",): ("20", "200", "10"), ("London",): ("35", "300", "12"), ("South East",): ("c", "c", "c")}
    planted = changed(SAFE, hidden)
    report = attacked(write_site(tmp_path / "site", planted))
    assert "outcome_rate numerator, South East, 202425 at 2026-06-30 is 1 to 9" in found(report, "certain_small")
    accepted = {**LIMITS, "few_accepted": True}
    assert attacked(write_site(tmp_path / "again", planted, limits=accepted)).findings() == {}
    more = changed(planted, {("outcome_rate", "Total"): ("55", "700", "8")})
    report = attacked(write_site(tmp_path / "more", more, limits=accepted))
    assert "South East, 202425 at 2026-06-30 is 0 to 4" in found(report, "narrow"), "that is less than the floor says"


def test_an_exact_count_that_changed_is_of_other_adverts(tmp_path: Path) -> None:
    """131 adverts, then 132, 105 and 25 of which stay: nobody takes them for those of before."""
    at = ("202526", "2025-10-31")

    def adverts(number: str) -> list[Row]:
        ended = ("ect-vacancies", "vacancies_by_class", *at, "How the advert ended")
        classes = [(*ended, "Not filled", "105", "z", "z"), (*ended, "Not known", "25", "z", "z")]
        known = ("ect-vacancies", "coverage_any_outcome", *at, "Total", "Total", "105", number, "80")
        return [*SAFE, *classes, known]

    assert attacked(write_site(tmp_path / "site", adverts("131"), adverts("132"))).findings() == {}


def test_reasons_that_overlap_may_be_published_as_less_than_all(tmp_path: Path) -> None:
    """1,265 for 635 and 625: somebody is in both, or the counts could not move. What adds up must be published so."""
    at = ("placement-rejections", "candidates_by_reason_group", "202324", "2024-06-30", "Reason for rejection")
    rows = [
        ("placement-rejections", "headline", *at[2:4], "Total", "Total", "635", "1265", "50.2"),
        (*at, "Course full", "635", "1265", "50.2"),
        (*at, "Other reasons only", "625", "1265", "49.4"),
    ]
    assert attacked(write_site(tmp_path / "site", [*SAFE, *rows])).findings() == {}
    planted = changed(SAFE, {("outcome_rate", "Total"): ("65", "700", "9")})
    assert "outcome_rate" in found(attacked(write_site(tmp_path / "again", planted)), "contradictions")


def test_a_count_hidden_by_the_floor_of_which_more_can_be_worked_out(tmp_path: Path) -> None:
    """Of at least 21 candidates at most 14 were rejected for capacity: 7 or more for other reasons only."""
    at = ("placement-rejections", "candidates_by_reason_group", "202425")
    reasons = ("School placement", "Course full", "Other reasons only")
    hidden = [(*at, "2024-10-31", "Reason for rejection", one, "10", "25", "40") for one in reasons[:2]]
    hidden.append((*at, "2024-10-31", "Reason for rejection", reasons[2], "c", "c", "c"))
    later = [(*at, "2024-11-30", "Reason for rejection", one, "30", "75", "40") for one in reasons]
    totals = [
        ("placement-rejections", "headline", "202425", day, "Total", "Total", *values, "40")
        for day, values in (("2024-10-31", ("10", "25")), ("2024-11-30", ("30", "75")))
    ]
    report = attacked(write_site(tmp_path / "site", [*SAFE, *hidden, *later, *totals]))
    assert "Other reasons only, 202425 at 2024-10-31 is 7 to 9 (reader who knows the floor)" in found(report, "narrow")


def test_an_earlier_release_that_shows_what_is_hidden_now(tmp_path: Path) -> None:
    before = changed(SAFE, {("trainees_applying", "2025-10-31", "Secondary"): ("7", "z", "z")})
    report = attacked(write_site(tmp_path / "site", before, SAFE))
    assert "trainees_applying numerator, Secondary, 202526 at 2025-10-31 is 7 to 7" in found(report, "exact")


SERIES = ("trainee-withdrawals", "cohort_rate", "numerator", "202526", "2025-12-31", "Total", "Total")


def shown_at_year_end(shown: str) -> list[Row]:
    """Return safe figures with another number for the newest month."""
    return changed(SAFE, {("cohort_rate", "2025-12-31"): (shown, "500", str(int(shown) // 5))})


def test_the_guess_of_one_person_added_leaves_as_many_numbers_as_the_base(tmp_path: Path) -> None:
    """30 that becomes 35 by one person was 30 to 34; nobody may be left with fewer (decision 34)."""
    site = write_site(tmp_path / "site", SAFE, shown_at_year_end("35"))
    assert attacked(site).findings() == {}
    guessing = _Attack(Report(), read_site(site), OF_SEVERAL[-1])
    lots = guessing.belief.system.lots()
    asked = [version for version in guessing.belief.versions if version.count == Count(*SERIES)]
    spans = answers(lots, [Question(((version.true, 1),), 9) for version in asked])
    assert [(span.low, span.high) for span in spans if span] == [(30, 34), (31, 35)]
    assert attacked(write_site(tmp_path / "again", SAFE, shown_at_year_end("45"))).findings() == {}, "not one person"


def test_guesses_of_one_person_added_each_time_are_seen_where_they_can_be_right(tmp_path: Path) -> None:
    """30, 35 and 40 by one person each: it was 34, 35 and 36. Who is known to be wrong works out nothing."""
    site = write_site(tmp_path / "site", SAFE, shown_at_year_end("35"), shown_at_year_end("40"))
    report = attacked(site)
    assert "cohort_rate numerator, 202526 at 2025-12-31 is 34 to 34" in found(report, "exact")
    assert {one.reader for one in (*report.exact, *report.narrow)} == {"who takes each change for one person added"}

    def true(*counts: int) -> Report:
        releases = read_site(site)
        truth = {one.name: {Count(*SERIES): count} for one, count in zip(releases, counts, strict=True)}
        others = {count: 0 for release in releases for count in release.shown}
        return attack(releases, {name: others | one for name, one in truth.items()})

    assert "is 34 to 34" in found(true(34, 35, 36), "exact")
    assert true(31, 34, 37).findings() == {}


def test_releases_are_taken_in_their_order_whichever_a_reader_has(tmp_path: Path) -> None:
    """Who missed the middle one of three sees 30, and then 35 for the same day."""
    later = changed(SAFE, {("cohort_rate", "2025-12-31"): ("35", "500", "7")})
    releases = read_site(write_site(tmp_path / "site", SAFE, SAFE, later))
    reader = next(one for one in OF_SEVERAL if one.releases.step)
    (before, after), *_ = believe(releases, reader).changed
    assert (before.shown, after.shown) == (30, 35)


def _in(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(release: Path) -> None:
        text = (release / name).read_text()
        assert text.count(old) >= 1
        (release / name).write_text(text.replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (f"{NAME}.json", _in(f"{NAME}.json", '"numerator": "c"', '"numerator": 7.0')),
        ("ect-vacancies.csv", _in("ect-vacancies/ect-vacancies.csv", "Secondary,vacancy,c", "Secondary,vacancy,7")),
        ("ect-vacancies/index.html", _in("ect-vacancies/index.html", "<td>[c]</td>", "<td>[c] 7</td>")),
        ("ect-vacancies/index.html", _in("ect-vacancies/index.html", "<svg>", "<svg><desc>7 people</desc>")),
        ("ect-vacancies/index.html", _in("ect-vacancies/index.html", "<svg>", "<svg><!-- small -->")),
        ("ect-vacancies/index.html", _in("ect-vacancies/index.html", "<svg>", '<svg aria-label="was 7">')),
        (f"{NAME}-months.csv", lambda release: _standard(release)),
        (f"{NAME}.ods", lambda release: _workbook(release)),
    ],
    ids=["json", "csv", "table", "drawing", "comment", "attribute", "standard", "workbook"],
)
def test_a_format_that_says_more_than_the_csv(file: str, change: Callable[[Path], None], tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", SAFE)
    change(site / "releases" / "2026-01-14.1")
    report = attacked(site)
    assert list(report.findings()) == ["formats"]
    assert file in found(report, "formats")


def _standard(release: Path) -> None:
    head = "time_period,time_identifier,region_name,category,trainees_applying_count\n"
    (release / f"{NAME}-months.csv").write_text(f"{head}2025,October,,Secondary,7\n2025,October,,Primary,20\n")


def _workbook(release: Path) -> None:
    path = release / f"{NAME}.ods"
    other = changed(SAFE, {("trainees_applying", "2025-10-31", "Secondary"): ("10", "z", "z")})
    again = write_site(release.parent / "other", other)
    path.write_bytes((again / "releases" / "2026-01-14.1" / path.name).read_bytes())


def test_the_command_fails_where_something_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted = changed(SAFE, {("cohort_rate", "2025-10-31"): ("12", "500", "2")})
    assert main([str(write_site(tmp_path / "site", planted))]) == 1
    assert "exact: 3\n" in capsys.readouterr().out, "if one is not rounded, none of its row is"


def test_a_number_that_fell_is_not_taken_for_one_person_added(tmp_path: Path) -> None:
    """It never moves against the true one: 30 that becomes 25 is nobody added, and not 26 to 29."""
    after = changed(SAFE, {("cohort_rate", "2025-12-31"): ("25", "500", "5")})
    assert attacked(write_site(tmp_path / "site", SAFE, after)).findings() == {}
