"""What a run says on the screen of its indicators."""

from __future__ import annotations

from local.summary import kpis

HEADLINE = {"numerator": 1, "denominator": 2, "value": 50.0}


def test_a_source_that_an_indicator_goes_on_without_is_named() -> None:
    told = {"state": "ok", "reason": None, "headline": HEADLINE}
    lines = [*kpis({"a-kpi": told | {"missing": ["providers"]}, "another": told | {"missing": []}})]
    assert [line.split() for line in lines[-2:]] == [
        ["a-kpi", "50.00%", "(1", "of", "2),", "without", "providers"],
        ["another", "50.00%", "(1", "of", "2)"],
    ]
