"""`layers` through the public command: what it answers, what it refuses, and with which exit codes."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from biasscope.analyze import main
from biasscope.report.render import render
from tests.cli.conftest import Done, read

NET = ("--model", "file:net.safetensors?arch=cifar_resnet20")
BARE = ("--no-blame", "--attribution", "none", "--no-html")
QUICK = (*NET, "--limit", "3", "--grid", "0..1", "--images", "scenes:3", *BARE)
PLAIN = (NET, ("--limit", "3"), ("--grid", "0..1"), ("--images", "scenes:3"), ("--attribution", "none"))
Command = Callable[..., int]


@pytest.fixture
def command(net: None) -> Command:
    """Run the command in this process, in the folder of the network."""
    return lambda *arguments: main(["layers", *map(str, arguments)])


@pytest.fixture(scope="module")
def default(embedded: Callable[..., Done]) -> Done:
    """The default, with fewer pictures."""
    return embedded("layers", "--limit", "8")


def test_embedded_default_answers(default: Done) -> None:
    folder, done = default
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = read(str(folder / "biasscope-report"))
    kinds = [result.kind for result in report.results]
    assert kinds == ["layers", "blame", "attribution", "structure", "models", "images"]
    found = report.result("layers")
    assert found.scalar("nonshiftability@digits8-polyphase").value == 0.0
    assert float(found.scalar("nonshiftability@digits8").value or 0) > 0.2
    difference = found.scalar("nonshiftability_difference@digits8-antialias")
    assert difference.interval is not None
    assert difference.interval.high < 0
    assert "last spatial layer, features.16" in report.answer[0]
    assert len(report.answer) <= 5
    assert 3 <= len(report.headline) <= 5
    assert "report.html" in done.stdout


def test_blame_explanations_and_structure(default: Done) -> None:
    report = read(str(default[0] / "biasscope-report"))
    blame, explained, structure = (report.result(kind) for kind in ("blame", "attribution", "structure"))
    layers = blame.table("layers")
    rows = list(zip(layers["model"], layers["layer"], layers["effect"], layers["cumulative"], strict=True))
    last = [row for row in rows if row[0] == "digits8"][-1]
    assert float(last[3] or 0) == pytest.approx(1, abs=1e-6)
    assert all(effect is None for model, _, effect, _ in rows if model == "digits8-polyphase")
    own = zip(layers["model"], layers["effect"], layers["complete"], layers["gathered"], strict=True)
    known = [
        (effect is not None, bool(complete and not all_before))
        for model, effect, complete, all_before in own
        if model == "digits8-pac"
    ]
    assert {told for told, _ in known} == {True, False}
    assert all(told == alone for told, alone in known)
    assert explained.scalar("cosine_saliency@digits8-polyphase").value == pytest.approx(1, abs=1e-4)
    assert float(explained.scalar("cosine_saliency@digits8").value or 1) < 0.9
    assert all(str(one).startswith("data:image/") for one in explained.table("maps")["map_back"])
    assert structure.table("tails")["stride_product"] == [8.0] * 4
    assert structure.table("tails")["tail"] == ["pooling"] * 4
    assert blame.table("pairs").height > 0


def test_polyphase_has_no_rise_and_strided_layers_are_marked(default: Done) -> None:
    found = read(str(default[0] / "biasscope-report")).result("layers")
    jumps = found.table("jumps")
    assert "digits8-polyphase" not in jumps["model"]
    layers = found.table("layers")
    rows = zip(layers["model"], layers["layer"], layers["subsampling"], layers["stride"], strict=True)
    marked = [(layer, stride) for model, layer, yes, stride in rows if yes and model == "digits8"]
    assert marked == [("features.3", 2.0), ("features.4", 4.0), ("features.10", 8.0)]


def test_lattices_of_the_baseline_have_the_period_of_the_stride(default: Done) -> None:
    found = read(str(default[0] / "biasscope-report")).result("layers")
    lattices = found.table("lattices")
    rows = list(zip(lattices["model"], lattices["layer"], lattices["measure"], lattices["cells"], strict=True))
    cells = {row[:3]: row[3] for row in rows}["digits8-polyphase", "features.3.1", "equivariance_l2"]
    assert isinstance(cells, list)
    square = np.array(cells).reshape(8, 8)
    assert square[::2, ::2].max() < 1e-5
    assert square[1::2, 1::2].min() > 1e-2


def test_max_pools_are_split_into_their_maximum_and_their_subsampling(default: Done) -> None:
    found = read(str(default[0] / "biasscope-report")).result("layers")
    for name in ("layers", "measures", "lattices"):
        made = found.table(name)
        assert ("digits8", "features.10:max") in set(zip(made["model"], made["layer"], strict=True))
    layers = found.table("layers")
    rows = zip(layers["model"], layers["layer"], layers["stride"], layers["subsampling"], strict=True)
    halves = [row[1:] for row in rows if row[0] == "digits8" and str(row[1]).startswith("features.10")]
    assert halves == [("features.10:max", 4.0, False), ("features.10", 8.0, True)]
    assert not any(str(layer).endswith(":max") for layer in found.table("moving")["layer"])
    assert any("NAME:max" in note for note in found.notes)


def test_splitting_and_moving_in_between_can_be_chosen(command: Command) -> None:
    asked = (*NET, "--limit", "2", "--grid", "0..1", "--images", "scenes:2", "--attribution", "none", "--no-html")
    measured = ("--measures", "phase_variance", "--layers", "subsampling")
    assert command(*asked, *measured, "--split-layers", "all", "--between", "nearest") == 0
    report = read()
    assert any(str(layer).endswith(":dense") for layer in report.result("layers").table("layers")["layer"])
    assert report.result("blame").parameters["between"] == "nearest"
    assert "--between nearest" in " ".join(report.provenance.command)


def test_maps_follow_the_picture(default: Done) -> None:
    moving = read(str(default[0] / "biasscope-report")).result("layers").table("moving")
    assert all(str(picture).startswith("data:image/") for picture in moving["map"])
    first = [place for place, model in enumerate(moving["model"]) if model == "digits8"]
    assert len({moving["dx"][place] for place in first}) == 5
    assert len({moving["layer"][place] for place in first}) >= 3


def test_the_page_is_a_view_of_the_json(default: Done) -> None:
    folder = default[0] / "biasscope-report"
    page = (folder / "report.html").read_bytes()
    assert render(read(str(folder))) == page
    assert len(page) < 5_000_000


def test_functions_in_forward_are_layers_and_said_to_be(command: Command) -> None:
    assert command(*QUICK) == 0
    found = read().result("layers")
    assert "layer1.0:add" in found.table("layers")["layer"]
    assert any("calls functions in its forward (relu, add" in note for note in found.notes)
    assert command(*QUICK, "--functional", "no", "--output", "no") == 0
    assert "layer1.0:add" not in read("no").result("layers").table("layers")["layer"]


def test_forms_layers_and_measures_can_be_chosen(command: Command) -> None:
    asked = ("--variants", "baseline,antialias", "--layers", "blocks", "--measures", "nonshiftability")
    assert command(*QUICK, *asked, "--threshold", "0.1", "--protocol", "crop") == 0
    report = read()
    found = report.result("layers")
    assert set(found.table("measures")["measure"]) == {"nonshiftability"}
    assert found.parameters["threshold"] == 0.1
    assert found.parameters["protocol"] == "crop"
    assert set(found.table("differences")["model"]) == {"net (antialias)"}
    assert report.result("models").table("models")["trained"] == [True, False]
    assert "--threshold 0.1" in " ".join(report.provenance.command)


def test_same_seed_same_bytes_except_times(command: Command) -> None:
    reports = []
    for name in ("a", "b"):
        assert command(*QUICK, "--seed", "3", "--output", name) == 0
        report = read(name)
        timeless = msgspec.structs.replace(report.provenance, started="", seconds=0.0)
        reports.append(msgspec.structs.replace(report, provenance=timeless))
    assert reports[0] == reports[1]


def test_json_on_stdout_is_the_report(command: Command, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert command(*QUICK, "--format", "json") == 0
    assert capsysbinary.readouterr().out == Path("biasscope-report", "report.json").read_bytes()


def test_options_from_file_and_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("asked.toml").write_text('[layers]\nthreshold = 0.3\nmeasures = ["sum_variation", "nonshiftability"]\n')
    monkeypatch.setenv("BIASSCOPE_LAYERS_SEED", "5")
    assert command(*QUICK, "--config", "asked.toml") == 0
    report = read()
    assert report.result("layers").parameters["threshold"] == 0.3
    assert report.provenance.seed == 5


def test_bad_pictures_are_listed_and_strict_exits_with_3(command: Command, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photos" / "good.png")
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 10, 10)).save(buffer, "JPEG")
    (tmp_path / "photos" / "half.jpg").write_bytes(buffer.getvalue()[:-300])
    asked = (*NET, "--images", "photos", "--grid", "0..1", *BARE)
    assert command(*asked) == 0
    found = read().result("images")
    assert [Path(str(name)).name for name in found.table("rows")["image_id"]] == ["half.jpg"]
    assert any("left out" in sentence for sentence in read().answer)
    assert command(*asked, "--strict", "--output", "strict") == 3


def test_forms_that_cannot_be_made_are_listed_and_strict_exits_with_3(command: Command) -> None:
    asked = ("--model", "torchvision:squeezenet1_1@none?classes=10&size=32", *QUICK[2:], "--measures", "sum_variation")
    both = (*asked, "--variants", "baseline,polyphase")
    assert command(*both) == 0
    report = read()
    assert [result.kind for result in report.results][:2] == ["layers", "structure"]
    assert set(report.result("layers").table("layers")["model"]) == {"squeezenet1_1"}
    made = report.result("models").table("impossible")
    assert (made["model"], made["variant"]) == (["squeezenet1_1"], ["polyphase"])
    assert "a pool with ceil_mode" in str(made["reason"][0])
    assert any(note.startswith("Left out: squeezenet1_1 has no form polyphase") for note in report.notes)
    assert command(*both, "--strict", "--output", "strict") == 3
    assert command(*asked, "--strict", "--output", "plain") == 0


def test_a_form_that_no_model_has_is_an_error(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--model", "torchvision:squeezenet1_1@none?classes=10&size=32", *QUICK[2:], "--variants", "polyphase")
    assert command(*asked) == 2
    assert "has no form polyphase" in capsys.readouterr().err
    assert not Path("biasscope-report").exists()


def test_patched_and_explained_pictures_can_be_limited(command: Command) -> None:
    asked = (*NET, "--limit", "3", "--grid", "0..1", "--images", "scenes:3", "--no-html", "--measures", "sum_variation")
    limits = ("--blame-limit", "2", "--attribution-limit", "1", "--attribution", "saliency")
    assert command(*asked, *limits) == 0
    report = read()
    blame, explained = report.result("blame"), report.result("attribution")
    assert (blame.parameters["images"], explained.parameters["images"]) == (2, 1)
    assert any("patched for 2 of the 3 pictures" in note for note in blame.notes)
    assert any("1 of the 3 pictures were explained" in note for note in explained.notes)
    assert command(*asked, "--blame-limit", "0", "--attribution", "none", "--output", "all") == 0
    assert read("all").result("blame").parameters["images"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--blame-limit", "-1"), 2, "--blame-limit: -1"),
        (("--measures", "nonshiftabilty"), 2, "Did you mean 'nonshiftability'"),
        (("--layers", "layer9"), 2, "means no layer"),
        (("--threshold", "0"), 2, "--threshold"),
        (("--fill", "black"), 2, "--fill"),
        (("--variants", "baselin"), 2, "baseline, antialias, polyphase, pac, circular"),
        (("--attribution", "gradcm"), 2, "gradcam, saliency, integrated_gradients"),
        (("--protocol", "embed", "--side", "500"), 2, "or a smaller grid.\n"),
        (("--split-layers", "halves"), 2, "pools"),
        (("--between", "linear"), 2, "nearest"),
        (("--attribution", "tea-leaves"), 2, "tea-leaves"),
        (("--images", "nowhere"), 3, "nowhere"),
        (("--model", "file:none.safetensors?arch=cifar_resnet20"), 3, "none.safetensors"),
        (("--grid", "7z7"), 2, "7z7"),
        (("--grid", "3,3"), 2, "'3,3' is one view: there is nothing to compare"),
        (("--model", "torchvision:vit_b_16@none?size=64"), 2, "the network itself fails on a picture (3, 64, 64)"),
    ],
)
def test_what_is_wrong_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    given = [pair for pair in PLAIN if pair[0] not in arguments]
    assert command(*(word for pair in given for word in pair), *BARE[:1], "--no-html", *arguments) == code
    assert said in capsys.readouterr().err
    assert not Path("biasscope-report").exists()


def test_help_needs_no_torch() -> None:
    code = "import sys; from biasscope.analyze import main; main(['layers', '--help']); "
    code += "print([name for name in ('torch', 'matplotlib', 'polars') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    assert "--threshold" in done.stdout
