"""The byte scanner: no identifier of anybody, and nothing outside the published schema (publishing.md 1.9).

It knows no figures and trusts no renderer. It takes each file apart into the places that
can hold text, and refuses seven digits in a row, an e-mail address, a UUID and a digest
wherever :mod:`functions.publish_site.gate.schema` does not say what stands there.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from functions.publish_site.gate import schema
from functions.publish_site.gate.errors import stopped
from functions.publish_site.readback.files import csv_rows, json_value, ods_parts, ods_sheets
from functions.publish_site.readback.markup import COMMENT, Node, blocks, parse

if TYPE_CHECKING:
    from placements_kpi.results import Protected

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a digest", re.compile(r"[0-9A-Fa-f]{32,}|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}=")),
    ("a UUID", re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")),
    ("an e-mail address", re.compile(r"[^\s@<>\"'(),:;=]+@[^\s@<>\"'(),:;=]+\.[^\s@<>\"'(),:;=.]{2,}")),
    ("seven digits in a row", re.compile(r"\d{7,}")),
)
"""What is refused, in words for the error, and how it is found. 32 hexadecimal digits are a UUID without dashes,
or an MD5; 64 a SHA-256, which is how a pseudonym looks."""

_ICALENDAR_DAY = re.compile(r"\A(?:DTSTAMP:20\d{6}T\d{6}Z|DTSTART;VALUE=DATE:20\d{6})\Z")
"""The lines of a calendar with a day, which iCalendar writes as eight digits."""


@dataclass(frozen=True)
class Known:
    """Identifiers that belong where the schema says: of assets, snapshots and files, never of anybody."""

    assets: frozenset[str] = frozenset()
    """Names of the stylesheet and of images, in a ``link``."""
    snapshots: dict[str, frozenset[str]] = field(default_factory=dict)
    """File: the phrases with a snapshot's id that it may say."""
    values: dict[str, dict[str, frozenset[Any]]] = field(default_factory=dict)
    """File: path in it: the very values that may stand there."""
    indicators: frozenset[str] = frozenset()
    """Columns with figures of the files in DfE's open data standard."""
    host: str = ""
    """Where the pages are, which addresses in them say."""


def known(document: Protected, files: Mapping[str, bytes], assets: Iterable[str], host: str = "") -> Known:
    """Return what the schema whitelists for this release; digests are worked out from ``files`` themselves."""
    snapshots = {
        "data-quality/index.html": frozenset(f"Snapshot {one.snapshot}" for one in document.sources),
        "method/index.html": frozenset({f"lists of snapshot {document.snapshots.get('definitions')}"}),
    }
    for kpi in document.kpis:
        snapshots[f"{kpi.id}/index.html"] = frozenset(f"{table}: {one}" for table, one in kpi.snapshots.items())
    values: dict[str, frozenset[Any]] = {
        "snapshots.*": frozenset(document.snapshots.values()),
        "sources.[].snapshot": frozenset(one.snapshot for one in document.sources if one.snapshot),
        "run_id": frozenset({document.run_id}),
        "code_version": frozenset({document.code_version}),
        "sha256.*": frozenset(hashlib.sha256(body).hexdigest() for body in files.values()),
        "verdict.digest": frozenset({document.verdict.digest} if document.verdict else ()),
        "verdict.key_id": frozenset({document.verdict.key_id} if document.verdict else ()),
        "verdict.withheld.[]": _withheld(document),
    }
    return Known(
        frozenset(key.rpartition("/")[2] for key in assets),
        snapshots,
        {"manifest.json": values, "datapackage.json": _of_files(files)},
        _indicators(document),
        host,
    )


def _withheld(document: Protected) -> frozenset[str]:
    """The places that a verdict may name as withheld: all their parts are ids of the KPI, a region by its digits."""
    ids: dict[str, set[str]] = {}
    for kpi in document.kpis:
        known_ids = {"*", "national", "Total", *(measure.id for measure in kpi.description.measures)}
        for breakdown in kpi.description.breakdowns:
            known_ids |= {breakdown.id, *(category.code for category in breakdown.categories)}
        ids[kpi.id] = known_ids
    named = document.verdict.withheld if document.verdict else ()
    return frozenset(
        place for kpi, *parts, place in ([*one.split("/"), one] for one in named) if set(parts) <= ids.get(kpi, set())
    )


def _of_files(files: Mapping[str, bytes]) -> dict[str, frozenset[Any]]:
    """The digests and sizes that the Data Package may say, which may look like identifiers."""
    return {
        "resources.[].hash": frozenset(f"sha256:{hashlib.sha256(body).hexdigest()}" for body in files.values()),
        "resources.[].bytes": frozenset(len(body) for body in files.values()),
    }


def _indicators(document: Protected) -> frozenset[str]:
    """The columns that a release's measures give to the files in DfE's standard, alone and with the indicator."""
    return frozenset(
        f"{stem}{measure.id}_{said}"
        for kpi in document.kpis
        for stem in ("", f"{kpi.id.replace('-', '_')}_")
        for measure in kpi.description.measures
        for said in (("count",) if measure.kind == "count" else schema.INDICATORS)
    )


def scan(files: Mapping[str, bytes], allowed: Known) -> None:
    """Raise :class:`GateError` for the first identifier or undeclared column in ``files``, naming file and place."""
    for file, body in files.items():
        for place, text in _places(file, body, allowed):
            kind = identifier(text.replace(allowed.host, " ") if allowed.host else text)
            if kind:
                raise stopped(file, place, f"{kind}, where the published schema has none")


def identifier(text: str) -> str | None:
    """Return what kind of identifier is in ``text``, however it is written; ``None`` if there is none."""
    for spelling in _spellings(text):
        for kind, found in KINDS:
            if found.search(spelling):
                return kind
    return None


def _spellings(text: str) -> Iterator[str]:
    """A text as it stands; without what cannot be seen and with digits as digits; out of percent and HTML codes."""
    yield text
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", text)
        yield "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    if "%" in text:
        yield unquote(text)
    if "&" in text:
        yield html.unescape(text)


def _places(file: str, body: bytes, allowed: Known) -> Iterator[tuple[str, str]]:
    yield "its name", file
    suffix = file.rpartition(".")[2]
    if suffix == "html":
        yield from _page(file, body, allowed)
    elif suffix == "csv":
        yield from _csv(file, body, allowed.indicators)
    elif suffix in {"json", "jsonld"}:
        yield from _json(file, body, allowed)
    elif suffix == "ods":
        yield from _workbook(file, body)
    elif suffix in {"sql", "svg", "xml", "atom", "ics", "txt"}:
        yield from _lines(file, body, xml=suffix in {"svg", "xml", "atom"})
    else:
        raise stopped(file, "its name", "a file of a kind that a release does not have")


def _page(file: str, body: bytes, allowed: Known) -> Iterator[tuple[str, str]]:
    root = parse(file, body)
    phrases = allowed.snapshots.get(file, frozenset())
    for node in blocks(root):
        yield node.place, _without(node.own_text, phrases)
    for node in root.walk():
        if node.tag == COMMENT:
            yield f"line {node.line}, a comment", "".join(map(str, node.children))
        for name, value in node.attributes:
            yield f"{node.place}, attribute {name}", _without_asset(node, value, allowed.assets)


def _without(text: str, phrases: frozenset[str]) -> str:
    """``text`` without those of ``phrases`` that are in it, each with the id of a snapshot that it may name."""
    for phrase in phrases:
        text = text.replace(phrase, "")
    return text


def _without_asset(node: Node, value: str, assets: frozenset[str]) -> str:
    folder, _, name = value.rpartition("/")
    return folder if node.tag in {"link", "use", "img", "image"} and name in assets else value


def _csv(file: str, body: bytes, indicators: frozenset[str]) -> Iterator[tuple[str, str]]:
    head, *rows = csv_rows(file, body)
    data = tuple(head) == tuple(schema.DATA_COLUMNS) and schema.is_data(file, "csv")
    span = schema.standard_span(file)
    fixed = schema.STANDARD_COLUMNS[span] if span else ()
    standard = bool(span) and tuple(head[: len(fixed)]) == fixed and set(head[len(fixed) :]) <= indicators
    meta = schema.standard_span(file, ".meta.csv") and tuple(head) == schema.META_COLUMNS
    if not (data or standard or meta) and tuple(head) != schema.WITHDRAWN_COLUMNS:
        raise stopped(file, "the header", "a column that is not in the published schema")
    for column, name in enumerate(head):
        known_as = name if data or (standard and column < len(fixed)) else ""
        if standard and column >= len(fixed) and not name.endswith("_percentage"):
            known_as = "numerator"
        yield from _column(file, f"column {name}", known_as, {row[column] for row in rows})


def _column(file: str, place: str, name: str, values: set[Any]) -> Iterator[tuple[str, str]]:
    """The texts of a column; one with official codes, or of whole counts, is settled here."""
    if name in schema.IDENTIFIER_COLUMNS:
        if values - (schema.DATA_COLUMNS[name] or frozenset()):
            raise stopped(file, place, "a code that is not on the official list")
        return
    for value in values:
        count = isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdecimal())
        if not (name in schema.COUNT_COLUMNS and count):
            yield place, value if isinstance(value, str) else repr(value)


def _json(file: str, body: bytes, allowed: Known) -> Iterator[tuple[str, str]]:
    read = json_value(file, body)
    paths = schema.json_paths(file)
    if isinstance(read, dict) and set(read) == set(schema.WITHDRAWN_JSON):
        paths = schema.WITHDRAWN_JSON
    if paths is None:
        raise stopped(file, "its name", "a file that is not in the published schema")
    given = allowed.values.get(file, {})
    names: set[str] = set()
    told = list(_distinct("", [read], names))
    yield from (("one of its names", name) for name in names)
    for path, values in told:
        if not schema.path_is_known(path, paths):
            raise stopped(file, f"path {_safe(path)}", "a value that is not in the published schema")
        of_rows = paths is schema.DATA_JSON and path.startswith(("rows.[].", "revisions.[]."))
        name = path.rpartition(".")[2] if of_rows else ""
        own = next((listed for known_path, listed in given.items() if schema.path_is_known(path, [known_path])), None)
        yield f"path {_safe(path)}", path
        if own is not None:
            values = values - own
        if file == "manifest.json" and any(schema.path_is_known(path, [one]) for one in schema.MANIFEST_COUNTS):
            values = {value for value in values if not isinstance(value, int)}
        yield from _column(file, f"path {_safe(path)}", name, values)


def _distinct(path: str, values: list[Any], names: set[str]) -> Iterator[tuple[str, set[Any]]]:
    """Every path in ``values`` (alike, so taken together) and the different values that stand there.

    ``names`` is given the name of everything in them, also of what is empty.
    """
    inside: defaultdict[str, list[Any]] = defaultdict(list)
    plain: set[Any] = set()
    for value in values:
        if isinstance(value, dict):
            names.update(value)
            for name, one in value.items():
                inside[name].append(one)
        elif isinstance(value, list):
            inside["[]"].extend(value)
        else:
            plain.add(value)
    if plain:
        yield path, plain
    for name, ones in inside.items():
        yield from _distinct(f"{path}.{name}" if path else name, ones, names)


def _safe(path: str) -> str:
    """A path for an error: a name that is itself an identifier is not repeated."""
    return "(one of its names)" if identifier(path) else path


def _workbook(file: str, body: bytes) -> Iterator[tuple[str, str]]:
    """The cells of a workbook column by column, and all else in its members as it is written."""
    width = len(schema.DATA_COLUMNS)
    for sheet in ods_sheets(file, body):
        place = f"sheet {sheet.name}"
        head = next((n for n, row in enumerate(sheet.rows) if row == tuple(schema.DATA_COLUMNS)), len(sheet.rows))
        yield "the name of a sheet", sheet.name
        for rows in (sheet.rows, sheet.values):
            yield from ((place, text) for row in rows[:head] for text in row)
            yield from ((place, text) for row in rows[head + 1 :] for text in row[width:])
            for column, name in enumerate(schema.DATA_COLUMNS):
                values = {row[column] for row in rows[head + 1 :] if column < len(row)}
                yield from _column(file, f"{place}, column {name}", name, values)
    for name, part in ods_parts(file, body).items():
        yield "the name of a member", name
        rest = re.sub(rb'<text:p>[^<]*</text:p>| office:value="[^"]*"', b"", part) if name == "content.xml" else part
        yield from _lines(file, rest, f"{name}, ", xml=name.endswith((".xml", ".rdf")))


def _lines(file: str, body: bytes, place: str = "", *, xml: bool = False) -> Iterator[tuple[str, str]]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        if not place:
            raise stopped(file, "the file", "it is not UTF-8") from None
        text = body.decode("latin-1")
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines() or [""], 1):
        if line in seen:  # the rows of a workbook are all alike but for their cells
            continue
        seen.add(line)
        if file.endswith(".ics"):
            line = _ICALENDAR_DAY.sub("", line)
        yield f"{place}line {number}", line
        if xml:
            yield f"{place}line {number}, its text", re.sub(r"<[^>]*>", "", line)
