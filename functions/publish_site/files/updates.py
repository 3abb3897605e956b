"""When figures are updated next: the release calendar as dates, as rows of its page and as iCalendar.

Figures about people move once a month, to the month end that has just passed: by the daily run
of the 1st, which works out the day before, and by a second one three hours later should that have
failed (template.yaml, ``Daily`` and ``MonthlyRelease``). All others may move any day.
The calendar is worked out from the newest release, so that it changes when a release does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from functions.publish_site import words
from placements_kpi import months

if TYPE_CHECKING:
    from functions.publish_site.inventory import Entry, Inventory

CALENDAR_KEY = "calendar.ics"
MONTHS_AHEAD = 12
DAYS_AHEAD = 365
RELEASE_DAY = 1
"""Day of the month on which figures about people move."""

_LONGEST_LINE = 75
"""Bytes of a line of iCalendar (RFC 5545, 3.1); what is longer goes on in the next, after a space."""


@dataclass(frozen=True)
class Update:
    """A day on which figures about people move, and the month end they move to."""

    on: date
    month_end: date

    @property
    def words(self) -> str:
        """What moves, for a list and a calendar."""
        return f"Figures about people, up to {words.day(self.month_end)}"


def next_updates(inventory: Inventory) -> list[Update]:
    """Return the monthly updates of the year ahead of the newest release, soonest first; none before any release."""
    entries = inventory.newest_first()
    if not entries:
        return []
    end = months.next_end(entries[0].as_of)
    updates: list[Update] = []
    for _ in range(MONTHS_AHEAD):
        updates.append(Update(end + timedelta(days=RELEASE_DAY), end))
        end = months.next_end(end)
    return updates


def icalendar(inventory: Inventory, host: str) -> bytes:
    """Return the calendar in iCalendar's format: a day for each monthly update, and every day for all others."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{words.PUBLISHER}//{words.SERVICE_NAME}//EN"]
    lines += [f"X-WR-CALNAME:{words.SERVICE_NAME}: updates"]
    entries = inventory.newest_first()
    if entries:
        daily = "Figures about schools and providers can be updated"
        lines += _event(
            entries[0],
            host,
            "organisations",
            entries[0].as_of + timedelta(days=1),
            daily,
            f"FREQ=DAILY;COUNT={DAYS_AHEAD}",
        )
    for update in next_updates(inventory):
        lines += _event(entries[0], host, f"people-{update.month_end:%Y-%m}", update.on, update.words)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _event(newest: Entry, host: str, name: str, on: date, summary: str, rule: str = "") -> list[str]:
    # The form of a day that iCalendar wants is eight digits; the gate's scanner knows it by the name of its line.
    return [
        "BEGIN:VEVENT",
        f"UID:{name}.{host.split(':')[0]}",
        f"DTSTAMP:{newest.published:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{on:%Y%m%d}",
        f"DTEND;VALUE=DATE:{on + timedelta(days=1):%Y%m%d}",
        *([f"RRULE:{rule}"] if rule else []),
        f"SUMMARY:{_escaped(summary)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    folded, width = "", 0
    for letter in line:
        size = len(letter.encode())
        if width + size > _LONGEST_LINE:
            folded, width = f"{folded}\r\n ", 1
        folded, width = folded + letter, width + size
    return folded
