"""`run` through the public command: analysis files, settings, the list, and what is refused."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.report.model import Report, decode
from biasscope.report.render import render
from tests.cli.conftest import read

TEXT = """title = "Does it hold?"
question = "invariance"
source = "A paper"
figures = ["shift-map"]
[invariance]
model = ["torchvision:squeezenet1_1@none?classes=10&size=32"]
images = "scenes:4"
protocol = ["crop"]
grid = "2x2"
lie = 0
[tiny]
images = "scenes:2"
"""


@pytest.fixture
def analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An analysis file in a folder beside the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "analyses" / "hold.toml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def images(report: Report) -> float | None:
    return report.result("images").scalar("images").value


def test_a_file_is_answered(program: Callable[..., "subprocess.CompletedProcess[str]"], analysis: Path) -> None:
    done = program("run", analysis, "--set", "limit=3", "--seed", "5", "-o", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Does it hold?\n")
    report = read("out")
    assert (images(report), report.provenance.seed, report.figures) == (3, 5, ["shift-map"])
    html = Path("out", "report.html").read_bytes()
    assert html == render(report)
    assert b"shift-map" in html
    assert b"-consistencies" not in html


def test_tiny_and_settings(analysis: Path) -> None:
    assert main(["run", str(analysis), "--tiny", "--no-html", "--quiet"]) == 0
    assert images(read()) == 2
    assert main(["run", str(analysis), "--tiny", "--set", "images=scenes:3", "--no-html", "--quiet"]) == 0
    assert images(read()) == 3


def test_seed_and_device_of_the_command_line_win_even_at_their_defaults(analysis: Path) -> None:
    quick = ["run", str(analysis), "--tiny", "--no-html", "--quiet"]
    analysis.write_text(TEXT.replace("lie = 0", 'lie = 0\nseed = 5\ndevice = "cuda:77"'))
    assert main(quick) == 2
    assert main([*quick, "--device", "auto"]) == 0
    assert read().provenance.seed == 5
    assert main([*quick, "--device", "cpu", "--seed", "0"]) == 0
    assert read().provenance.seed == 0


def test_a_question_without_models_takes_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text('title = "T"\nquestion = "dataset"\nsource = "S"\n[dataset]\nleakage = false\nseed = 5\n')
    assert main(["run", "a.toml", "--device", "cpu", "--seed", "0", "--no-html", "--quiet"]) == 0
    assert read().provenance.seed == 0


def test_json_on_stdout(analysis: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["run", str(analysis), "--tiny", "--no-html", "--format", "json"]) == 0
    assert decode(capfdbinary.readouterr().out) == read()


def test_dataset_files_need_no_torch(
    program: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text('title = "T"\nquestion = "dataset"\nsource = "S"\n[dataset]\nleakage = false\n')
    (tmp_path / "torch.py").write_text('raise SystemError("torch is not needed here")\n')
    done = program("run", "a.toml", "--no-html", environment={"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    assert read(tmp_path / "biasscope-report").kind == "dataset"


def test_a_folder_is_listed(analysis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 0
    out = capsys.readouterr().out
    assert "analyses/hold.toml  invariance  Does it hold?" in out
    assert main(["run", "analyses", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["source"] == "A paper"
    assert not Path("biasscope-report").exists()


def test_one_broken_file_does_not_hide_the_others(analysis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (analysis.parent / "broken.toml").write_text("titel = 3")
    assert main(["run", "analyses"]) == 2
    said = capsys.readouterr()
    assert "hold.toml" in said.out
    assert "broken.toml: there is no key 'titel'. Did you mean 'title'?" in said.err


def test_an_empty_folder_holds_no_analysis(analysis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert main(["run", "empty"]) == 2
    assert "there is no analysis in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.toml"], "none.toml: cannot read it"),
        (["analyses/hold.toml", "--set", "limt=3"], "Did you mean limit?"),
        (["analyses/hold.toml", "--set", "limit"], "is no key=value"),
        (["analyses/hold.toml", "--set", "limit=-1"], "hold.toml: [invariance] limit: -1 is out of range"),
        (["analyses/hold.toml", "--set", "question=layers"], "there is no key 'question' to set"),
        (["analyses/hold.toml", "--set", "figures=pareta"], "Did you mean pareto?"),
        (["analyses/hold.toml", "--set", "limit=1.5"], "[invariance] limit: 1.5 is no whole number"),
        (["analyses/hold.toml", "--set", "seed=3", "--seed", "0"], "--seed: it is given twice. Leave --set seed"),
        (["analyses/hold.toml", "--set", 'model=["python:os:getcwd"]'], "Say --allow-python"),
    ],
)
def test_wrong_use_ends_with_2(
    analysis: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments, "--no-html"]) == 2
    assert said in capsys.readouterr().err
    assert not Path("biasscope-report").exists()


def test_strict_files_end_with_3(analysis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pictures/0").mkdir(parents=True)
    Path("pictures/0/a.png").write_bytes(b"no picture")
    from PIL import Image

    for name in "bc":
        Image.new("RGB", (40, 40)).save(f"pictures/0/{name}.png")
    given = ["run", str(analysis), "--set", "images=pictures", "--no-html", "--quiet"]
    assert main(given) == 0
    assert main([*given, "--set", "strict=true"]) == 3
    assert main([*given, "--strict"]) == 3
    assert "picture does not conform" in capsys.readouterr().err


def test_a_configuration_file_cannot_allow_code(analysis: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("options.toml").write_text("[run]\nallow_python = true\n")
    assert main(["run", str(analysis), "--config", "options.toml"]) == 2
    assert "allow_python has no place in a file" in capsys.readouterr().err


def test_code_that_is_allowed_is_run(
    program: Callable[..., "subprocess.CompletedProcess[str]"], analysis: Path, tmp_path: Path
) -> None:
    layers = "nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()"
    code = f"from torch import nn\n\ndef net():\n    return nn.Sequential({layers})\n"
    (tmp_path / "my_net.py").write_text(code)
    given = ("run", analysis, "--set", 'model=["python:my_net:net?size=32"]', "--no-html")
    refused = program(*given)
    assert (refused.returncode, "--allow-python" in refused.stderr) == (2, True)
    assert program(*given, "--allow-python").returncode == 0
    assert "my_net:net" in read().title + str(read().result("models").tables)


def test_where_nothing_can_be_written_nothing_is_run(
    analysis: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbidden(*args: object, **options: object) -> Report:
        raise AssertionError("hours are spent for nothing")

    for name in ("analyze_invariance", "analyze_dataset"):
        question = name.removeprefix("analyze_")
        monkeypatch.setattr(f"biasscope.pipeline.{question}.{name}", forbidden)
    Path("file").touch()
    for command in (["run", str(analysis)], ["invariance"], ["dataset"]):
        assert main([*command, "--output", "file/report"]) == 3
        assert "file/report: cannot write the report (Not a directory)" in capsys.readouterr().err
