"""An attack on published sites: what can be worked out of anybody from what is public, for several kinds of reader.

``python -m tests.attacks.attack SITE …`` takes folders of sites and fails if it finds anything.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tests.attacks.model import At, Reader, Version, believe, is_ratio, neighbours, point_of
from tests.attacks.public import is_about_people
from tests.attacks.reading import WHOLE, Count, Release, read_site
from tests.attacks.solving import FAR, Lot, Question, Span, answers

Judge = Callable[[Span | None], object]

PLAIN = Reader("of what is printed")
KNOWING = Reader("who knows the floor", floor=True)
OF_SEVERAL = (
    Reader("of the newest release alone", floor=True, releases=slice(-1, None)),
    Reader("who missed every other release", floor=True, releases=slice(None, None, -2)),
    Reader("who takes each change for one person added", one_added=True),
)
ONE_DECIMAL_FROM = 1000
"""The method page: percentages out of fewer people are whole."""


KINDS = (
    "exact",
    "narrow",
    "certain_small",
    "floor",
    "alike",
    "percentages",
    "formats",
    "contradictions",
    "unsolved",
)


@dataclass(frozen=True)
class Found:
    """One thing that can be worked out: of what, by whom, and what it can still be."""

    what: str
    reader: str
    span: Span | None = None

    def __str__(self) -> str:
        """Return it in words."""
        between = f" is {self.span.low} to {self.span.high}" if self.span else ""
        return f"{self.what}{between} (reader {self.reader})"


@dataclass
class Report:
    """Everything that was found, by kind, and how much was tried."""

    exact: list[Found] = field(default_factory=list)
    """Counts of somebody that are known to the last one."""
    narrow: list[Found] = field(default_factory=list)
    """Counts, increments and revisions that are known to less than the width."""
    certain_small: list[Found] = field(default_factory=list)
    """Counts of a region or category of which it is certain that there is somebody, and fewer than the threshold."""
    floor: list[Found] = field(default_factory=list)
    """Counts hidden by the floor of which more is known than that."""
    alike: list[Found] = field(default_factory=list)
    """Groups of which everybody is certainly counted."""
    percentages: list[Found] = field(default_factory=list)
    """Percentages finer than the method allows, or that the numbers beside them do not give."""
    formats: list[str] = field(default_factory=list)
    contradictions: list[Found] = field(default_factory=list)
    """What a reader believes cannot all be true."""
    unsolved: list[Found] = field(default_factory=list)
    counts: int = 0
    increments: int = 0
    revisions: int = 0

    def findings(self) -> dict[str, list[str]]:
        """Return everything that was found, in words, by kind; empty if nothing was."""
        found = {kind: [str(one) for one in getattr(self, kind)] for kind in KINDS}
        return {kind: these for kind, these in found.items() if these}


def attack(releases: Sequence[Release], truth: Mapping[str, Mapping[Count, int]] | None = None) -> Report:
    """Return what readers can work out from these releases of one site, oldest first.

    With the true counts by release, who takes each change for one person added does so only where he is right:
    where he is not, he works out nothing about anybody.
    """
    report = Report(formats=[f"{release.name}/{one}" for release in releases for one in release.formats])
    for release in releases:
        report.percentages += _percentages(release)
    knowing = _Attack(report, releases, KNOWING)
    knowing.run()
    # Who knows less finds nothing else, but that a count is small where the floor's own symbol is not why.
    _Attack(report, releases, PLAIN).run(None if report.contradictions else knowing.few)
    for reader in OF_SEVERAL if len(releases) > 1 else ():
        _Attack(report, releases, replace(reader, right=truth) if reader.one_added else reader).run()
    if report.contradictions:  # what is published does not keep to the method; the truth still does
        _Attack(report, releases, replace(PLAIN, name="who does not trust the method", trusts=False)).run()
    return report


def named(count: Count) -> str:
    """Return the name of a count for a report."""
    place = "" if count.cut == WHOLE == count.item else f", {count.item}"
    return f"{count.kpi} {count.measure} {count.part}{place}, {count.period} at {count.day}"


class _Attack:
    """One reader's attack."""

    def __init__(self, report: Report, releases: Sequence[Release], reader: Reader) -> None:
        self.report, self.limits, self.few_accepted = report, releases[-1].limits, releases[-1].few_accepted
        # Who is right that one person was added is left with as many numbers as the base (decision 34).
        self.width = min(self.limits["width"], self.limits["base"] - 1) if reader.one_added else self.limits["width"]
        # He who goes by what is printed sees where it does not keep to what gives way.
        self.belief = believe(releases, replace(reader, floor=False, one_added=False))
        while wrong := self._impossible() - reader.gave_way:
            reader = replace(reader, gave_way=reader.gave_way | wrong)
            self.belief = believe(releases, replace(reader, floor=False, one_added=False))
        if reader.floor or reader.one_added:
            self.belief = believe(releases, reader)
        while reader.floor and (wrong := self._impossible() - reader.doubts):
            # What is hidden there cannot all be under the floor: he takes it for withheld, as the method says.
            reader = replace(reader, doubts=reader.doubts | (self._alone(releases, reader, wrong) or wrong))
            self.belief = believe(releases, reader)
        self.reader = reader
        self.lots: list[Lot] = []
        self.few: set[Count] = set()
        """Counts that the floor's own symbol says to be small."""
        self.said = {(kind, one.what) for kind in KINDS if kind != "formats" for one in getattr(report, kind)}

    def run(self, only: Container[Count] | None = None) -> None:
        """Ask for every count, increment, revision and group, or for some counts; note what is known too well."""
        lots = self.lots = self.belief.system.lots()
        if only is None:
            self._contradictions(lots)
            asked = [*self._counts(), *self._changes(), *self._groups()]
        else:
            asked = [*self._counts(only)]
        for (_, judge), span in zip(asked, answers(lots, [question for question, _ in asked]), strict=True):
            judge(span)

    def _alone(self, releases: Sequence[Release], reader: Reader, wrong: frozenset[At]) -> frozenset[At]:
        """Return the points that cannot be as he believes whatever others are; one of each period is tried at once."""
        periods: dict[tuple[str, str], list[At]] = defaultdict(list)
        for point in sorted(wrong):
            periods[point[:2]].append(point)
        found: frozenset[At] = frozenset()
        for tried in map(frozenset, itertools.zip_longest(*periods.values(), fillvalue=("", "", ""))):
            self.belief = believe(releases, replace(reader, doubts=reader.doubts | wrong - tried))
            found |= self._impossible() & tried
        return found

    def _impossible(self) -> frozenset[At]:
        """Return the points of which not everything that he believes can be true."""
        of = {unknown: one.count for one in self.belief.versions for unknown in (one.true, one.printed)}
        lots = [lot for lot in self.belief.system.lots() if not lot.can_be()]
        return frozenset(point_of(of[unknown]) for lot in lots for unknown in lot.members if unknown in of)

    def _contradictions(self, lots: Iterable[Lot]) -> None:
        if self.reader.may_be_wrong:
            return  # he sees that it was not one person, and is none the wiser
        of = {unknown: one.count for one in self.belief.versions for unknown in (one.true, one.printed)}
        for lot in lots:
            if not lot.can_be():
                names = sorted({named(of[unknown]) for unknown in lot.members if unknown in of})
                self._note("contradictions", f"what is said of {len(names)} counts, {names[0]} among them", None)

    def _counts(self, only: Container[Count] | None = None) -> Iterator[tuple[Question, Judge]]:
        for version in self.belief.versions:
            if version.shown in {0, "z"} or (only is not None and version.count not in only):
                continue
            reach = self.limits["threshold"] if version.count.cut != WHOLE else 1
            self.report.counts += only is None
            yield Question(((version.true, 1),), self.width, reach), partial(self._count, version)

    def _count(self, version: Version, span: Span | None) -> None:
        name = named(version.count)
        if self._is_narrow(name, span) or span is None or span.high == 0:
            return
        if version.count.cut == WHOLE or span.high >= self.limits["threshold"]:
            return
        if not version.by_floor:
            # Whoever approved the limits may have accepted that a ``c`` is known to be all that is under the floor.
            whole = version.shown == "c" and span.low <= 1 and span.high >= self.limits["floor"] - 1
            if not (whole and self.few_accepted):
                self._note("certain_small", name, span)
            return
        self.few.add(version.count)
        if span.low > 1 or span.high < self.limits["floor"] - 1:
            self._note("floor", name, span)

    def _changes(self) -> Iterator[tuple[Question, Judge]]:
        newest = self.belief.newest
        increments = [(newest[one], newest[other]) for one, other in neighbours(newest)]
        revisions = [] if self.reader.one_added else self.belief.changed
        for kind, pairs in (("increment", increments), ("revision", revisions)):
            told = [(before, after) for before, after in pairs if not {before.shown, after.shown} <= {0, "z"}]
            setattr(self.report, f"{kind}s", getattr(self.report, f"{kind}s") + len(told))
            for before, after in told:
                terms = ((after.true, 1), (before.true, -1))
                name = f"{kind} of {named(after.count)}"
                yield Question(terms, self.width), partial(self._is_narrow, name)

    def _groups(self) -> Iterator[tuple[Question, Judge]]:
        newest = self.belief.newest
        for count, part in newest.items():
            whole = newest.get(count._replace(part="denominator"))
            if count.part == "numerator" and count.cut != WHOLE and whole is not None and whole.shown not in {0, "z"}:
                yield Question(((whole.true, 1), (part.true, -1)), 1, 1), partial(self._alike, part, whole)

    def _alike(self, part: Version, whole: Version, span: Span | None) -> None:
        """Note that everybody of a group is counted, if there is certainly somebody in it."""
        if span is not None and span.high == 0:
            (of_all,) = answers(self.lots, [Question(((whole.true, 1),), FAR)])
            if of_all is None or of_all.low > 0:
                self._note("alike", named(part.count), span)

    def _is_narrow(self, name: str, span: Span | None) -> bool:
        """Note what is known to less than the width; that there is nobody is about nobody."""
        if span is None:
            if not self.reader.may_be_wrong:
                self._note("unsolved", name, None)
        elif span.width == 0 and span.high and not name.startswith("increment"):
            self._note("exact", name, span)
        elif span.width < self.width and (span.low or span.high):
            self._note("narrow", name, span)
        else:
            return False
        return True

    def _note(self, kind: str, what: str, span: Span | None) -> None:
        """Note a finding once, for the first reader who makes it."""
        if (kind, what) not in self.said:
            self.said.add((kind, what))
            getattr(self.report, kind).append(Found(what, self.reader.name, span))


def _percentages(release: Release) -> Iterator[Found]:
    """Yield each percentage of people with a decimal too many, out of too few, or not that of the numbers beside it."""
    for one in release.percentages:
        part, whole = release.shown[one.numerator], release.shown[one.denominator]
        if not (is_about_people(one.denominator) and isinstance(part, int) and isinstance(whole, int)):
            continue
        too_fine = one.decimals > (whole >= ONE_DECIMAL_FROM) or whole < release.limits["percentage_floor"]
        if too_fine or not is_ratio(one, part, whole):
            yield Found(f"{one.text}% for {named(one.numerator)}", PLAIN.name)


def main(sites: Sequence[str]) -> int:
    """Attack each site folder, say what was found, and return 1 if anything was."""
    wrong = 0
    for site in sites:
        began = time.process_time()
        releases = read_site(Path(site))
        report = attack(releases)
        seconds = time.process_time() - began
        print(
            f"{site}: {len(releases)} releases, {report.counts} counts, {report.increments} increments and "
            f"{report.revisions} revisions tried in {seconds:.0f} s of CPU time"
        )
        for kind, found in report.findings().items():
            wrong = 1
            print(f"  {kind}: {len(found)}")
            for one in found[:20]:
                print(f"    {one}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
