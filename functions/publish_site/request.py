"""What an event asks the publisher to do."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from placements_kpi.envelopes import unwrap
from placements_kpi.errors import PlacementsKpiError

ReleaseId = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}\.[1-9]\d{0,3}$")]


def _printable(text: str) -> str:
    """Return a text whose every character can be shown, and stand in XML; ``ValueError`` names one that cannot."""
    wrong = next((letter for letter in text if not letter.isprintable()), None)
    if wrong is not None:
        raise ValueError(f"one line of plain text, without the character U+{ord(wrong):04X}")
    return text


Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300), AfterValidator(_printable)
]


class RequestError(PlacementsKpiError):
    """An event does not say anything the publisher can do."""


class Request(BaseModel):
    """One thing to do. ``publish`` and ``preview`` take no release: it is always the one that is current then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["publish", "republish", "withdraw", "preview", "approve"] = "publish"
    release: ReleaseId | None = None
    reason: Reason | None = None
    """Shown to the public, so in words for it: one line of 10 to 300 characters."""
    published: AwareDatetime | None = None
    """When a previewed release is to be published; the time of the preview, where nothing is said."""
    manifest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """SHA-256 of the manifest of the preview that is approved."""
    dry_run: bool = False

    @property
    def in_front(self) -> str | None:
        """The release that is to be put in front, whatever is current."""
        return self.release if self.action == "republish" else None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.action in {"publish", "preview"}) != (self.release is None):
            raise ValueError("republish, withdraw and approve name a release, publish and preview do not")
        if (self.action == "approve") != (self.manifest is not None):
            raise ValueError("approve, and only approve, gives the digest of a manifest")
        if self.published and self.action != "preview":
            raise ValueError("only preview says when a release is to be published")
        if (self.action == "withdraw") != (self.reason is not None):
            raise ValueError("withdraw, and only withdraw, gives a reason")
        return self


ALIAS = ":approve"
"""How the address ends that only those may call who may approve (template.yaml, ``ApproveAlias``)."""


def check_caller(request: Request, address: str) -> None:
    """Raise :class:`RequestError` unless an approval came by its own address, and nothing else did."""
    if (request.action == "approve") != address.endswith(ALIAS):
        raise RequestError(
            f"a release is approved at the function's alias{ALIAS}, and nothing else is done there; this was {address}"
        )


def parse(event: Any) -> Request:
    """Return what ``event`` asks for; :class:`RequestError` says what is wrong with it.

    An EventBridge envelope is taken by its detail. That of "KPIs computed" names a release,
    which is not believed: the pointer says what is current, so a late or repeated event does no harm.
    """
    asked = unwrap(event)
    if asked is not event and isinstance(asked, dict) and set(asked) <= {"release"}:
        asked = {}
    try:
        return Request.model_validate(asked)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'event'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise RequestError(
            f"the event cannot be used ({problems}); publish takes {{}}, republish a release, "
            "withdraw a release and a reason, preview a time or nothing, approve a release and the digest of its "
            "preview's manifest, any of them dry_run; see events/"
        ) from None
