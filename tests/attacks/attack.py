"""An attack on published sites: what can be worked out of anybody from what is public, for several kinds of reader.

``python -m tests.attacks.attack SITE …`` takes folders of sites and fails if it finds anything.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.model import Belief, Reader, believe, neighbours
from tests.attacks.reading import WHOLE, Count, Release, read_site
from tests.attacks.solving import Question, Span, answers

READERS = (
    Reader("of what is printed"),
    Reader("who knows the floor", floor=True),
)
"""Those who have all releases, however many there are."""
OF_SEVERAL = (
    Reader("of the newest release alone", floor=True, releases=slice(-1, None)),
    Reader("who missed every other release", floor=True, releases=slice(None, None, -2)),
    Reader("who takes each change for one person added", one_added=True),
)
ONE_DECIMAL_FROM = 1000
"""The method page: percentages out of fewer people are whole."""


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
        kinds = (
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
        found = {kind: [str(one) for one in getattr(self, kind)] for kind in kinds}
        return {kind: these for kind, these in found.items() if these}


def attack(releases: Sequence[Release], readers: Iterable[Reader] | None = None) -> Report:
    """Return what readers can work out from these releases of one site, oldest first."""
    report = Report(formats=[f"{release.name}/{one}" for release in releases for one in release.formats])
    for release in releases:
        report.percentages += _percentages(release)
    if readers is None:
        readers = READERS + (OF_SEVERAL if len(releases) > 1 else ())
    for reader in readers:
        _Attack(report, releases, reader).run()
    return report


def named(count: Count) -> str:
    """Return the name of a count for a report."""
    place = "" if count.cut == WHOLE == count.item else f", {count.item}"
    return f"{count.kpi} {count.measure} {count.part}{place}, {count.period} at {count.day}"


class _Attack:
    """One reader's attack."""

    def __init__(self, report: Report, releases: Sequence[Release], reader: Reader) -> None:
        self.report, self.reader = report, reader
        self.limits = releases[-1].limits
        self.belief: Belief = believe(releases, reader)
        self.kept: dict[str, set[str]] = {
            kind: {one.what for one in getattr(report, kind)}
            for kind in ("exact", "narrow", "certain_small", "floor", "alike")
        }

    def run(self) -> None:
        """Ask for every count, increment, revision and group, and note what is known too well."""
        newest, width, threshold = self.belief.newest, self.limits["width"], self.limits["threshold"]
        lots = self.belief.system.lots()
        lot_of = {unknown: lot for lot in lots for unknown in lot.members}
        of_lot = {}
        for version in self.belief.versions:
            of_lot.setdefault(id(lot_of[version.true]), version)
        for key, version in of_lot.items():
            if not lot_of[version.true].can_be() and not self.reader.one_added:
                self._note("contradictions", f"what is said with {named(version.count)}", None)
            del key
        questions: list[Question] = []
        about: list[tuple[str, object]] = []
        for version in self.belief.versions:
            if version.shown in {0, "z"}:
                continue
            small = version.count.cut != WHOLE
            questions.append(Question(((version.true, 1),), width, threshold if small else 1))
            about.append(("count", version))
        pairs = [(newest[a], newest[b]) for a, b in neighbours(newest)]
        for kind, these in (("increment", pairs), ("revision", [] if self.reader.one_added else self.belief.changed)):
            for before, after in these:
                if {before.shown, after.shown} <= {0, "z"}:
                    continue
                questions.append(Question(((after.true, 1), (before.true, -1)), width))
                about.append((kind, (before, after)))
        for count, part in newest.items():
            whole = newest.get(count._replace(part="denominator"))
            if count.part == "numerator" and whole is not None and count.cut != WHOLE and whole.shown not in {0, "z"}:
                questions.append(Question(((whole.true, 1), (part.true, -1)), 1, 1))
                about.append(("group", (part, whole)))
        given = answers(lots, questions)
        for (kind, what), span in zip(about, given, strict=True):
            self._judge(kind, what, span)

    def _judge(self, kind: str, what: object, span: Span | None) -> None:
        report, width = self.report, self.limits["width"]
        if kind == "count":
            version = what
            report.counts += 1
            name = named(version.count)
            if span is None:
                self._note_unsolved(name, [version.true])
            elif span.high == 0:
                return
            elif span.width == 0:
                self._note("exact", name, span)
            elif span.width < width:
                self._note("narrow", name, span)
            if span is None or not span.width:
                return
            if version.by_floor:
                if (span.low, span.high) != (1, self.limits["floor"] - 1):
                    self._note("floor", name, span)
            elif version.count.cut != WHOLE and span.high < self.limits["threshold"]:
                self._note("certain_small", name, span)
            return
        before, after = what
        if kind == "group":
            if span is not None and span.high <= 0:
                self._note("alike", f"{named(before.count)}, of all", span)
            return
        name = f"{kind} of {named(after.count)}"
        setattr(report, f"{kind}s", getattr(report, f"{kind}s") + 1)
        if span is None:
            self._note_unsolved(name, [before.true, after.true])
        elif span.width < width:
            self._note("narrow", name, span)

    def _note(self, kind: str, what: str, span: Span | None) -> None:
        """Note a finding once, for the first reader who makes it."""
        if what not in self.kept.setdefault(kind, set()):
            self.kept[kind].add(what)
            getattr(self.report, kind).append(Found(what, self.reader.name, span))

    def _note_unsolved(self, what: str, unknowns: Sequence[int]) -> None:
        del unknowns
        if not self.reader.one_added:
            self._note("unsolved", what, None)


def _percentages(release: Release) -> Iterable[Found]:
    """Yield each percentage that has a decimal too many, or is out of too few."""
    from tests.attacks.public import is_about_people

    for one in release.percentages:
        out_of = release.shown[one.denominator]
        if not is_about_people(one.denominator) or not isinstance(out_of, int):
            continue
        if one.decimals > (out_of >= ONE_DECIMAL_FROM) or out_of < release.limits["percentage_floor"]:
            yield Found(f"{one.text}%, {named(one.numerator)}", "of what is printed")


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
