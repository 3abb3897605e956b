"""The local stack takes every name, limit and environment from the template."""

from pathlib import Path

import pytest

from local.intrinsics import TemplateError
from local.template import load_stack

SMALL = Path(__file__).parent / "small.yaml"


def test_names_and_limits_are_those_of_the_template() -> None:
    stack = load_stack(SMALL)
    assert stack.data_bucket == "placements-data-123456789012"
    assert stack.site_bucket == "school-placements-performance-sitebucket-local"
    assert stack.buckets["DataBucket"].versioned
    assert not stack.buckets["SiteBucket"].versioned
    assert stack.database == "placements"
    assert stack.workgroup.configuration["BytesScannedCutoffPerQuery"] == 20_000_000
    assert stack.workgroup.configuration["ResultConfiguration"] == {
        "OutputLocation": f"s3://{stack.data_bucket}/athena/"
    }
    table = stack.tables["application_choices"]
    assert table["Parameters"]["storage.location.template"].endswith("/application_choices/snapshot=${snapshot}/")
    assert stack.not_found_page == "404.html"


def test_a_resource_whose_condition_is_false_does_not_exist() -> None:
    assert "OnlyInProduction" not in load_stack(SMALL).buckets
    assert "OnlyInProduction" in load_stack(SMALL, {"Stage": "prod"}).buckets


def test_a_function_has_its_own_environment_beside_the_shared_one() -> None:
    stack = load_stack(SMALL)
    apply = stack.function("ingest_apply")
    assert (apply.memory_mb, apply.timeout) == (512, 60)
    assert apply.environment["DATA_BUCKET"] == stack.data_bucket
    assert apply.environment["KEEP_DAYS"] == "7"
    assert apply.environment["MIN_ROWS"] == "5"
    assert apply.environment["PSEUDONYM_SECRET_ARN"].endswith(":secret:placements/pseudonym")
    publish = stack.function("publish_site")
    assert publish.environment["DEMONSTRATION"] == "true"
    assert "MIN_ROWS" not in publish.environment


def test_the_rule_and_the_schedule_name_the_function_they_start() -> None:
    stack = load_stack(SMALL)
    (rule,) = stack.rules
    assert rule.function == "PublishSiteFunction"
    assert rule.pattern["detail-type"] == ["KPIs computed"]
    (schedule,) = stack.schedules
    assert (schedule.function, schedule.timezone) == ("IngestApplyFunction", "Europe/London")


def test_response_headers_are_those_that_cloudfront_adds() -> None:
    assert load_stack(SMALL).headers == {
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin",
        "Content-Security-Policy": "default-src 'self'",
    }


def test_an_unknown_function_is_answered_with_the_known_ones() -> None:
    with pytest.raises(TemplateError, match=r"there is no function ingest_moon; template\.yaml declares ingest_apply"):
        load_stack(SMALL).function("ingest_moon")


def test_a_template_that_cannot_be_translated_is_one_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text("Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {}}}")
    with pytest.raises(TemplateError, match=r"template\.yaml cannot be translated"):
        load_stack(broken)
    with pytest.raises(TemplateError, match="is missing"):
        load_stack(tmp_path / "none.yaml")
