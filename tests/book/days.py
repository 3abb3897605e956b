"""Days, by the book's words alone: London days, month ends, clamped months."""

import calendar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london(instant: datetime | None) -> date | None:
    """Return the London day of an instant in UTC."""
    return None if instant is None else instant.replace(tzinfo=UTC).astimezone(LONDON).date()


def last_of_month(year: int, month: int) -> date:
    """Return the last day of a month; months beyond 12 run into later years, those below 1 into earlier ones."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def month_end_by(day: date) -> date:
    """Return the newest month end that has come by ``day``."""
    this = last_of_month(day.year, day.month)
    return this if this == day else last_of_month(day.year, day.month - 1)


def months_later(day: date, months: int) -> date:
    """Return the day that many calendar months later (or earlier), clamped at the month's end."""
    last = last_of_month(day.year, day.month + months)
    return last.replace(day=min(day.day, last.day))


def by(moment: date | None, day: date) -> bool:
    """Whether something that carries a date had happened by the end of ``day``; without a date it had not."""
    return moment is not None and moment <= day
