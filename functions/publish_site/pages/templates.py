"""The templates of the page, with GOV.UK Frontend's components as macros."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from functions.publish_site import words

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context
    from markupsafe import Markup

_IN_CHECKOUT = Path(__file__).resolve().parents[3] / "site_templates"
_IN_LAYER = Path("/opt/site_templates")  # site_templates/Makefile puts them there
SITE_TEMPLATES = _IN_CHECKOUT if _IN_CHECKOUT.is_dir() else _IN_LAYER

LOGO = "macros/logo.html"
"""GOV.UK's crown, which works out its own width: the one template that prints a number of its own."""


@cache
def environment() -> Environment:
    """Return the Jinja environment: HTML escaped, and a value that does not exist never printed as a blank."""
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined, pass_context

    class Missing(Undefined):
        """May be asked for, as the macros of GOV.UK Frontend do, but not printed."""

        def __str__(self) -> NoReturn:
            self._fail_with_undefined_error()

        __html__ = __str__

    jinja = Environment(
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
        finalize=pass_context(_only_text),
    )
    jinja.filters |= {"with_crown": with_crown, "same_crown": same_crown, "figure": words.printed}
    return jinja


def _only_text(context: Context, value: object) -> object:
    """Return what a template prints; :class:`BareNumberError` for a number that did not go through ``| figure``."""
    if isinstance(value, Decimal | float | int | words.Cell) and context.name != LOGO:
        raise words.BareNumberError(
            f"{context.name} prints a bare number: print a cell's text, or the number by | figure"
        )
    return value


def with_crown(header: Markup) -> Markup:
    """Return GOV.UK Frontend's header with a name on its crown, for :func:`same_crown`."""
    return _instead_of(r"<g>", '<g id="crown">', header)


def same_crown(footer: Markup) -> Markup:
    """Return GOV.UK Frontend's footer with the crown of the header, which is the same: no page sends it twice."""
    return _instead_of(r"<g>.*?</g>", '<use href="#crown"/>', footer)


def _instead_of(drawn: str, said: str, component: Markup) -> Markup:
    changed, count = re.subn(drawn, said, component, count=1, flags=re.DOTALL)
    if not count:
        raise ValueError("GOV.UK Frontend draws its crown otherwise than it did")
    return type(component)(changed)


def render(template: str, **values: object) -> bytes:
    """Return a template rendered as UTF-8, without the indentation and empty lines that macros leave."""
    html = environment().get_template(template).render(**values)
    return "".join(f"{line.strip()}\n" for line in html.splitlines() if line.strip()).encode()
