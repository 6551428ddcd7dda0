"""`compare` and `gate` through the public command: what they say, write, refuse, and with which exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.report.comparison.model import decode
from biasscope.report.model import Report, encode
from tests.unit.report.sample_comparison import OTHER, layers, one, origin, report

Run = Callable[..., tuple[int, str, str]]
NUMBER = "shifts.consistency@a"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process and an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments)])
        said = capsysbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    return command


def put(name: str, made: Report) -> str:
    Path(name).mkdir()
    Path(name, "report.json").write_bytes(encode(made))
    return name


def gates(*tables: str) -> str:
    Path("gates.toml").write_text("".join(f"[[gates]]\n{table}\n" for table in tables))
    return "gates.toml"


def test_comparable_reports_end_with_0_and_leave_both_files(run: Run) -> None:
    code, out, err = run("compare", put("a", one(0.9)), put("b", one(0.8)), "-o", "out")
    assert (code, err) == (0, "")
    assert "1 number changed beyond its interval (1 worse)" in out
    assert out.splitlines()[-2:] == ["out/comparison.json", "out/comparison.html"]
    assert decode(Path("out/comparison.json").read_bytes()).headline[0].status == "worse"
    assert Path("out/comparison.html").read_bytes().startswith(b"<!doctype html>")


def test_files_do_as_well_as_folders(run: Run) -> None:
    a, b = put("a", one(0.9)), put("b", one(0.8))
    assert run("compare", f"{a}/report.json", f"{b}/report.json", "-q", "-o", "one")[:2] == (0, "")
    assert run("compare", a, b, "-q", "-o", "two")[0] == 0
    assert Path("one/comparison.json").read_bytes() == Path("two/comparison.json").read_bytes()


def test_json_on_stdout_is_that_of_the_file(run: Run) -> None:
    code, out, _ = run("compare", put("a", one(0.9)), put("b", one(0.8)), "--format", "json", "--no-html")
    assert code == 0
    assert out.encode() == Path("biasscope-comparison/comparison.json").read_bytes()
    assert not Path("biasscope-comparison/comparison.html").exists()


def test_incomparable_reports_end_with_3_are_written_and_say_why(run: Run) -> None:
    a, b = put("a", one(0.9)), put("b", one(0.8, provenance=origin(digest=OTHER)))
    code, out, _ = run("compare", a, b)
    assert code == 3
    assert "Different data: the contents of boxes.parquet are not the same." in out
    assert not decode(Path("biasscope-comparison/comparison.json").read_bytes()).comparable
    assert run("compare", a, b, "--allow-incomparable")[0] == 0


@pytest.mark.parametrize("content", [None, "{}", "nothing"])
def test_unreadable_reports_end_with_3_and_name_the_file(run: Run, content: str | None) -> None:
    put("a", one(0.9))
    Path("b").mkdir()
    if content is not None:
        Path("b/report.json").write_text(content)
    code, out, err = run("compare", "a", "b")
    assert (code, out) == (3, "")
    assert "b/report.json" in err
    assert not Path("biasscope-comparison").exists()


def test_a_place_that_cannot_be_written_ends_with_3(run: Run) -> None:
    Path("out").write_text("a file")
    code, _, err = run("compare", put("a", one(0.9)), put("b", one(0.8)), "-o", "out")
    assert code == 3
    assert "out" in err


def test_a_gate_that_holds_ends_with_0(run: Run) -> None:
    code, out, err = run("gate", put("a", one(0.9)), "--gates", gates(f'number = "{NUMBER}"\nat_least = 0.9'))
    assert (code, out, err) == (0, "The gate holds.\n", "")


def test_one_line_for_each_gate_that_failed_and_exit_code_1(run: Run) -> None:
    file = gates(
        'number = "layers.measures[*].value"\nat_most = 0.15',
        'number = "layers.measures[*].value"\nat_most = 0.9',
        'number = "layers.nothing"\nat_least = 0',
    )
    code, out, _ = run("gate", put("a", report(layers([0.1, 0.2, 0.3]))), "--gates", file, "-q")
    assert code == 1
    first, second = out.splitlines()
    assert first.startswith("failed: layers.measures[net,features.1,nonshiftability].value is 0.2")
    assert second == "failed: layers.nothing is not in the report"


def test_worsening_needs_a_comparable_baseline(run: Run) -> None:
    file = gates(f'number = "{NUMBER}"\nmay_worsen_by = 0.02')
    a, b = put("a", one(0.9)), put("b", one(0.95))
    other = put("c", one(0.95, provenance=origin(digest=OTHER)))
    assert run("gate", a, "--gates", file)[0] == 3
    code, out, _ = run("gate", a, "--gates", file, "--baseline", b)
    assert code == 1
    assert "worse by 0.05 than 0.95 in the baseline" in out
    assert run("gate", b, "--gates", file, "--baseline", a)[0] == 0
    code, out, _ = run("gate", a, "--gates", file, "--baseline", other)
    assert code == 3
    assert out.startswith("incomparable: ")
    assert run("gate", a, "--gates", file, "--baseline", other, "--allow-incomparable")[0] == 1


def test_verdicts_as_json(run: Run) -> None:
    file = gates(f'number = "{NUMBER}"\nat_least = 0.95\nat_most = 1.0')
    code, out, _ = run("gate", put("a", one(0.9)), "--gates", file, "--format", "json")
    assert code == 1
    assert [item["status"] for item in json.loads(out)] == ["failed", "passed"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "gates"),
        ("gates = []", "no gate"),
        ("[[gates]]\nnumber = 'a.b'", "no bound"),
        ("[[gates]]\nnumber = 'a.b'\nat_lest = 1", "at_lest"),
        ("[[gates]]\nnumber = 'a.b'\nat_least = nan", "finite"),
        ("[[gates]\n", "no TOML"),
        ("[[gate]]\nnumber = 'a.b'\nat_least = 1", "gate"),
    ],
)
def test_wrong_files_of_gates_end_with_2(run: Run, content: str, said: str) -> None:
    put("a", one(0.9))
    Path("gates.toml").write_text(content)
    code, out, err = run("gate", "a", "--gates", "gates.toml")
    assert (code, out) == (2, "")
    assert "gates.toml" in err
    assert said in err


def test_gates_of_a_scheduled_report_can_be_tried_by_hand(run: Run) -> None:
    put("a", one(0.9))
    Path("night.toml").write_text(
        f'title = "Nightly"\nanalyses = ["a.toml"]\nevery = "P1D"\n[[gates]]\nnumber = "{NUMBER}"\nat_least = 0.95\n'
    )
    assert run("gate", "a", "--gates", "night.toml")[0] == 1


def test_only_the_gates_of_one_analysis_can_be_judged(run: Run) -> None:
    put("a", one(0.9))
    file = gates(
        f'analysis = "shifts*"\nnumber = "{NUMBER}"\nat_least = 0.5', 'analysis = "layers"\nnumber = "x.y"\nat_most = 1'
    )
    assert run("gate", "a", "--gates", file)[0] == 1
    assert run("gate", "a", "--gates", file, "--analysis", "shifts-small") == (0, "The gate holds.\n", "")
    code, _, err = run("gate", "a", "--gates", file, "--analysis", "boxes")
    assert code == 2
    assert "They are about layers, shifts*." in err


def test_contradicting_directions_end_with_2(run: Run) -> None:
    file = gates(f'number = "{NUMBER}"\nmay_worsen_by = 0.02\nbetter = "lower"')
    a = put("a", one(0.9))
    code, _, err = run("gate", a, "--gates", file, "--baseline", a)
    assert code == 2
    assert "contradicts" in err


def test_as_a_program_of_its_own(program: Callable[..., object], tmp_path: Path) -> None:
    for name, value in (("a", 0.9), ("b", 0.8)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_bytes(encode(one(value)))
    done = program("compare", "a", "b", "--debug")
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    assert "Consistency, a fell from 90.0% to 80.0%" in done.stdout  # type: ignore[attr-defined]


def boxes(name: str, spread: float) -> str:
    """Report of boxes that lie within a share of the room they have, around the middle."""
    corners = ((80 * ((number * 0.618 % 1 - 0.5) * spread + 0.5), number % 37 / 36 * 80) for number in range(400))
    rows = (f"i{number},{x},{y},{x + 20},{y + 20},b,100,100" for number, (x, y) in enumerate(corners))
    Path(f"{name}.csv").write_text("\n".join(["image,xmin,ymin,xmax,ymax,label,width,height", *rows]))
    assert main(["dataset", f"{name}.csv", "-q", "--no-html", "--no-leakage", "-o", name]) == 0
    return name


def test_more_position_bias_is_worse(run: Run, tmp_path: Path) -> None:
    spread, centred = boxes("spread", 1.0), boxes("centred", 0.5)
    file = gates('number = "position.pooled_effect"\nmay_worsen_by = 0.02')
    for a, b, status, code in ((spread, centred, "worse", 1), (centred, spread, "better", 0)):
        assert run("compare", a, b, "--allow-incomparable", "-q", "--no-html")[0] == 0
        found = decode(Path("biasscope-comparison/comparison.json").read_bytes())
        moved = {item.address: item.status for item in found.headline}
        assert moved["position.pooled_effect"] == status
        assert run("gate", b, "--gates", file, "--baseline", a, "--allow-incomparable")[0] == code
