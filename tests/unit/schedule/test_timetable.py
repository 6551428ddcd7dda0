"""Moments at which a report is due, against brute force over all days, in every time zone and over clock changes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.schedule.timetable import Timetable, at, every, zone

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
moments = st.datetimes(datetime(2002, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
clocks = st.tuples(st.integers(0, 23), st.integers(0, 59))
days = st.sampled_from(["", "mon ", "sat,tue ", "mon-fri ", "fri-mon ", "1st ", "28th ", "last "])
durations = st.sampled_from(
    ["P1D", "P3D", "P1W", "P2W", "P10D", "P1M", "P3M", "P1Y", "PT6H", "PT1H30M", "PT45S", "PT30M"]
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def holds(text: str, day: date) -> bool:
    """Days of a text, written another way than in the package."""
    return {
        "": True,
        "mon ": day.isoweekday() == 1,
        "sat,tue ": day.isoweekday() in (6, 2),
        "mon-fri ": day.isoweekday() <= 5,
        "fri-mon ": day.isoweekday() in (5, 6, 7, 1),
        "1st ": day.day == 1,
        "28th ": day.day == 28,
        "last ": (day + DAY).month != day.month,
    }[text]


@given(days, clocks, zones, moments)
def test_times_of_the_day_against_all_days_around(
    text: str, clock: tuple[int, int], place: ZoneInfo, now: datetime
) -> None:
    timetable = at(f"{text}{clock[0]:02d}:{clock[1]:02d}", place)
    around = [now.date() + DAY * number for number in range(-40, 41)]
    there = [datetime.combine(day, time(*clock), place).astimezone(UTC) for day in around if holds(text, day)]
    assert timetable.last(now) == max(moment for moment in there if moment <= now)
    assert timetable.next(now) == min(moment for moment in there if moment > now)


@given(durations, zones, moments)
def test_moments_neither_overlap_nor_leave_gaps(text: str, place: ZoneInfo, now: datetime) -> None:
    timetable = every(text, place)
    last, following = timetable.last(now), timetable.next(now)
    assert last <= now < following
    assert timetable.last(last) == last
    assert timetable.next(last) == following
    assert timetable.last(following) == following
    assert timetable.last(following - timedelta(seconds=1)) == last


@given(durations, moments, st.integers(1, 20))
def test_a_trigger_a_little_late_changes_nothing(text: str, now: datetime, late: int) -> None:
    timetable = every(text, ZoneInfo("UTC"))
    moment = timetable.next(now)
    assert timetable.last(moment + timedelta(seconds=late)) == moment


@pytest.mark.parametrize(
    ("timetable", "now", "last", "following"),
    [
        (every("P1D", BERLIN), "2026-11-21T12:00+01:00", "2026-11-21T00:00+01:00", "2026-11-22T00:00+01:00"),
        (every("P1W", BERLIN), "2026-11-21T12:00+01:00", "2026-11-16T00:00+01:00", "2026-11-23T00:00+01:00"),
        (every("P2W", BERLIN), "2001-01-20T12:00+01:00", "2001-01-15T00:00+01:00", "2001-01-29T00:00+01:00"),
        (every("P1M", BERLIN), "2026-11-21T12:00+01:00", "2026-11-01T00:00+01:00", "2026-12-01T00:00+01:00"),
        (every("P5M", BERLIN), "2001-07-21T12:00+02:00", "2001-06-01T00:00+02:00", "2001-11-01T00:00+01:00"),
        (every("P1Y", BERLIN), "2026-11-21T12:00+01:00", "2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        (every("PT6H", BERLIN), "2026-11-21T12:00+01:00", "2026-11-21T12:00+01:00", "2026-11-21T18:00+01:00"),
        (every("PT36H", ZoneInfo("UTC")), "2001-01-02T13:00Z", "2001-01-02T12:00Z", "2001-01-04T00:00Z"),
        (at("3:00", BERLIN), "2026-11-21T02:59:59+01:00", "2026-11-20T03:00+01:00", "2026-11-21T03:00+01:00"),
        (at("03:00", BERLIN), "2026-11-21T03:00+01:00", "2026-11-21T03:00+01:00", "2026-11-22T03:00+01:00"),
        (at("Monday 23:59", BERLIN), "2026-11-21T12:00+01:00", "2026-11-16T23:59+01:00", "2026-11-23T23:59+01:00"),
        (at("last 03:00", BERLIN), "2028-02-29T04:00+01:00", "2028-02-29T03:00+01:00", "2028-03-31T03:00+02:00"),
    ],
)  # fmt: skip
def test_moments_by_hand(timetable: Timetable, now: str, last: str, following: str) -> None:
    assert timetable.last(utc(now)) == utc(last)
    assert timetable.next(utc(now)) == utc(following)


def test_a_time_that_clocks_jump_over_is_as_much_later() -> None:
    timetable = at("02:30", BERLIN)  # on 29 March 2026 clocks go from 2 to 3
    assert timetable.next(utc("2026-03-28T12:00+01:00")) == utc("2026-03-29T03:30+02:00")
    assert timetable.next(utc("2026-03-29T03:30+02:00")) == utc("2026-03-30T02:30+02:00")


def test_a_time_that_comes_twice_counts_once() -> None:
    timetable = at("02:30", BERLIN)  # on 25 October 2026 clocks go from 3 back to 2
    first = utc("2026-10-25T02:30+02:00")
    assert timetable.next(utc("2026-10-25T01:00+02:00")) == first
    assert timetable.last(utc("2026-10-25T02:45+01:00")) == first
    assert timetable.next(first) == utc("2026-10-26T02:30+01:00")


def test_clocks_put_back_over_midnight() -> None:
    timetable = at("00:00", ZoneInfo("America/St_Johns"))  # on 7 November 2010 at 00:01 back to 23:01
    assert timetable.last(utc("2010-11-06T23:30-03:30")) == utc("2010-11-07T00:00-02:30")


def test_a_day_that_was_left_out() -> None:
    timetable = at("12:00", ZoneInfo("Pacific/Apia"))  # there was no 30 December 2011
    assert timetable.next(utc("2011-12-29T13:00-10:00")) == utc("2011-12-31T12:00+14:00")


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "1D", "P0D", "PT0S", "P1DT1H", "P1M1D", "P1.5D", "-P1D", "P200Y", "P99999999D",
     "PT999999999999S", "P" + "9" * 5000 + "D", "daily", "P1H"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="every"):
        every(text, BERLIN)


@pytest.mark.parametrize("text", ["P100Y", "P1200M", "P37200D", "PT892800H"])
def test_a_hundred_years_are_the_longest(text: str) -> None:
    now = utc("2026-11-21T12:00Z")
    assert every(text, ZoneInfo("UTC")).last(now) == utc("2001-01-01T00:00Z")
    longer = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), text)
    with pytest.raises(UsageError, match="hundred years"):
        every(longer, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "text",
    ["", "24:00", "3:60", "3", "03:00:00", "someday 03:00", "mon", "mon, tue 03:00", "29th 03:00", "0th 03:00",
     "mon-someday 03:00", "-mon 03:00", "mon- 03:00", "first 03:00"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="at"):
        at(text, BERLIN)


@pytest.mark.parametrize("name", ["", "Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(UsageError, match="timezone"):
        zone(name)


def test_utc_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.schedule.timetable.ZoneInfo", None)
    assert zone("UTC") is UTC


def test_lower_case_and_spaces_are_taken() -> None:
    now = utc("2026-11-21T12:00Z")
    assert every(" p1d ", BERLIN).next(now) == every("P1D", BERLIN).next(now)
    assert at(" MON  03:00 ", BERLIN).next(now) == at("mon 03:00", BERLIN).next(now)
