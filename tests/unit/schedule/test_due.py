"""Whether a report is due: once a moment, whatever the trigger, the downtime and the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from biasscope.schedule.due import due
from biasscope.schedule.timetable import Timetable, at, every

SECOND = timedelta(seconds=1)
timetables = st.sampled_from(
    [
        every("P1D", ZoneInfo("UTC")),
        every("PT6H", ZoneInfo("Asia/Tokyo")),
        every("P1W", ZoneInfo("America/New_York")),
        at("02:30", ZoneInfo("Europe/Berlin")),
        at("mon,thu 23:59", ZoneInfo("Australia/Lord_Howe")),
    ]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(timetables, moments, st.lists(st.integers(1, 200_000), max_size=40))
def test_each_moment_is_served_once_and_none_is_forgotten(
    timetable: Timetable, start: datetime, waits: list[int]
) -> None:
    """Triggers come at any time: between two of them lies a moment if and only if the second one runs."""
    last, now = start, start
    for wait in waits:
        before, now = now, now + wait * SECOND
        runs = due(timetable, last, now).now
        assert runs == (before < timetable.last(now))
        last = now if runs else last


@given(timetables, moments, moments)
def test_after_a_run_it_is_not_due_at_once(timetable: Timetable, last: datetime, now: datetime) -> None:
    assert due(timetable, None, now).now
    assert not due(timetable, now, now).now
    found = due(timetable, last, now)
    assert found.set_back == (last > now)
    assert found.now or (last <= now < found.next and due(timetable, last, found.next).now)


def test_fractions_of_a_second_do_not_count() -> None:
    moment = datetime(2026, 3, 10, tzinfo=UTC)
    timetable = every("P1D", ZoneInfo("UTC"))
    assert not due(timetable, moment, moment + timedelta(microseconds=999_999)).now
    assert due(timetable, moment - SECOND, moment + timedelta(microseconds=1)).now
