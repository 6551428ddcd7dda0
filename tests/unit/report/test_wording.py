"""Ways to show a number: which one its name and unit ask for, and what it says at its edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.results import Scalar, interval
from biasscope.report import wording


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("copies_needed@small:4 plain", "", "amount"),
        ("extrapolated@net", "", "amount"),
        ("decibels@net", "dB", "amount"),
        ("size_ratio2", "", "amount"),
        ("ripple@net", "", "real"),
        ("q_raw", "", "probability"),
        ("consistency_one@net", "", "share"),
        ("accuracy_over_chance", "", "points"),
        ("effect_change", "", "signed"),
    ],
)
def test_way_to_show_a_number(name: str, unit: str, expected: str) -> None:
    assert wording.style(name, unit) == expected


def test_a_card_says_copies_as_words_do() -> None:
    item = Scalar("copies_needed@a", 5.106, interval=interval(1.0, 12.345))
    assert (wording.scalar(item), wording.bounds(item)) == ("5.1", "1 to 12.3")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-6.256, "\N{MINUS SIGN}6.3"), (0.04, "0.040"), (999.96, "1,000.0"), (None, wording.DASH)],
)
def test_edges_of_an_amount(value: float | None, text: str) -> None:
    assert wording.amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(4.9e-5, "<_+0.0001"), (-4.9e-5, ">_-0.0001"), (5e-5, "+0.0001"), (0.02, "+0.020"), (-0.02, "-0.020"), (0.0, "0")],
)
def test_edges_of_a_signed_number(value: float, text: str) -> None:
    assert wording.signed(value) == text.replace("_", wording.THIN).replace("-", wording.MINUS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0312, "+3.1"),
        (-0.00099, "-0.10"),
        (0.00002, "+0.0020"),
        (1e-6, "+0.0001"),
        (4e-7, "<_+0.0001"),
        (-1e-9, ">_-0.0001"),
    ],
)
def test_points_never_round_to_0(value: float, text: str) -> None:
    assert wording.points(value) == f"{text} points".replace("_", wording.THIN).replace("-", wording.MINUS)


@given(st.floats(0.05, 999))
def test_an_amount_is_within_half_a_tenth(value: float) -> None:
    assert abs(float(wording.amount(value)) - value) <= 0.05 + 1e-9
