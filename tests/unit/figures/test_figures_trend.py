"""A number over the runs: line, band, bounds, marks and dates, checked against what was given."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from biasscope.figures.style import house
from biasscope.figures.trend import MANY, RECENT, Course, trend

FIRST = datetime(2026, 1, 5, 3, 0, 0, tzinfo=UTC)
NAN = float("nan")


def drawn(count, *, said=None, bounds=(), value=None, style="real"):
    times = [FIRST + timedelta(days=place) for place in range(count)]
    value = np.linspace(0.4, 0.6, count) if value is None else np.asarray(value, float)
    made = Course(times, value, value - 0.05, value + 0.05, said or [""] * count, list(bounds), style)
    with house():
        return trend(made)


def test_line_band_and_bound():
    axes = drawn(30, bounds=[np.full(30, 0.7)]).axes
    assert len(axes) == 1
    line, bound = axes[0].lines[0], axes[0].lines[1]
    np.testing.assert_allclose(line.get_ydata(), np.linspace(0.4, 0.6, 30))
    assert set(bound.get_ydata()) == {0.7}
    low, high = axes[0].collections[0].get_paths()[0].get_extents().get_points()[:, 1]
    assert (low, high) == (pytest.approx(0.35), pytest.approx(0.65))


def test_a_bound_far_away_does_not_flatten_the_line_unless_it_was_passed():
    far = [np.full(30, 9.0)]
    assert len(drawn(30, bounds=far).axes[0].lines) == len(drawn(30).axes[0].lines)
    failed = ["failed"] * 30
    assert len(drawn(30, bounds=far, said=failed).axes[0].lines) == len(drawn(30, said=failed).axes[0].lines) + 1


def test_failed_and_incomparable_runs_are_marked():
    said = ["", "failed", "passed", "incomparable", "failed"]
    marks = {
        line.get_marker(): line.get_xdata() for line in drawn(5, said=said).axes[0].lines if line.get_ls() == "None"
    }
    assert [len(marks[mark]) for mark in ("X", "o")] == [2, 1]


def test_many_runs_have_the_newest_large_and_all_small():
    count = MANY + 1
    large, small = drawn(count, said=["failed"] * count).axes
    assert len(large.lines[0].get_xdata()) == RECENT
    assert len(small.lines[0].get_xdata()) == count
    assert large.get_position().height > 2 * small.get_position().height


@pytest.mark.parametrize("value", [[NAN] * 3, [NAN, 1.0, NAN], [0.0] * 3, [1e9, -1e9, 0.0], [1.0, 1.0, 1.0 + 1e-12]])
@pytest.mark.parametrize("style", ["real", "share", "count", "signed", "points", "probability"])
def test_odd_numbers_are_drawn(value, style):
    figure = drawn(3, value=value, style=style)
    assert (figure is None) == bool(np.isnan(value).all())
    if figure:
        figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("step", "count", "labels"),
    [
        (timedelta(days=1), 30, ["5 Jan", "12 Jan", "19 Jan", "26 Jan", "3 Feb"]),
        (timedelta(days=1), 2, ["5 Jan", "6 Jan"]),
        (timedelta(days=1), 1, ["5 Jan 2026"]),
        (timedelta(hours=6), 5, ["5 Jan 03:00", "5 Jan 09:00", "5 Jan 15:00", "5 Jan 21:00", "6 Jan 03:00"]),
        (timedelta(days=100), 5, ["Jan 2026", "Apr 2026", "Jul 2026", "Nov 2026", "Feb 2027"]),
        (timedelta(seconds=20), 2, ["03:00:00", "03:00:20"]),
    ],
)
def test_dates_are_as_long_as_they_have_to_be(step, count, labels):
    value = np.arange(count, dtype=float)
    made = Course([FIRST + step * place for place in range(count)], value, value, value, [""] * count, [])
    with house():
        figure = trend(made)
    figure.draw_without_rendering()
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == labels
