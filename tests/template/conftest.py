from __future__ import annotations

from typing import Any

import pytest

from local.intrinsics import Resolver
from local.template import load_stack, translate


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """The template as CloudFormation would get it."""
    return translate()


@pytest.fixture(scope="session")
def stack() -> Any:
    return load_stack()


@pytest.fixture(scope="session")
def resolved(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every resource with its intrinsic functions worked out, by logical id."""
    parameters = {name: body.get("Default", "local") for name, body in template["Parameters"].items()}
    resolver = Resolver(template, parameters)
    return {
        key: {"Type": body["Type"], **resolver.value({"Properties": body.get("Properties", {})})}
        for key, body in template["Resources"].items()
    }
