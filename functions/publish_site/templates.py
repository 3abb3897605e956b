"""The templates of the page, with GOV.UK Frontend's components as macros."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from jinja2 import Environment

_IN_CHECKOUT = Path(__file__).resolve().parents[2] / "site_templates"
_IN_LAYER = Path("/opt/site_templates")  # site_templates/Makefile puts them there
SITE_TEMPLATES = _IN_CHECKOUT if _IN_CHECKOUT.is_dir() else _IN_LAYER


@cache
def environment() -> Environment:
    """Return the Jinja environment: HTML escaped, and a value that does not exist never printed as a blank."""
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined

    class Missing(Undefined):
        """May be asked for, as the macros of GOV.UK Frontend do, but not printed."""

        def __str__(self) -> NoReturn:
            self._fail_with_undefined_error()

        __html__ = __str__

    made = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(SITE_TEMPLATES),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        undefined=Missing,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return made


def render(template: str, **values: object) -> bytes:
    """Return a template rendered as UTF-8, without the indentation and empty lines that macros leave."""
    html = environment().get_template(template).render(**values)
    return "".join(f"{line.strip()}\n" for line in html.splitlines() if line.strip()).encode()
