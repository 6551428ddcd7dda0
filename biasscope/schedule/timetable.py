"""When a report is due: ISO durations and times of the day, in a time zone, as moments in UTC.

Moments are counted from the calendar and not from the last run, so that a trigger that comes a second late or early
does not push them along: ``P1D`` is every midnight, ``P1W`` every Monday, ``P1M`` every first of the month, ``PT6H`` 0,
6, 12 and 18 o'clock (of standard time: hours are elapsed time). Where clocks are put forward over a time of the day,
the moment is as much later as they jump; where they are put back, the first of the two counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from biasscope.core.errors import UsageError

ORIGIN = date(2001, 1, 1)
"""A Monday, the first of a month and of a year: durations are counted from it."""
MOST = 100 * 12
"""Longest duration, in months."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)

_DURATION = re.compile(
    r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
)
_AT = re.compile(r"(?:(?P<days>\S+)\s+)?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_MONTHDAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")


@dataclass(frozen=True)
class Daily:
    """A time of the day on the days for which ``on`` holds; of ``reach`` days in a row it holds for one at least."""

    on: Callable[[date], bool]
    at: time
    zone: tzinfo
    reach: int

    def last(self, now: datetime) -> datetime:
        """Latest moment that is not after ``now``."""
        first = now.astimezone(self.zone).date() + DAY  # a clock that is put back over midnight is a day ahead
        return next(at for at in self._moments(first, -1) if at <= now)

    def next(self, now: datetime) -> datetime:
        """First moment after ``now``."""
        first = now.astimezone(self.zone).date() - DAY
        return next(at for at in self._moments(first, 1) if at > now)

    def _moments(self, first: date, step: int) -> Iterator[datetime]:
        days = (first + step * DAY * number for number in range(2 * self.reach + 3))
        return (datetime.combine(day, self.at, self.zone).astimezone(UTC) for day in days if self.on(day))


@dataclass(frozen=True)
class Elapsed:
    """Moments that lie ``step`` apart, in elapsed time from ``start``."""

    step: timedelta
    start: datetime
    zone: tzinfo

    def last(self, now: datetime) -> datetime:
        """Latest moment that is not after ``now``."""
        return self.start + (now - self.start) // self.step * self.step

    def next(self, now: datetime) -> datetime:
        """First moment after ``now``."""
        return self.last(now) + self.step


Timetable = Daily | Elapsed


def every(text: str, zone: tzinfo) -> Timetable:
    """Timetable of an ISO 8601 duration, such as P1D, PT6H, P2W or P1M.

    Raises
    ------
    UsageError
        It is no duration, is nothing or too long, or mixes months, days and hours.

    Examples
    --------
    >>> every("P1W", ZoneInfo("UTC")).last(datetime(2026, 3, 29, 12, tzinfo=UTC)).isoformat()
    '2026-03-23T00:00:00+00:00'
    """
    hint = "Say P1D, P2W, P1M, PT6H or PT30M: months, or weeks and days, or hours, minutes and seconds."
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or text.strip().upper().endswith("T"):
        raise UsageError(f"{text!r} is no ISO 8601 duration", where="every", hint=hint)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    months, days, seconds = 12 * years + months, 7 * weeks + days, 3600 * hours + 60 * minutes + seconds
    if (months > 0) + (days > 0) + (seconds > 0) != 1:
        raise UsageError(f"{text!r} is nothing, or mixes units", where="every", hint=hint)
    if months > MOST or days > 31 * MOST or seconds > 86400 * 31 * MOST:
        raise UsageError(f"{text!r} is longer than a hundred years", where="every", hint=hint)
    if seconds:
        return Elapsed(timedelta(seconds=seconds), datetime.combine(ORIGIN, time(), zone).astimezone(UTC), zone)
    if days:
        return Daily(lambda day: (day - ORIGIN).days % days == 0, time(), zone, days)
    return Daily(lambda day: day.day == 1 and _months(day) % months == 0, time(), zone, 31 * months)


def at(text: str, zone: tzinfo) -> Timetable:
    """Timetable of a time of the day, such as 03:00, mon 03:00, mon,thu 03:00, mon-fri 03:00, 1st 03:00, last 03:00.

    Raises
    ------
    UsageError
        It is none of these.

    Examples
    --------
    >>> at("1st 03:30", ZoneInfo("Europe/Berlin")).next(datetime(2026, 3, 29, 12, tzinfo=UTC)).isoformat()
    '2026-04-01T01:30:00+00:00'
    """
    found = _AT.fullmatch(text.strip().lower())
    if found is None:
        raise _no_time(text)
    clock = time(int(found["hour"]), int(found["minute"]))
    days = found["days"]
    if days is None:
        return Daily(lambda day: True, clock, zone, 1)
    if days == "last":
        return Daily(lambda day: (day + DAY).day == 1, clock, zone, 31)
    if monthday := _MONTHDAY.fullmatch(days):
        number = int(monthday[1])
        if not 1 <= number <= 28:
            raise UsageError(f"not every month has a day {number}", where="at", hint="Say 1st to 28th, or last.")
        return Daily(lambda day: day.day == number, clock, zone, 31)
    chosen = {number for part in days.split(",") for number in _weekdays(part, text)}
    return Daily(lambda day: day.weekday() in chosen, clock, zone, 7)


def zone(name: str) -> tzinfo:
    """Time zone by its IANA name, UTC also where there is no database of them; a UsageError when there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "Names are as UTC, Europe/Berlin or America/New_York; a system without any needs the package tzdata."
        raise UsageError(f"no time zone is called {name!r}", where="timezone", hint=hint) from error


def _months(day: date) -> int:
    return 12 * (day.year - ORIGIN.year) + day.month - 1


def _weekdays(part: str, text: str) -> list[int]:
    """Weekdays of one name or of a range of two, which may run over Sunday."""
    names = WEEKDAYS + LONG
    first, dash, final = part.partition("-")
    if first not in names or (dash and final not in names):
        raise _no_time(text)
    start = names.index(first) % 7
    length = (names.index(final) - start) % 7 if dash else 0
    return [(start + number) % 7 for number in range(length + 1)]


def _no_time(text: str) -> UsageError:
    hint = "Say 03:00, mon 03:00, mon,thu 03:00, mon-fri 03:00, 1st 03:00 or last 03:00."
    return UsageError(f"{text!r} is no time", where="at", hint=hint)
