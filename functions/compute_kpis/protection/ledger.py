"""The ledger: every count that was ever published, append-only, in the private part of the data bucket.

``ledger/<release>.json`` holds what the release published anew or differently, and everything of a
day of a period if it revised anything of it, or hides somebody where there was said to be nobody.
Of each count it has what is shown, the rounding behind it (also where a symbol is shown), and a seal
of the true count: whoever has the key can tell that a count is still the same, and nobody can read
from it what it is. What a release saw of the ledger is in the release.

``ledger/digests/<release>.json`` holds once more what ``DIGEST_OF`` pages have, that release's the newest of them, so
that many pages are read in few requests. The pages count: one whose digest is not there, cannot be read, or is of other
bytes is read itself (docs/decisions/0046).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.compute_kpis.protection.knowledge import FEW, Cell, Sign
from functions.compute_kpis.protection.knowledge import Release as Shown
from functions.compute_kpis.protection.withholding import Place  # noqa: TC001 - pydantic reads it when the module runs
from placements_kpi import store
from placements_kpi.errors import PlacementsKpiError
from placements_kpi.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from functions.compute_kpis.protection.keys import RoundingKey

FOLDER = "ledger/"
DIGESTS = f"{FOLDER}digests/"
DIGEST_OF = 64
"""Pages of a digest."""
LEDGER_CONTRACT: Literal["school-placements-ledger/1"] = "school-placements-ledger/1"
DIGEST_CONTRACT: Literal["school-placements-ledger-digest/1"] = "school-placements-ledger-digest/1"


class LedgerError(PlacementsKpiError):
    """A release contradicts what was published, or the ledger cannot be read."""


Scope = tuple[str, int, str]
"""A KPI (``id@version``), a period and a day of it: what is restated together when one count of it is revised."""


class Entry(BaseModel):
    """One count as published. ``shown`` is ``few`` or ``fewer`` for a ``c`` that tells of the floor, null for any other
    symbol but ``low``; ``seal`` is null for what is exact.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shown: Sign
    rounded: int
    seal: str | None

    @property
    def cell(self) -> Cell:
        """Return what a reader sees."""
        return Cell(self.shown, exact=self.seal is None)


def sign_to_reader(entry: Entry) -> Sign:
    """Return what stands for a count to a reader, to whom one ``c`` is like another."""
    return None if entry.shown in FEW else entry.shown


class Added(BaseModel):
    """What one release added to the ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    base: int
    floor: int = 0
    """What a count that is ``few`` is under."""
    key_id: str
    entries: dict[str, Entry]
    revised: tuple[str, ...]
    """Counts whose published value this release changed, hid or showed again: its declared revisions."""
    same: tuple[str, ...] = ()
    """Those of them that are the same count as before: hidden, or shown again, for others."""
    no_longer_nobody: tuple[str, ...] = ()
    """Counts that were of nobody until this release, are of somebody, and are not shown."""
    restated: tuple[Scope, ...] = ()
    """Days of the periods of which earlier figures cannot be of the same counts: of them everything begins anew."""
    withheld: dict[str, tuple[Place, ...]] = {}
    """What was withheld of each KPI (``id@version``) so that nothing can be worked out."""


class Page(Added):
    """What one release added, as its object has it."""

    contract: Literal["school-placements-ledger/1"] = LEDGER_CONTRACT
    considered: tuple[str, ...]
    """The releases in the ledger when this one was made, oldest first."""


class Digested(BaseModel):
    """A page in a digest: ``etag`` is that of its object, ``after`` how many releases it considered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    etag: str
    after: int
    page: Added


class Digest(BaseModel):
    """Some pages once more, oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Literal["school-placements-ledger-digest/1"] = DIGEST_CONTRACT
    pages: tuple[Digested, ...]


def day_of(release: str) -> date:
    """Return the as-of date of a release, from its id."""
    return date.fromisoformat(release.rpartition(".")[0])


def scope_of(name: str) -> Scope:
    """Return the KPI, the period and the day of a count."""
    kpi, _, period, stands, _ = name.split("/", 4)
    return kpi, int(period), stands


def _hidden_anew(cells: Mapping[str, Cell], numbers: dict[str, int]) -> dict[str, Cell]:
    """Return the cells, begun anew where hidden on a day with another number than in ``numbers``; add their numbers."""
    shown = {name: cell.shown for name, cell in cells.items() if isinstance(cell.shown, int)}
    changed = {scope_of(name) for name, number in shown.items() if numbers.get(name, number) != number}
    numbers.update(shown)
    return {name: replace(cell, anew=name not in shown and scope_of(name) in changed) for name, cell in cells.items()}


def no_longer_nobody(past: Mapping[str, Entry], entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the names that were of nobody, are hidden by ``entries``, and are of somebody, in order.

    A reader who was told may go on to believe that there is nobody, which is not so, or may have forgotten it. Hidden
    since then makes no difference: what was of nobody is known by its rounding. Where a few may round to 0 too, they
    are among these, which only adds an audit.
    """
    return tuple(
        name
        for name, entry in sorted(entries.items())
        if sign_to_reader(entry) is None
        and name in past
        and sign_to_reader(past[name]) in {0, None}
        and past[name].rounded == 0
        and past[name].seal != entry.seal
    )


def revised(past: Mapping[str, Entry], entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the names whose published value ``entries`` change, in order; from a number to a symbol and back too."""
    return tuple(
        name
        for name, entry in sorted(entries.items())
        if name in past and sign_to_reader(past[name]) != sign_to_reader(entry)
    )


def the_same(past: Mapping[str, Entry], entries: Mapping[str, Entry], *, other_key: bool) -> tuple[str, ...]:
    """Return the names that ``entries`` only hide, or show again, in order: whoever takes both for one count is right.

    With another key nobody can tell; then every count that is only hidden or shown again may be the same.
    """
    return tuple(
        name
        for name in revised(past, entries)
        if None in {sign_to_reader(past[name]), sign_to_reader(entries[name])}
        and (other_key or past[name].seal == entries[name].seal)
    )


@dataclass(frozen=True)
class Past:
    """The ledger as one release sees it."""

    pages: tuple[Added, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """The newest entry of every name."""

    @cached_property
    def pages_with(self) -> Mapping[str, list[Added]]:
        """Return the pages that have a name, by name, oldest first."""
        found: dict[str, list[Added]] = {}
        for page in self.pages:
            for name in page.entries:
                found.setdefault(name, []).append(page)
        return found

    @property
    def releases(self) -> tuple[str, ...]:
        """Return the ids of the earlier releases, oldest first."""
        return tuple(page.release for page in self.pages)

    def withheld(self, kpi: str) -> frozenset[Place]:
        """Return what the newest release that has a KPI (``id@version``) withheld of it."""
        pages = (page.withheld[kpi] for page in reversed(self.pages) if kpi in page.withheld)
        return frozenset(next(pages, ()))

    def counts_behind(self, name: str, key: RoundingKey, base: int) -> dict[int, int]:
        """Return the true counts of ``name`` in earlier releases of this key and base, with what they became.

        The newest come first. A seal is tried for the counts that can have become what was published.
        """
        rounded_to: dict[int, int] = {}
        for page in reversed(self.pages_with.get(name, ())):
            if (page.key_id, page.base) == (key.key_id, base):
                entry = page.entries[name]
                near = range(max(0, entry.rounded - base + 1), entry.rounded + base)
                for count in (count for count in near if key.seal(name, count) == entry.seal):
                    rounded_to.setdefault(count, entry.rounded)
        return rounded_to

    def daring(self, kpi: str, restated: frozenset[Scope], newest: Shown) -> list[Shown]:
        """Return what was seen of one KPI, with the ``newest`` release, by who believes whatever nothing disproves.

        He takes a number for the count that it stood for before, whatever else of its day changed, and a ``c`` for the
        count whose number stood there. Of what is hidden on a day of which a number changed he cannot tell: it begins
        anew. Days that are ``restated`` do so whole.
        """
        begun = {scope: number for number, page in enumerate(self.pages) for scope in page.restated}
        begun |= dict.fromkeys(restated, len(self.pages))
        numbers: dict[str, int] = {}
        releases = []
        for number, page in enumerate(self.pages):
            cells = {
                name: entry.cell
                for name, entry in page.entries.items()
                if name.startswith(f"{kpi}/") and begun.get(scope_of(name), 0) <= number
            }
            if cells:
                releases.append(Shown(_hidden_anew(cells, numbers), page.base, floor=page.floor))
        return [*releases, replace(newest, cells=_hidden_anew(newest.cells, numbers))]

    def shown(self, kpi: str, restated: frozenset[Scope], *, believed: bool = True) -> list[Shown]:
        """Return what a reader has seen of one KPI (``id@version``), release by release.

        A day that was restated, or is now (``restated``), begins anew: of its earlier figures none can be
        taken to be of the same people. If earlier figures are ``believed``, it does so only where a count is another
        one: not where counts were only hidden or shown again, nor where a release said that there was nobody and a
        later one hides that there is somebody.
        """
        releases = []
        closed = set(restated)
        for page in reversed(self.pages):
            cells = {
                name: entry.cell
                for name, entry in page.entries.items()
                if name.startswith(f"{kpi}/") and scope_of(name) not in closed
            }
            if cells:
                releases.append(Shown(cells, page.base, floor=page.floor))
            kept = {*page.same, *page.no_longer_nobody} if believed else set()
            closed |= {scope_of(name) for name in {*page.revised, *page.no_longer_nobody} - kept} | set(page.restated)
        return releases[::-1]


def past_of(pages: Iterable[Added]) -> Past:
    """Return the ledger of these pages, oldest first."""
    pages = tuple(pages)
    entries: dict[str, Entry] = {}
    for page in pages:
        entries.update(page.entries)
    return Past(pages, entries)


def page_of(
    past: Past,
    release: str,
    base: int,
    floor: int,
    key_id: str,
    entries: Mapping[str, Entry],
    whole: Iterable[Scope] = (),
    withheld: Mapping[str, Iterable[Place]] | None = None,
) -> Page:
    """Return what a release adds to the ledger; ``whole`` has the days of periods that it restates.

    ``withheld``: what it withholds, by KPI (``id@version``).

    Raises :class:`LedgerError` if it publishes another value for a count that is the same as before.
    """
    changed = revised(past.entries, entries)
    other_key = bool(past.pages) and past.pages[-1].key_id != key_id
    same_terms = bool(past.pages) and not other_key and base == past.pages[-1].base
    same = the_same(past.entries, entries, other_key=other_key)
    contradicted = [
        name
        for name in changed
        if same_terms
        and name not in same
        and entries[name].seal is not None
        and past.entries[name].seal == entries[name].seal
    ]
    if contradicted:
        raise LedgerError(
            f"release {release} would publish another value for counts that have not changed: "
            f"{', '.join(contradicted[:5])}; nothing was published"
        )
    somebody = no_longer_nobody(past.entries, entries)
    whole = tuple(sorted(whole))
    restated = {scope_of(name) for name in (*changed, *somebody)} | set(whole)
    return Page(
        release=release,
        considered=past.releases,
        base=base,
        floor=floor,
        key_id=key_id,
        entries={
            name: entry
            for name, entry in sorted(entries.items())
            if past.entries.get(name) != entry or scope_of(name) in restated
        },
        revised=changed,
        same=same,
        no_longer_nobody=somebody,
        restated=whole,
        withheld={kpi: tuple(sorted(places, key=str)) for kpi, places in (withheld or {}).items()},
    )


def read_past(s3: S3Client, bucket: str, releases: Iterable[str] | None = None) -> Past:
    """Return the ledger, or as it was when it had these ``releases``; :class:`LedgerError` if one is gone."""
    stored = _stored(s3, bucket)
    wanted = list(stored.pages if releases is None else releases)
    digested = _digested(s3, bucket, stored, set(wanted))
    found = [digested.get(release) or _read(s3, bucket, release, stored) for release in wanted]
    return past_of(one.page for one in (sorted(found, key=_age) if releases is None else found))


def read_page(s3: S3Client, bucket: str, release: str) -> Page | None:
    """Return what a release added to the ledger, ``None`` if it has no page; :class:`LedgerError` for a broken one."""
    try:
        return Page.model_validate_json(store.read_bytes(s3, bucket, _key(release)))
    except store.MissingObjectError:
        return None
    except ValidationError:
        raise LedgerError(f"{_key(release)} cannot be read; put back an earlier version of the object") from None


def write_page(s3: S3Client, bucket: str, page: Page) -> None:
    """Append a page; :class:`LedgerError` if there is another one for this release."""
    body = store.canonical_json(page.model_dump(mode="json"))
    if store.write_once(s3, bucket, _key(page.release), body):
        return
    if store.read_bytes(s3, bucket, _key(page.release)) != body:
        raise LedgerError(f"{_key(page.release)} is there and says something else; nothing was published")


def write_digests(s3: S3Client, bucket: str) -> None:
    """Digest what no digest has yet, as many pages at a time as one holds; what is left over waits for more.

    Each page is read for it as its object is now. A digest is written once, like a page.
    """
    stored = _stored(s3, bucket)
    done = _digested(s3, bucket, stored, set(stored.pages))
    rest = sorted((_read(s3, bucket, release, stored) for release in stored.pages if release not in done), key=_age)
    for start in range(0, len(rest) - DIGEST_OF + 1, DIGEST_OF):
        digest = Digest(pages=tuple(rest[start : start + DIGEST_OF]))
        body = store.canonical_json(digest.model_dump(mode="json"))
        store.write_once(s3, bucket, _digest_key(digest.pages[-1].page.release), body)


def stored_releases(s3: S3Client, bucket: str) -> list[str]:
    """Return the releases that have a page."""
    return list(_stored(s3, bucket).pages)


class _Stored(NamedTuple):
    """What is listed of the ledger: ETag by release, and the releases that a digest is called by."""

    pages: dict[str, str]
    digests: list[str]


def _stored(s3: S3Client, bucket: str) -> _Stored:
    stored = _Stored({}, [])
    for listed in store.objects(s3, bucket, FOLDER):
        name = listed["Key"].removeprefix(FOLDER).removesuffix(".json")
        if listed["Key"] == _key(name) and "/" not in name:
            stored.pages[name] = listed["ETag"].strip('"')
        elif listed["Key"].startswith(DIGESTS):
            stored.digests.append(listed["Key"].removeprefix(DIGESTS).removesuffix(".json"))
    return stored


def _digested(s3: S3Client, bucket: str, stored: _Stored, wanted: set[str]) -> dict[str, Digested]:
    """Return the pages of digests by release, as far as their objects are as they were digested."""
    found: dict[str, Digested] = {}
    for name in wanted.intersection(stored.digests):
        try:
            digest = Digest.model_validate_json(store.read_bytes(s3, bucket, _digest_key(name)))
        except (store.MissingObjectError, ValidationError):
            logger.warning("a digest of the ledger cannot be read", extra={"key": _digest_key(name)})
            continue
        found |= {one.page.release: one for one in digest.pages if stored.pages.get(one.page.release) == one.etag}
    return found


def _read(s3: S3Client, bucket: str, release: str, stored: _Stored) -> Digested:
    page = read_page(s3, bucket, release)
    if page is None:
        raise LedgerError(f"{_key(release)} is gone from the ledger, which nothing may be taken from")
    return Digested(etag=stored.pages.get(release, ""), after=len(page.considered), page=page)


def _age(one: Digested) -> tuple[int, str]:
    return one.after, one.page.release


def _key(release: str) -> str:
    return f"{FOLDER}{release}.json"


def _digest_key(release: str) -> str:
    return f"{DIGESTS}{release}.json"
