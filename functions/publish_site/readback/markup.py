"""Pages as a tree: every element, attribute, comment and text, each with its line.

The parser is the standard library's. A page whose tags do not match is refused: two
readers could see two different pages in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

from functions.publish_site.readback.errors import ReadbackError

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
INLINE = frozenset("a abbr b bdi bdo cite code em i mark q s small span strong sub sup time tspan u wbr".split())
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
COMMENT = "#comment"
_NAME = re.compile(r"[a-z]{1,16}[1-6]?|[a-z]{1,16}(-[a-z]{1,16})+|#comment|#document")
_END_TAG_WITH_MORE = re.compile(r"</(?![A-Za-z][A-Za-z0-9-]*>)")
_ATTRIBUTE = re.compile(r"[a-z]{1,20}([-:][a-z]{1,20}){0,3}|[xy][12]")
"""No name is so long that a digest, which may have no digit in it, could pass for one."""


@dataclass(eq=False)
class Node:
    """An element, or a comment (its only child is its text)."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    line: int = 1
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return an attribute; empty if it has none of that name."""
        return next((value for key, value in self.attributes if key == name), "")

    @property
    def classes(self) -> list[str]:
        """The names in its ``class``."""
        return self.get("class").split()

    @property
    def place(self) -> str:
        """Where it is, for an error."""
        return f"line {self.line}, {self.tag}"

    def walk(self) -> Iterator[Node]:
        """Yield it and every element and comment in it, in order."""
        ahead = [self]
        while ahead:
            node = ahead.pop()
            yield node
            ahead += [child for child in reversed(node.children) if isinstance(child, Node)]

    def all(self, *tags: str) -> list[Node]:
        """Return the elements in it with one of ``tags``, in order."""
        return [node for node in self.walk() if node.tag in tags]

    def of_class(self, name: str) -> list[Node]:
        """Return the elements in it of a class, in order."""
        return [node for node in self.walk() if name in node.classes]

    def inside(self, *, tag: str | None = None, of_class: str | None = None) -> Node | None:
        """Return the nearest element that is, or holds, this one and has the tag or class; ``None`` if none does."""
        node: Node | None = self
        while node is not None:
            if (tag is not None and node.tag == tag) or (of_class is not None and of_class in node.classes):
                return node
            node = node.parent
        return None

    @property
    def text(self) -> str:
        """All its text, comments left out, white space as one space."""
        return " ".join("".join(self._strings()).split())

    @property
    def own_text(self) -> str:
        """Its text as one reads it in one go: with that of inline elements, without that of blocks inside it."""
        return " ".join("".join(self._own()).split())

    def _strings(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag != COMMENT:
                yield from child._strings()

    def _own(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag in INLINE:
                yield from child._own()
            elif child.tag != COMMENT:
                yield "\n"


class _Builder(HTMLParser):
    def __init__(self, file: str) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self.root = Node("#document")
        self.open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = self._add(tag, attrs)
        if tag not in VOID:
            self.open = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.open.tag != tag or self.open.parent is None:
            raise self._refused("an end tag closes what is not open")
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)

    def handle_comment(self, data: str) -> None:
        self._comment(data)

    def handle_pi(self, data: str) -> None:
        self._comment(data)

    def unknown_decl(self, data: str) -> None:
        self._comment(data)

    def handle_decl(self, decl: str) -> None:
        if decl != "DOCTYPE html":
            self._comment(decl)

    def _comment(self, data: str) -> None:
        node = Node(COMMENT, (), self.getpos()[0], self.open, [data])
        self.open.children.append(node)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Node:
        if not _NAME.fullmatch(tag) or not all(_ATTRIBUTE.fullmatch(name) for name, _ in attrs):
            raise self._refused("an element or attribute with a name that HTML and SVG do not have")
        node = Node(tag, tuple((name, value or "") for name, value in attrs), self.getpos()[0], self.open)
        self.open.children.append(node)
        return node

    def _refused(self, problem: str) -> ReadbackError:
        return ReadbackError(self.file, f"line {self.getpos()[0]}", problem)


@lru_cache(maxsize=1)  # the gate and the scanner read the same page, one after the other
def parse(file: str, body: bytes) -> Node:
    """Return the tree of a page; :class:`ReadbackError` for one that is not UTF-8 or not well formed."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ReadbackError(file, "the file", "it is not UTF-8") from None
    junk = _END_TAG_WITH_MORE.search(text)
    if junk:  # browsers and parsers pass over it, and so would a reader of the tree
        raise ReadbackError(
            file, f"line {text.count(chr(10), 0, junk.start()) + 1}", "an end tag with more than a name"
        )
    builder = _Builder(file)
    builder.feed(text)
    builder.close()
    if builder.open is not builder.root:
        raise ReadbackError(file, builder.open.place, "it is never closed")
    return builder.root


def blocks(root: Node) -> Iterator[Node]:
    """Yield every element that has a text of its own to be read in one go, in order."""
    for node in root.walk():
        if node.tag not in INLINE and node.tag != COMMENT and node.own_text:
            yield node


@dataclass(frozen=True)
class Table:
    """A table as read: its caption and its grid of texts, the header row first."""

    node: Node
    caption: str
    rows: tuple[tuple[str, ...], ...]


def tables(file: str, root: Node) -> list[Table]:
    """Return the tables of a page; :class:`ReadbackError` for one that is not a plain grid."""
    read = []
    for node in root.all("table"):
        captions = node.all("caption")
        rows = tuple(
            tuple(cell.text for cell in row.children if isinstance(cell, Node) and cell.tag in {"th", "td"})
            for row in node.all("tr")
        )
        spans = [cell for cell in node.all("th", "td") if cell.get("colspan") or cell.get("rowspan")]
        cells = sum(len(row) for row in rows)
        if len(captions) != 1 or len({len(row) for row in rows}) != 1 or spans or cells != len(node.all("th", "td")):
            raise ReadbackError(file, node.place, "a table must have one caption and be a plain grid")
        read.append(Table(node, captions[0].text, rows))
    return read
