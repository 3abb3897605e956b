"""A secret from Secrets Manager, as the JSON object that it holds."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from placements_kpi.errors import PlacementsKpiError


class SecretError(PlacementsKpiError):
    """A secret is missing or does not hold what it should."""


def read(arn: str) -> dict[str, Any]:
    """Return the JSON object in the secret; :class:`SecretError` (without its content) if there is none."""
    try:
        text = boto3.client("secretsmanager").get_secret_value(SecretId=arn).get("SecretString", "")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise SecretError(
            f"the secret {arn} could not be read ({code}): check that it exists and that the role may read it"
        ) from None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SecretError(f"the secret {arn} does not hold a JSON object; docs/operating.md says what it should hold")
    return content


def tokens(arn: str | None) -> tuple[str, ...]:
    """Return the bearer tokens in a secret ``{"tokens": ["…"]}``; none if there is no secret."""
    if arn is None:
        return ()
    found = read(arn).get("tokens")
    if not isinstance(found, list) or not all(isinstance(token, str) and token.strip() for token in found):
        raise SecretError(f'the secret {arn} has no list "tokens" of texts; docs/operating.md says what it should hold')
    return tuple(token.strip() for token in found)
