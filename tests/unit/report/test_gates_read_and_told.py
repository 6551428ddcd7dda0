"""Gates as they come out of a file, and the lines in which the verdicts on them are told."""

from pathlib import Path

import pytest

from biasscope.core.errors import UsageError
from biasscope.report.gates import Gate, Verdict, lines
from biasscope.report.gates.reading import read_gates

GATE = "[[gates]]\nnumber = 'a.b'\nat_least = 1\n"
SCHEDULED = "title = 'Nightly'\nanalyses = ['a.toml']\nevery = 'P1D'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Place of a file of gates, below a folder."""
    (tmp_path / "nightly").mkdir()
    return tmp_path / "nightly" / "bounds.toml"


def refusal(file: Path, content: str, analysis: str | None = None) -> UsageError:
    file.write_text(content)
    with pytest.raises(UsageError) as caught:
        read_gates(file, analysis)
    return caught.value


def test_gates_come_in_the_order_of_the_file(file: Path) -> None:
    file.write_text(GATE + "[[gates]]\nnumber = 'a.a'\nat_most = 2\nanalysis = 'night*'\ncertain = true\n")
    first = Gate(number="a.b", at_least=1)
    second = Gate(number="a.a", at_most=2, analysis="night*", certain=True)
    assert read_gates(file) == [first, second]
    assert read_gates(file, "nightly") == [first, second]
    assert read_gates(file, "weekly") == read_gates(file, "") == [first]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the key 'gates' is missing"),
        ("gats = []\n", "there is no key 'gats'"),
        ("title = 'Bounds'\n" + GATE, "there is no key 'title'"),
        ("every = 'P1D'\n" + GATE, "there is no key 'every'"),
    ],
)
def test_a_file_of_gates_has_gates_and_nothing_else(file: Path, content: str, said: str) -> None:
    error = refusal(file, content)
    assert (error.what, error.where) == (said, str(file))


def test_of_a_scheduled_report_the_gates_alone_are_looked_at(file: Path) -> None:
    file.write_text(SCHEDULED + GATE)
    assert read_gates(file) == [Gate(number="a.b", at_least=1)]
    file.write_text("analyses = 7\nunheard_of = true\n" + GATE)
    assert read_gates(file) == [Gate(number="a.b", at_least=1)]


@pytest.mark.parametrize("content", ["gates = []", SCHEDULED, SCHEDULED + "gates = []"])
def test_a_file_without_a_gate_is_told_how_to_write_one(file: Path, content: str) -> None:
    error = refusal(file, content)
    assert (error.what, error.where) == ("there is no gate in it", str(file))
    assert all(word in error.hint for word in ("[[gates]]", "number", "at_least", "at_most", "may_worsen_by"))


@pytest.mark.parametrize("asked", ["boxes", ""])
def test_an_analysis_without_a_gate_is_told_which_ones_have_some(file: Path, asked: str) -> None:
    about = "".join(f"{GATE}analysis = '{name}'\n" for name in ("shifts*", "layers", "shifts*"))
    error = refusal(file, about, asked)
    assert error.what == f"no gate in it is about the analysis {asked!r}"
    assert (error.where, error.hint) == (str(file), "They are about layers, shifts*.")


def test_failed_gates_are_told_before_incomparable_ones_each_by_name() -> None:
    verdicts = [
        Verdict(gate, gate, status, said=said)
        for gate, status, said in [
            ("c", "incomparable", "c is new"),
            ("b", "failed", "b is low"),
            ("d", "failed", "d is low"),
            ("a", "incomparable", "a is new"),
            ("c", "failed", "c is low"),
            ("a", "passed", "a is high"),
            ("b", "failed", "b is lower"),
        ]
    ]  # fmt: skip
    assert lines(verdicts) == [
        "failed: b is low; and 1 more of b",
        "failed: c is low",
        "failed: d is low",
        "incomparable: a is new",
        "incomparable: c is new",
    ]
    assert lines([]) == lines([Verdict("a", "a", "passed")]) == []


def test_how_many_more_is_written_as_numbers_are() -> None:
    found = [Verdict("layers.*", f"layers.{number}", "failed", said=f"{number} is low") for number in range(1235)]
    assert lines(found) == ["failed: 0 is low; and 1,234 more of layers.*"]


def test_an_analysis_that_a_scheduled_report_does_not_have_is_refused(file: Path) -> None:
    scheduled = "analyses = ['x/boxes.toml', { file = 'x/boxes.toml', name = 'small' }]\n" + GATE
    error = refusal(file, scheduled, "boxs")
    assert (error.what, error.hint) == ("no analysis in it is called 'boxs'", "There are: boxes, small.")
    for name in ("boxes", "small"):
        assert read_gates(file, name) == [Gate(number="a.b", at_least=1)]
