"""What an event asks the publisher to do."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

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
    """One thing to do. ``publish`` takes no release: it is always the one that is current when it runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["publish", "republish", "withdraw"] = "publish"
    release: ReleaseId | None = None
    reason: Reason | None = None
    """Shown to the public, so in words for it: one line of 10 to 300 characters."""
    dry_run: bool = False

    @property
    def in_front(self) -> str | None:
        """The release that is to be put in front, whatever is current."""
        return self.release if self.action == "republish" else None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.action == "publish") != (self.release is None):
            raise ValueError("republish and withdraw name a release, publish does not")
        if (self.action == "withdraw") != (self.reason is not None):
            raise ValueError("withdraw, and only withdraw, gives a reason")
        return self


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
            "withdraw a release and a reason, any of them dry_run; see events/"
        ) from None
