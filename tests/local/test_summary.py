"""What a run says on the screen of its indicators."""

from __future__ import annotations

from local.summary import kpis

HEADLINE = {"numerator": 1, "denominator": 2, "value": 50.0, "is_money": False}


def test_a_source_that_an_indicator_goes_on_without_is_named() -> None:
    told = {"state": "ok", "reason": None, "headline": HEADLINE}
    lines = [*kpis({"a-kpi": told | {"missing": ["providers"]}, "another": told | {"missing": []}})]
    assert [line.split() for line in lines[-2:]] == [
        ["a-kpi", "50.00%", "(1", "of", "2),", "without", "providers"],
        ["another", "50.00%", "(1", "of", "2)"],
    ]


def test_money_is_in_pounds() -> None:
    cost = {"numerator": 123_456, "denominator": 200, "value": 6.17, "is_money": True}
    *_, line = kpis({"a-kpi": {"state": "ok", "headline": cost, "missing": []}})
    assert line.split() == ["a-kpi", "£6.17", "(£1,234.56", "for", "200)"]
