"""What may be chosen, and what the template refuses before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.intrinsics import Resolver, TemplateError
from local.template import defaults, load_stack, translate
from placements_kpi.facts import names_approver

HOST = {
    "ServiceHost": "performance.education.gov.uk",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ServiceHost": HOST["ServiceHost"]}, "Give ServiceHost with its CertificateArn"),
        ({"CertificateArn": HOST["CertificateArn"]}, "Give ServiceHost with its CertificateArn"),
        ({"Stage": "prod"}, "Stage=prod needs ServiceHost and CertificateArn"),
        ({"Stage": "prod"} | HOST, "Stage=prod reads Register from BigQuery - give RegisterDataset, or another way"),
        ({"Stage": "prod", "Demonstration": "true"} | HOST, "Stage=prod is never a demonstration"),
        ({"DropsBucketName": "theirs", "RegisterWriter": "123456789012"}, "leave the Writer parameters empty"),
        ({"DropsAccount": "123456789012"}, "DropsAccount and DropsKeyArn are about the bucket of DropsBucketName"),
        ({"DropsKeyArn": "arn:aws:kms:eu-west-2:1:key/x"}, "DropsAccount and DropsKeyArn are about the bucket"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        load_stack(given=given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        HOST,
        HOST | {"Stage": "prod", "RegisterDataset": "project/dataset"},
        HOST | {"Stage": "prod", "RegisterLocation": "drops"},
        {"Demonstration": "true"},
        {"DropsBucketName": "theirs", "DropsAccount": "123456789012", "DropsKeyArn": "arn:aws:kms:eu-west-2:1:key/x"},
        {"ApplyWriter": "arn:aws:iam::111122223333:role/export"},
    ],
)
def test_what_goes_together_is_not(given: dict[str, str]) -> None:
    load_stack(given=given)


def viewer_certificate(given: dict[str, str]) -> dict[str, Any]:
    template = translate(given=given)
    values = {name: body.get("Default", "local") for name, body in template["Parameters"].items()} | given
    properties = template["Resources"]["Distribution"]["Properties"]
    found: dict[str, Any] = Resolver(template, values).value(properties)["DistributionConfig"]
    return found["ViewerCertificate"] | {"Aliases": found.get("Aliases", [])}


def test_a_page_with_a_host_of_its_own_takes_tls_1_2_and_nothing_older() -> None:
    found = viewer_certificate(HOST | {"Stage": "prod", "RegisterDataset": "project/dataset"})
    assert found["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert found["Aliases"] == [HOST["ServiceHost"]]
    assert viewer_certificate({}) == {"CloudFrontDefaultCertificate": True, "Aliases": []}


def test_without_a_host_every_file_names_cloudfronts_own_address(template: dict[str, Any]) -> None:
    """A release is written once: a wrong host in it stays."""
    variables = template["Resources"]["PublishSiteFunction"]["Properties"]["Environment"]["Variables"]
    own = {"Fn::GetAtt": ["Distribution", "DomainName"]}
    assert variables["SERVICE_HOST"] == {"Fn::If": ["HasHost", {"Ref": "ServiceHost"}, own]}
    assert template["Outputs"]["PageAddress"]["Value"]["Fn::If"][0] == "HasHost"
    assert "localhost" not in Path("template.yaml").read_text(encoding="utf-8")
    assert load_stack(given=HOST).function("publish_site").environment["SERVICE_HOST"] == HOST["ServiceHost"]
    assert load_stack().function("publish_site").environment["SERVICE_HOST"] == "localhost", "on this machine"


@pytest.mark.parametrize("given", [{}, {"DisclosureApprovedBy": "somebody"}, {"Demonstration": "true"}])
def test_in_aws_a_release_whose_limits_nobody_has_approved_waits(given: dict[str, str]) -> None:
    """No parameter changes that: what is approved is in the release."""
    assert load_stack(given=given).function("publish_site").environment["UNAPPROVED_LIMITS"] == "hold"
    assert not names_approver(defaults()["DisclosureApprovedBy"])
