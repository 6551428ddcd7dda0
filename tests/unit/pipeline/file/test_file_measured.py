"""Published numbers: what is refused, and what is said of each beside what was measured."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.core.results import Interval, Result, Scalar, table
from biasscope.pipeline.file.expected import Expected, ExpectedNumber, read_expected
from biasscope.pipeline.file.measured import side_by_side, verdict
from biasscope.report.numbers import Number
from tests.unit.report import sample_reports as sample


def told(value=0.5, **facts):
    return ExpectedNumber(**({"figure": "F", "value": value, "grade": "P", "measured": "k.a"} | facts))


def found(value, low=None, high=None):
    return Number(
        address="k.a", result="k", name="a", value=value, interval=None if low is None else Interval(low, high)
    )


@pytest.mark.parametrize(
    ("tolerance", "number", "said"),
    [
        (0.1, found(0.59), "agrees"),
        (0.1, found(0.41), "agrees"),
        (0.1, found(0.6), "agrees"),  # the bound itself, whatever rounding makes of it
        (0.1, found(0.61), "differs"),
        (0.1, found(0.39), "differs"),
        (0.1, found(0.7, 0.59, 0.8), "agrees"),  # its interval comes within the tolerance
        (0.1, found(0.7, 0.61, 0.8), "differs"),
        (0.1, found(0.3, 0.2, 0.41), "agrees"),
        (0.0, found(0.5), "agrees"),
        (0.0, found(0.5001), "differs"),
        (None, found(0.5), "for orientation"),
        (0.1, found(None), "not measured"),
        (None, None, "not measured"),
    ],
)
def test_verdicts(tolerance, number, said):
    assert verdict(told(tolerance=tolerance), number) == said


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(0, 1))
@example(-2.3e-223, 1.0, 1.0)
def test_whatever_is_within_the_tolerance_agrees(value, tolerance, part):
    assert verdict(told(value, tolerance=tolerance), found(value + part * tolerance)) == "agrees"


def test_side_by_side_looks_scalars_and_cells_up():
    cells = table("layers", {"model": ["a"], "ratio": [25.0]})
    measured = Result("k", "", scalars=[Scalar("a", 0.52, interval=Interval(0.5, 0.54), n=40)], tables=[cells])
    numbers = [
        told(tolerance=0.05),
        told(25.0, measured="k.layers[a].ratio", tolerance=1e-6, source="Other"),
        told(2.0, measured=None),
        told(0.9),
    ]
    made = side_by_side(Expected(source="S", numbers=numbers, differs="D."), sample.report([measured]))
    rows = made.table("numbers")
    assert rows["verdict"] == ["agrees", "agrees", "not measured", "for orientation"]
    assert rows["measured"] == [0.52, 25.0, None, 0.52]
    assert (rows["measured_low"][0], rows["measured_high"][0], rows["n"][0]) == (0.5, 0.54, 40)
    assert rows["difference"][0] == pytest.approx(0.02)
    assert rows["source"] == ["S", "Other", "S", "S"]
    assert made.scalar("agreeing").value == made.scalar("agreeing").n == 2
    assert made.notes[-1] == "D."
    assert made.finding == (
        "2 of 2 published numbers that can be judged agree with what was measured here; "
        "1 stands beside for orientation; 1 was not measured."
    )


def test_where_something_else_is_measured_nothing_is_judged():
    measured = Result("k", "", scalars=[Scalar("a", 0.52)])
    numbers = [told(tolerance=0.05), told(tolerance=0.001), told(measured="k.b")]
    made = side_by_side(Expected(source="S", numbers=numbers), sample.report([measured]), "images is set")
    assert made.table("numbers")["verdict"] == ["for orientation", "for orientation", "not measured"]
    assert (made.scalar("agreeing").value, made.scalar("agreeing").n) == (0, 0)
    assert made.finding == (
        "No published number is judged here, since images is set; 2 stand beside for orientation; 1 was not measured."
    )


def test_nothing_to_judge():
    made = side_by_side(Expected(source="S", numbers=[told(measured=None), told(measured="k.b")]), sample.report([]))
    assert made.finding == "No published number can be judged here; 2 were not measured."
    assert side_by_side(Expected(source="S", numbers=[]), sample.report([])).table("numbers").height == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": float("nan")},
        {"tolerance": -1.0},
        {"tolerance": float("inf")},
        {"tolerance": 0.1, "grade": "S"},
        {"tolerance": 0.1, "measured": None},
    ],
)
def test_numbers_that_cannot_be_held_against_anything_are_refused(wrong):
    with pytest.raises(UsageError, match="'F'"):
        told(**wrong)


def test_files_of_published_numbers(tmp_path):
    folder = tmp_path / "expected"
    folder.mkdir()
    path = folder / "a.toml"
    path.write_text('source = "S"\n[[numbers]]\nfigure = "F"\nvalue = 1\ngrade = "P"\n')
    assert read_expected("a", tmp_path, where="x") == Expected(source="S", numbers=[told(1.0, measured=None)])
    path.write_text('source = "S"\n[[numbers]]\nfigure = "F"\nvalue = 1\ngrade = "P"\ntolerance = 0.1\n')
    with pytest.raises(UsageError, match=r"a\.toml.*'F' has a tolerance, but nothing is measured"):
        read_expected("a", tmp_path, where="x")
    path.write_text('source = "S"\n[[numbers]]\nfigur = "F"\nvalue = 1\ngrade = "P"\n')
    with pytest.raises(UsageError, match=r"a\.toml: numbers\[0\]: there is no key 'figur'. Did you mean 'figure'"):
        read_expected("a", tmp_path, where="x")


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "/etc/passwd", "a/b"])
def test_published_numbers_lie_beside_the_analysis(tmp_path, name):
    with pytest.raises(UsageError, match="is no name of published numbers"):
        read_expected(name, tmp_path, where="a.toml: expected")
