"""Networks of one's own on the command line: built where that is allowed, and nowhere else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from biasscope.analyze import main
from biasscope.core.trust import code_allowed
from tests.cli.conftest import read

CODE = """
from torch import nn

calls = []

def classifier():
    calls.append(0)
    return nn.Sequential(nn.Conv2d(3, 10, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

def generator():
    return nn.Sequential(nn.ConvTranspose2d(5, 4, 3, 2), nn.ReLU(), nn.ConvTranspose2d(4, 3, 3, 2, 1, 1))
"""
ASKED = {
    "invariance": ["classifier?size=32", "--images", "scenes:4", "--protocol", "circular", "--grid", "2x2", "--lie=0"],
    "layers": ["classifier?size=32", "--images", "scenes:4", "--grid", "2x2", "--attribution", "none", "--no-blame"],
    "upsampling": ["generator", "--latent", "5x8x8", "--limit", "4", "--remedies", "none", "--no-position"],
    "augmentation": [
        "classifier", "--images", "scenes:60@32", "--copies", "1,2", "--seeds", "2", "--steps", "2",
        "--variants", "plain", "--test-images", "10",
    ],
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in a folder with a module that builds networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "own_networks_of_mine.py").write_text(CODE)
    yield
    sys.modules.pop("own_networks_of_mine", None)


def given(question: str) -> list[str]:
    """Arguments of a question about the network that suits it."""
    name, *options = ASKED[question]
    return [question, "--model", f"python:own_networks_of_mine:{name}", *options, "--no-html", "--quiet"]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("question", ASKED)
def test_a_network_of_ones_own_is_built_where_that_is_allowed(
    question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(given(question)) == 2
    assert "names code to import. Say --allow-python" in capsys.readouterr().err
    assert "own_networks_of_mine" not in sys.modules
    assert not Path("biasscope-report").exists()
    assert main([*given(question), "--allow-python"]) == 0
    assert "own_networks_of_mine" in str(read())
    assert not code_allowed()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("question", ["invariance", "layers", "upsampling"])
def test_weights_that_are_drawn_without_a_seed_are_the_same_in_every_run(question: str) -> None:
    found = []
    for _ in range(2):
        torch.rand(1)
        before = torch.get_rng_state()
        assert main([*given(question), "--allow-python"]) == 0
        assert torch.equal(torch.get_rng_state(), before)
        found.append(read().results)
    assert found[0] == found[1]


@pytest.mark.usefixtures("own")
def test_every_repetition_of_a_sweep_builds_its_network_anew(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [one for one in given("augmentation") if one != "--quiet"]
    assert main([*arguments, "--allow-python"]) == 0
    assert "given weights" not in capsys.readouterr().out
    assert len(sys.modules["own_networks_of_mine"].calls) >= 4


AWKWARD = """
import torch
from torch import nn

class Awkward(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.make = make
        self.net = nn.Sequential(nn.Conv2d(3, 10, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        return self.make(self.net(x))

def squeezed():
    return Awkward(lambda scores: scores[:, 0])

def several():
    return Awkward(lambda scores: (scores, scores))

def detached():
    return Awkward(torch.Tensor.detach)

def wrong():
    return Awkward(lambda scores: scores * float("nan"))
"""


@pytest.fixture
def awkward(own: None) -> Iterator[str]:
    """Networks that give no class scores, or none that can be used."""
    Path("awkward_networks_of_mine.py").write_text(AWKWARD)
    yield "python:awkward_networks_of_mine:"
    sys.modules.pop("awkward_networks_of_mine", None)


SMALL = ("--images", "scenes:4", "--grid", "2x2", "--no-html", "--quiet", "--allow-python")


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("squeezed", "the network answers with (1,), not with (pictures, classes)."),
        ("several", "the model returns tuple, not a tensor of class scores."),
        ("detached", "the network gives no gradient of its answer by the picture."),
    ],
)
def test_parts_of_the_report_that_no_model_has_are_told_of(awkward: str, network: str, reason: str) -> None:
    assert main(["layers", "--model", f"{awkward}{network}?size=32", *SMALL]) == 0
    report = read()
    assert [result.kind for result in report.results] == ["layers", "structure", "models", "images"]
    said = [note for note in report.notes if "is left out: " in note]
    assert [note.partition(":")[0] for note in said] == ["No blame", "No explanations"]
    assert all(note.endswith(reason) for note in said)


@pytest.mark.parametrize("question", ["layers", "invariance"])
def test_answers_that_are_not_finite_are_refused(
    awkward: str, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([question, "--model", f"{awkward}wrong?size=32", *SMALL]) == 3
    assert "gives outputs that are not finite for 4 pictures (" in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("question", ASKED)
def test_a_configuration_file_cannot_allow_it(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("options.toml").write_text(f"[{question}]\nallow_python = true\n")
    assert main([*given(question), "--config", "options.toml"]) == 2
    assert "allow_python has no place in a file" in capsys.readouterr().err
    assert "own_networks_of_mine" not in sys.modules


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def network(:", "cannot import it (SyntaxError: "),
        ("raise ValueError('no weights')", "cannot import it (ValueError: no weights). --debug shows where."),
        ("def network():\n    raise ValueError('no weights')", "its function fails (ValueError: no weights). --debug"),
        ("def network():\n    from biasscope import load_model\n    load_model('small:none')", "no small network"),
    ],
)  # fmt: skip
def test_what_code_of_ones_own_raises_is_no_defect(code: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("own_networks_that_fail.py").write_text(code)
    Path("weights.safetensors").write_bytes(save({"weight": torch.zeros(1)}))
    name = "python:own_networks_that_fail:network"
    rest = ["--latent", "3x8x8", "--allow-python"]
    try:
        for model in (name, f"file:weights.safetensors?arch={name}"):
            assert main(["upsampling", "--model", model, *rest]) == 2
            told = " ".join(capsys.readouterr().err.split())
            assert said in told
            assert "defect of biasscope" not in told
    finally:
        sys.modules.pop("own_networks_that_fail", None)
