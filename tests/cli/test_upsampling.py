"""`upsampling` through the public command: what it answers, what it refuses, and with which exit codes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.report.render import render
from tests.cli.conftest import read

NET = ("--model", "file:net.safetensors?arch=cifar_resnet20", "--images", "scenes:2", "--heads", "1")
Command = Callable[..., int]


@pytest.fixture
def command(net: None) -> Command:
    """Run the command in this process, in the folder of the network."""
    return lambda *arguments: main(["upsampling", *map(str, arguments)])


def test_embedded_default_answers(program: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path) -> None:
    done = program("upsampling", "--limit", "4", "--no-position")
    assert (done.returncode, done.stderr) == (0, "")
    report = read(tmp_path / "biasscope-report")
    kinds = [result.kind for result in report.results]
    assert kinds == ["patterns", "overlap", "remedies", "weights", "gradients", "models", "images"]
    assert report.result("overlap").scalar("overlap@decoder-transposed3").value == 25
    assert report.result("overlap").scalar("overlap@decoder-resize").value == 1
    assert (tmp_path / "biasscope-report" / "report.html").read_bytes() == render(report)
    assert len(report.answer) <= 5


def test_a_classifier_has_nothing_to_analyse_and_exits_well(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*NET, "--remedies", "none", "--no-html", "--no-position") == 0
    assert "nothing to analyse" in " ".join(capsys.readouterr().out.split())
    assert [result.kind for result in read().results] == ["overlap", "gradients", "models", "images"]


@pytest.mark.parametrize(
    "wrong", [("--remedies", "paint"), ("--latent", "ax1"), ("--draws", "2"), ("--latent", "3", "--images", "scenes")]
)
def test_wrong_options_end_with_2(command: Command, wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--model", "file:net.safetensors?arch=cifar_resnet20", *wrong, "--no-html") == 2
    assert wrong[0] in capsys.readouterr().err


def test_segmentation_networks_by_specification(command: Command) -> None:
    net = "torchvision:lraspp_mobilenet_v3_large@none?size=64&classes=3"
    assert command("--model", net, "--images", "scenes:2", "--remedies", "none", "--heads", "1", "--no-html") == 0
    report = read()
    layers = next(table for table in report.result("overlap").tables if table.name == "layers")
    names = next(column.values for column in layers.columns if column.name == "layer")
    assert "output" in names
    assert report.result("overlap").scalars[0].value == 1
    assert "knee" not in [table.name for table in report.result("coverage").tables]


def test_a_size_without_whole_factors_is_said_and_ends_well(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    net = "torchvision:lraspp_mobilenet_v3_large@none?size=65"
    assert command("--model", net, "--images", "scenes:1", "--remedies", "none", "--heads", "0", "--no-html") == 0
    assert "by no whole factor" in " ".join(capsys.readouterr().out.split())
