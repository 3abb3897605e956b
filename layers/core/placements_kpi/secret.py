"""A secret from Secrets Manager, as the JSON object that it holds."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from placements_kpi import aws
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.promises import listed

Version = Literal["AWSCURRENT", "AWSPREVIOUS"]
_TOKEN = re.compile(r"[!-~]+")
"""What a header can carry."""


class SecretError(PlacementsKpiError):
    """A secret is missing or does not hold what it should."""


class NoVersionError(SecretError):
    """The secret, or the version of it that was asked for, has no value."""


def read(arn: str, version: Version = "AWSCURRENT") -> dict[str, Any]:
    """Return the JSON object in the secret; :class:`SecretError` (without its content) if there is none."""
    try:
        manager = aws.client("secretsmanager")
        text = manager.get_secret_value(SecretId=arn, VersionStage=version).get("SecretString", "")
    except (BotoCoreError, ClientError) as error:
        message = f"a secret could not be read. {aws.explained(error)}; docs/operating.md says what it should hold"
        if aws.code(error) == "ResourceNotFoundException":
            raise NoVersionError(message) from None
        raise SecretError(message, transient=aws.passes(error)) from None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SecretError(f"the secret {arn} does not hold a JSON object; docs/operating.md says what it should hold")
    return content


def tokens(arn: str | None) -> tuple[str, ...]:
    """Return the bearer tokens in a secret ``{"tokens": ["…"]}``, each once; none if there is no secret."""
    if arn is None:
        return ()
    given = read(arn).get("tokens")
    if not isinstance(given, list) or not all(isinstance(token, str) and token.strip() for token in given):
        raise SecretError(f'the secret {arn} has no list "tokens" of texts; docs/operating.md says what it should hold')
    held = [token.strip() for token in given]
    wrong = [str(number) for number, token in enumerate(held, start=1) if not _TOKEN.fullmatch(token)]
    if wrong:
        raise SecretError(
            f"tokens of the secret {arn} that cannot be sent (numbered from 1): {listed(wrong)}; see how they read"
        )
    return tuple(dict.fromkeys(held))
