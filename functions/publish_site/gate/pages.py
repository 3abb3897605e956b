"""A page against what was audited: its tables, charts and cards by place, and every other number in it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from functions.publish_site import data_page, words
from functions.publish_site.gate.charts import SMALL_BASE, check_chart
from functions.publish_site.gate.errors import stopped
from functions.publish_site.gate.numbers import Phrases, has_number
from functions.publish_site.gate.tables import AGES, check_ages, check_kpi_table, check_source_table
from functions.publish_site.glossary import TERMS
from functions.publish_site.metadata import data_block
from functions.publish_site.opendata import COLUMN_WORDS
from functions.publish_site.readback.files import json_value
from functions.publish_site.readback.markup import COMMENT, HEADINGS, Node, blocks, parse, tables
from placements_kpi.store import canonical_json

if TYPE_CHECKING:
    from functions.publish_site.gate.audited import Audited, AuditedKpi
    from functions.publish_site.gate.context import Context

QUALITY = "data-quality/index.html"
METHOD, CONFIDENTIALITY = "method/index.html", "confidentiality/index.html"
GLOSSARY = "glossary/index.html"
FRONT, DATA = "index.html", "data/index.html"

_PLAIN = {("tabindex", "0"), ("lang", "en")}
_LINE_CLASSES = frozenset({"app-chart__line--1", "app-chart__line--2", "app-chart__line--3"})


def check_page(file: str, body: bytes, context: Context) -> None:
    """Raise :class:`GateError` or :class:`ReadbackError` unless all that can be read in the page may be published.

    ``file`` is its path inside the release; :data:`FRONT` stands for the page at the front of the site too.
    """
    root = parse(file, body)
    kpi = context.kpis.get(file.removesuffix("/index.html"))
    phrases = context.phrases.and_also(_own_phrases(context, file, kpi))
    read: set[int] = set()
    for table in tables(file, root):
        if kpi and table.caption == AGES:
            check_ages(file, table, kpi, context)
        elif kpi:
            check_kpi_table(file, table, kpi)
        elif file == QUALITY:
            check_source_table(file, table, context)
        else:
            raise stopped(file, table.node.place, "a table on a page that has none")
        read |= {id(node) for node in table.node.all("th", "td")}
    for figure in root.of_class("app-chart"):
        if kpi is None:
            raise stopped(file, figure.place, "a chart on a page that has none")
        check_chart(file, figure, kpi, phrases)
        read |= {id(node) for node in (*figure.all(*HEADINGS), *figure.of_class("app-chart__subtitle"))}
        read |= {id(node) for drawing in figure.all("svg") for node in drawing.all("title", "desc", "text")}
    for card in (*root.of_class("app-card"), *root.of_class("app-headline")):
        read |= _check_card(file, card, kpi or _kpi_of(file, card, context), phrases)
    allowed = _page_numbers(context, file)
    block = _data_block(file, root, context.datasets.get(file))
    read |= {id(node) for node in block}
    for node in blocks(root):
        if id(node) not in read and not phrases.explains(node.own_text, allowed):
            raise stopped(file, node.place, "a number that the page has no reason to show")
    for node in (one for one in root.walk() if one not in block):
        _check_node(file, node, context, phrases)


def _data_block(file: str, root: Node, dataset: bytes | None) -> list[Node]:
    """Return the one element that may be of the kind ``script``, if the page describes data; it never runs.

    It says what the Dataset of the release says, in the one spelling there is for that: nothing can be hidden in it.
    """
    if dataset is None:
        return []
    found = [node for node in root.all("script") if node.attributes == (("type", "application/ld+json"),)]
    if len(found) != 1 or found[0].parent is None or found[0].parent.tag != "head":
        raise stopped(file, "the head", "it must have one block of data, the Dataset of the release")
    told = "".join(map(str, found[0].children))
    if canonical_json(json_value(file, told.encode())) != dataset or told != data_block(dataset):
        raise stopped(file, found[0].place, "it is not the Dataset of the release")
    return found


def _own_phrases(context: Context, file: str, kpi: AuditedKpi | None) -> set[str]:
    """What only this page may say: its number among the others, its changes, the snapshots its query read."""
    count = len(context.kpis)
    if kpi is None:
        own = {
            DATA: set(map(data_page.size, context.sizes)),
            FRONT: {f"in {count} indicators"},
            GLOSSARY: {term.meaning for term in TERMS},
            METHOD: _method(context),
            QUALITY: _checks(context),
        }
        return own.get(file, set())
    index = list(context.kpis).index(kpi.kpi.id) + 1
    phrases = {f"Indicator {index} of {count}"}
    phrases |= {f"Change {number}" for number in range(1, len(kpi.kpi.description.breaks) + 1)}
    phrases |= {f"Out of fewer than {SMALL_BASE}"}
    phrases |= {f"{table}: {snapshot}" for table, snapshot in kpi.kpi.snapshots.items()}
    return phrases | _revisions(kpi) | {f"release {context.document.compared_with}"}


def _method(context: Context) -> set[str]:
    """What the method page says of the columns, and of the lists of codes that were used."""
    document = context.document
    said = {*COLUMN_WORDS.values(), f"lists of snapshot {document.snapshots.get('definitions')}"}
    for one in document.definitions:
        said |= {one.file, f"version {one.version}", words.day(one.dated), one.source}
    return said


def _checks(context: Context) -> set[str]:
    """What the data-quality page says of the checks: how many there were, and what others have published.

    Nothing else that a check says has a number in it: a program wrote it, and its numbers are in a table.
    """
    checks = context.document.checks
    warned, failed = (sum(check.state == state for check in checks) for state in ("warning", "failed"))
    fine = len(checks) - warned - failed
    said = {
        f"Of {len(checks)} checks, {fine} found all in order, {warned} found something to look at, and {failed} failed."
    }
    return said | {text for check in checks if check.group == "bounds" for text in (check.title, check.says)}


def _revisions(kpi: AuditedKpi) -> set[str]:
    """The sentences on what was revised, each whole: the reason with how many, and every national figure."""
    reasons = Counter(one.reason for one, _, _ in kpi.revised)
    said = {
        f"{reason[0].upper()}{reason[1:]}: {count:,} figure{'' if count == 1 else 's'} changed."
        for reason, count in reasons.items()
    }
    for one, was, now in kpi.revised:
        if one.breakdown == "national":
            measure = kpi.measures[one.measure]
            said.add(f"{measure.title}, {words.day(one.as_of)}: {_side(was)} became {_side(now)}.")
    return said


def _side(figure: Audited) -> str:
    if figure.denominator.number is None:
        return figure.shown.text
    return f"{figure.shown.text} ({figure.numerator.text} out of {figure.denominator.text})"


def _page_numbers(context: Context, file: str) -> set[str]:
    """Numbers of the configuration that a page may say in its own words: the limits and what the audit did."""
    used, verdict = context.document.disclosure, context.document.verdict
    if file == QUALITY:
        return {f"{used.base:,}"}
    if file not in {METHOD, CONFIDENTIALITY}:
        return set()
    numbers = [used.base, used.floor, used.percentage_floor, used.width, used.threshold, SMALL_BASE]
    if verdict:
        numbers += [verdict.cells, verdict.increments, len(verdict.releases)]
    return {f"{number:,}" for number in numbers}


def _kpi_of(file: str, card: Node, context: Context) -> AuditedKpi:
    links = [node.get("href") for node in card.all("a")]
    named = [kpi for name, kpi in context.kpis.items() if any(link.endswith(f"{name}/index.html") for link in links)]
    if len(named) != 1:
        raise stopped(file, card.place, "a card of no indicator")
    return named[0]


def _check_card(file: str, card: Node, kpi: AuditedKpi, phrases: Phrases) -> set[int]:
    """Check the figure, its counts and its change by place; return the elements that are settled by that."""
    headline = kpi.measures[kpi.kpi.description.headline]
    now = kpi.at(headline, kpi.current(headline))
    rate, known = headline.kind == "rate", now.shown.number is not None
    mark = " [r]" if now.revised else kpi.heading(headline, kpi.current(headline))
    wanted = {
        "app-figure": [now.shown.text] if known else [],
        "app-figure__counts": [now.numerator.text, now.denominator.text] if rate and known else [],
        "app-card__change": _change(kpi),
    }
    settled: set[int] = set()
    for name, numbers in wanted.items():
        for node in card.of_class(name):
            if phrases.numbers(node.text) != numbers or (
                name == "app-figure" and node.text != f"{now.shown.text}{mark}"
            ):
                raise stopped(file, f"{node.place} of class {name}", "it is not what the audited figures give")
            settled.add(id(node))
    return settled


def _change(kpi: AuditedKpi) -> list[str]:
    """The numbers of the sentence on change: how far, and from what; none where the two cannot be compared."""
    headline = kpi.measures[kpi.kpi.description.headline]
    now, before = (kpi.at(headline, one).shown for one in (kpi.current(headline), kpi.comparison(headline)))
    if now.number is None or before.number is None or headline.id in kpi.kpi.comparison:
        return []
    if now.number == before.number:
        return [before.text]
    return [f"{abs(Decimal(now.number) - Decimal(before.number)):,}", before.text]


def _check_node(file: str, node: Node, context: Context, phrases: Phrases) -> None:
    if node.tag == COMMENT and has_number(node.text or "".join(map(str, node.children))):
        raise stopped(file, f"line {node.line}, a comment", "a number that no reader is meant to see")
    if node.tag in {"script", "style", "template", "object", "embed", "iframe"}:
        raise stopped(file, node.place, "content of a kind that is not read back")
    for name, value in node.attributes:
        if not has_number(value) or (name, value) in _PLAIN or (node.tag, name, value) in context.frame:
            continue
        if name == "class":
            if all(one in _LINE_CLASSES | context.classes for one in node.classes if has_number(one)):
                continue
        elif node.inside(tag="svg") and node.inside(of_class="app-chart"):
            continue  # read as geometry, or found by check_looks to carry no figure
        elif phrases.explains(value):
            continue
        raise stopped(file, f"{node.place}, attribute {name}", "a number that the page has no reason to show")
