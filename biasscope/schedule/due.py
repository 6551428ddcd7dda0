"""Whether a report is due, and why: from its timetable, its last run and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from biasscope.schedule.timetable import Timetable


@dataclass(frozen=True)
class Due:
    """Whether to run now and the reason in words; ``next`` is when it is due otherwise (or again)."""

    now: bool
    why: str
    next: datetime
    set_back: bool = False


def due(timetable: Timetable, last: datetime | None, now: datetime) -> Due:
    """Whether a report whose last run started at ``last`` is due at ``now``.

    However many moments went by since the last run, it is due once. A last run in the future means that the clock was
    set back: when the next moment comes is then unknown, so it is due.

    Examples
    --------
    >>> from datetime import UTC
    >>> from zoneinfo import ZoneInfo
    >>> from biasscope.schedule.timetable import at
    >>> now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    >>> due(at("03:00", ZoneInfo("UTC")), datetime(2026, 3, 27, 3, tzinfo=UTC), now).why
    'due since 2026-03-29 03:00 UTC'
    """
    now, zone = now.replace(microsecond=0), timetable.zone  # records have no fractions of a second
    moment, following = timetable.last(now), timetable.next(now)
    if last is None:
        return Due(True, "has not run yet", following)
    if last > now:
        why = f"its last run started at {said(last, zone)}, which is in the future: the clock was set back"
        return Due(True, why, following, set_back=True)
    if last < moment:
        return Due(True, f"due since {said(moment, zone)}", following)
    return Due(False, f"not due until {said(following, zone)}", following)


def said(moment: datetime, zone: tzinfo) -> str:
    """Moment for people, to the minute.

    >>> from zoneinfo import ZoneInfo
    >>> said(datetime.fromisoformat("2026-03-29T03:00:59+00:00"), ZoneInfo("Europe/Berlin"))
    '2026-03-29 05:00 CEST'
    """
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
