"""What a release may say, worked out once and used for each of its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from functions.publish_site.gate.audited import AuditedKpi
from functions.publish_site.gate.numbers import Phrases, document_phrases, has_number, template_phrases
from functions.publish_site.readback.markup import blocks, parse
from placements_kpi import times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from placements_kpi.results import Protected


@dataclass(frozen=True)
class Context:
    """A release to be checked: its document, its audited figures in page order, and the phrases of its pages."""

    document: Protected
    kpis: dict[str, AuditedKpi]
    instant: str
    """When it was published, as the downloads say it."""
    published: date
    today: date
    phrases: Phrases
    frame: frozenset[tuple[str, str, str]]
    """Element, attribute and value of everything with a number in a page that has no data in it."""
    classes: frozenset[str]
    """Names with a number in them that the templates give to elements."""
    sizes: frozenset[int] = frozenset()
    """Bytes of each file of the release, which the page on data says."""
    host: str = ""
    """Where the pages are: CloudFront's own address has digits in it, any of them in a row."""
    datasets: Mapping[str, bytes] = field(default_factory=dict)
    """Page: the description of its data as a Dataset, which it must have in it as a data block."""

    @property
    def instants(self) -> set[str]:
        """The moment of publication and every day of the sources and of the release, as ISO 8601 has them."""
        days = {self.document.as_of, *(source.as_of for source in self.document.sources)}
        days |= {source.counted_on for source in self.document.sources}
        days |= {kpi.kpi.as_of for kpi in self.kpis.values()}
        return {self.instant, *(day.isoformat() for day in days if day)}


def context(
    document: Protected,
    published: datetime,
    today: date,
    dataless: bytes,
    assets: Iterable[str],
    said: Iterable[str] = (),
    host: str = "",
) -> Context:
    """Return the context of a release published at ``published``, as its pages stand on ``today``.

    ``said`` is what an operator has them say beside it: the notice of a withdrawal.

    ``dataless`` is a page of the site with no release in it: the numbers of its frame are those of every page.
    ``assets`` are the keys of the stylesheet and of the images.
    """
    ordered = sorted(document.kpis, key=lambda kpi: (kpi.description.order, kpi.id))
    page = parse("the frame of the pages", dataless)
    day = times.london_day(published)
    templates = template_phrases()
    framed = {node.own_text for node in blocks(page) if has_number(node.own_text)}
    return Context(
        document=document,
        kpis={kpi.id: AuditedKpi(kpi, [one for one in document.revisions if one.kpi == kpi.id]) for kpi in ordered},
        instant=times.iso_instant(published),
        published=day,
        today=today,
        phrases=Phrases({*templates, *document_phrases(document, day, today), *framed, *assets, *said, host}),
        host=host,
        frame=frozenset(
            (node.tag, name, value) for node in page.walk() for name, value in node.attributes if has_number(value)
        ),
        classes=frozenset(
            word for phrase in templates for word in phrase.split() if word.startswith(("govuk-", "app-"))
        ),
    )
