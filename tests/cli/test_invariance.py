"""`invariance` through the public command: what it answers, what it refuses, and with which exit codes."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from biasscope.analyze import main
from biasscope.models.architectures import architecture
from biasscope.models.checkpoints.safetensors import to_safetensors
from biasscope.report.render import render
from tests.cli.conftest import Done, read

QUICK = ("--limit", "5", "--grid", "3x3", "--lie", "0", "--images", "scenes:5", "--no-html")
Command = Callable[..., int]


@pytest.fixture
def command(net: None) -> Command:
    """Run the command in this process, in the folder of the network."""
    return lambda *arguments: main(["invariance", *map(str, arguments)])


NET = ("--model", "file:net.safetensors?arch=cifar_resnet20")


def picture(path: Path, seed: int, side: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def default(embedded: Callable[..., Done]) -> Done:
    """The default, with fewer pictures."""
    return embedded("invariance", "--limit", "30", "--lie", "4")


def test_embedded_default_answers(default: Done) -> None:
    folder, done = default
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = read(str(folder / "biasscope-report"))
    assert [result.kind for result in report.results] == [
        "shifts", "shifts", "rescale", "rotation", "resize", "lie", "models", "images",
    ]  # fmt: skip
    embed, circular = report.results[:2]
    assert (embed.parameters["protocol"], circular.parameters["protocol"]) == ("embed", "circular")
    assert circular.scalar("consistency@digits8-polyphase").value == 1.0
    assert "digits8 keeps its answer in" in report.answer[0]
    assert any("Shifman & Weiss" in sentence for sentence in report.answer)
    assert 3 <= len(report.headline) <= 5
    assert any("Simulated" in note for note in report.notes)
    assert "report.html" in done.stdout


def test_the_page_is_a_view_of_the_json(default: Done) -> None:
    folder = default[0] / "biasscope-report"
    page = (folder / "report.html").read_bytes()
    assert render(read(str(folder))) == page
    assert b"http://" not in page.replace(b"http://www.w3.org", b"")
    assert len(page) < 5_000_000


def test_nothing_is_left_to_continue(default: Done) -> None:
    cache = default[0].parent / "embedded-cache" / "biasscope"
    assert len(list((cache / "models").glob("digits8*.safetensors"))) == 4
    assert not list((cache / "sweeps").glob("*"))


def test_forms_are_paired_with_their_baseline(command: Command) -> None:
    assert (
        command(*NET, *QUICK, "--variants", "baseline,antialias", "--filter-size", "3", "--protocol", "circular") == 0
    )
    report = read()
    different = report.result("shifts").table("differences")
    assert different["model"] == ["net (antialias)"] * 2
    assert different["against"] == ["net"] * 2
    assert report.result("models").table("models")["trained"] == [True, False]
    assert {item.name for item in report.provenance.inputs} == {"net.safetensors"}


def test_same_seed_same_bytes_except_times(command: Command) -> None:
    reports = []
    for name in ("a", "b"):
        assert command(*NET, *QUICK, "--protocol", "embed,pairs", "--seed", "3", "--output", name) == 0
        report = read(name)
        timeless = msgspec.structs.replace(report.provenance, started="", seconds=0.0)
        reports.append(msgspec.structs.replace(report, provenance=timeless))
    assert reports[0] == reports[1]
    assert not Path("a", "report.html").exists()


def test_json_on_stdout_is_the_report(command: Command, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert command(*NET, *QUICK, "--protocol", "circular", "--format", "json") == 0
    assert capsysbinary.readouterr().out == Path("biasscope-report", "report.json").read_bytes()


def test_quiet_says_nothing(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*NET, *QUICK, "--protocol", "circular", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_pictures_without_labels_and_larger_than_the_input(command: Command, tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "flat" / f"{number}.png", number)
    assert command(*NET, "--images", "flat", "--grid", "3x3", "--lie", "0") == 0
    report = read()
    protocols = [result.parameters.get("protocol") for result in report.results[:4]]
    assert protocols == ["crop", "embed", "circular", "resize"]
    assert any("no labels" in sentence for sentence in report.answer)
    assert report.results[0].table("map")["accuracy"] == [None] * 9
    assert Path("biasscope-report", "report.html").exists()


def test_bad_pictures_are_listed_and_strict_exits_with_3(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "photos" / "good.png", 1)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 10, 10)).save(buffer, "JPEG")
    (tmp_path / "photos" / "half.jpg").write_bytes(buffer.getvalue()[:-300])
    asked = (*NET, "--images", "photos", "--grid", "3x3", "--lie", "0", "--protocol", "circular", "--no-html")
    assert command(*asked) == 0
    found = read().result("images")
    assert found.scalar("skipped").value == 1
    assert [Path(str(name)).name for name in found.table("rows")["image_id"]] == ["half.jpg"]
    assert any("1 picture was left out" in sentence for sentence in read().answer)
    capsys.readouterr()
    assert command(*asked, "--strict", "--output", "strict") == 3
    assert "--strict: 1 picture does not conform; the report lists them." in capsys.readouterr().err
    assert Path("strict", "report.json").exists()


def test_options_of_a_file_and_of_the_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("options.toml").write_text(
        '[invariance]\nmodel = ["file:net.safetensors?arch=cifar_resnet20"]\nprotocol = ["circular", "embed"]\n'
        'images = "scenes:4"\nlimit = 4\ngrid = "3x1"\nlie = 0\nhtml = false\nseed = 5\n'
    )
    monkeypatch.setenv("BIASSCOPE_INVARIANCE_OUTPUT", "from-environment")
    assert command("--config", "options.toml", "--seed", "6") == 0
    report = read("from-environment")
    assert report.provenance.seed == 6
    assert [result.parameters.get("shifts") for result in report.results[:2]] == [3, 3]


def test_turned_pictures_are_compared_with_the_upright_one(command: Command) -> None:
    asked = (*NET, "--images", "scenes:12", "--lie", "0", "--no-html", "--protocol", "rotation", "--angles")
    reports = []
    for angles in ("90", "0,90"):
        assert command(*asked, angles, "--output", angles) == 0
        reports.append(read(angles))
    alone, beside = reports
    assert alone.answer == beside.answer
    assert alone.results == beside.results
    curve = alone.result("rotation").table("curve")
    assert (curve["angle"], curve["agreement"][0]) == ([0.0, 90.0], 1.0)


def test_a_grid_without_the_unshifted_picture_names_its_reference(command: Command) -> None:
    asked = (*NET, "--images", "scenes:4", "--lie", "0", "--no-html", "--protocol", "circular", "--grid")
    for grid, said in (("1,2;3,4", "first shift, (1, 2)"), ("3x3", "fixed original")):
        assert command(*asked, grid) == 0
        assert read().result("shifts").parameters["reference"] == said


def test_pictures_that_one_model_refuses_are_counted_once(command: Command) -> None:
    boxes = ((4, 4, 10, 10), (5, 5, 29, 12), (20, 20, 26, 28))
    lines = ["path,x0,y0,x1,y1"]
    for number, box in enumerate(boxes):
        picture(Path("photos", f"{number}.png"), number)
        lines.append(f"photos/{number}.png,{','.join(map(str, box))}")
    Path("boxes.csv").write_text("\n".join(lines))
    models = [f"torchvision:squeezenet1_1@none?classes=10&size={size}" for size in (32, 24)]
    given = [word for model in models for word in ("--model", model)]
    rest = ("--images", "boxes.csv", "--box-columns", "x0,y0,x1,y1", "--lie", "0", "--no-html")
    assert command(*given, *rest, "--protocol", "box", "--grid", "3x3") == 0
    report = read()
    assert report.result("images").finding == (
        "3 pictures were measured. 1 picture was left out by some of the models or protocols; the report lists them."
    )
    assert report.result("images").scalar("skipped").value == 0
    assert "2 to 3 pictures, grid 3x3" in report.result("shifts").finding
    assert report.result("shifts").parameters["differs for"] == "squeezenet1_1 #2"
    assert any("Each on the pictures that it takes: squeezenet1_1 #2" in said for said in report.answer)


def broken(path: Path) -> None:
    net = architecture("cifar_resnet20").build()
    torch.nn.init.constant_(net.get_parameter("linear.weight"), float("nan"))
    path.write_bytes(to_safetensors(net.state_dict(), {}))


def few(path: Path) -> None:
    net = architecture("cifar_resnet20", 4).build()
    path.write_bytes(to_safetensors(net.state_dict(), {}))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([*NET, *QUICK, "--protocol", "circuler"], 2, "'circular'"),
        ([*NET, *QUICK, "--variants", "antialiased"], 2, "antialiased"),
        ([*NET, *QUICK, "--protocol", "circular", "--fill", "mean"], 2, "--fill"),
        ([*NET, *QUICK, "--protocol", "embed", "--side", "32"], 2, "room"),
        ([*NET, "--protocol", "rotation", "--angles", "ten"], 2, "angles"),
        (["--model", "file:nowhere.safetensors?arch=cifar_resnet20", *QUICK], 3, "nowhere.safetensors"),
        (["--model", "smal:digits8"], 2, "small"),
        ([*NET, "--images", "nowhere"], 3, "nowhere"),
        (["--split", "val"], 2, "--images"),
        ([*NET, *QUICK, "--limit", "-1"], 2, "limit"),
        (["--model", "file:nan.safetensors?arch=cifar_resnet20", *QUICK, "--protocol", "circular"], 3, "not finite"),
        (
            ["--model", "file:few.safetensors?arch=cifar_resnet20&classes=4", *QUICK, "--protocol", "circular"],
            3,
            "beyond the model's outputs",
        ),
    ],
)
def test_what_is_refused(
    command: Command, arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(Path("nan.safetensors"))
    few(Path("few.safetensors"))
    assert command(*arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert not Path("biasscope-report").exists()


def test_a_grid_larger_than_the_source_is_refused(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*NET, "--images", "scenes:3", "--protocol", "embed", "--grid", "65x65", "--lie", "0") == 2
    assert "grid" in capsys.readouterr().err


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from biasscope.analyze import main; main(['invariance', '--help']);"
        "sys.stderr.write(' '.join({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "--variants" in done.stdout
    assert not set(done.stderr.split()) & {"torch", "torchvision", "numpy", "polars", "matplotlib", "scipy", "datasets"}


def test_a_form_that_cannot_be_made_does_not_end_the_run(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    squeezed = ("--model", "torchvision:squeezenet1_1@none?classes=10&size=32", *QUICK, "--protocol", "circular")
    assert command(*squeezed, "--variants", "baseline,polyphase") == 0
    report = read()
    assert report.result("models").table("models")["variant"] == ["baseline"]
    assert report.result("models").table("impossible")["variant"] == ["polyphase"]
    assert any(note.startswith("Left out: squeezenet1_1 has no form polyphase") for note in report.notes)
    capsys.readouterr()
    assert command(*squeezed, "--variants", "baseline,polyphase", "--strict") == 3
    assert "1 form of a model cannot be made; the report lists them" in capsys.readouterr().err
    assert command(*squeezed, "--variants", "polyphase") == 2
    said = capsys.readouterr().err
    assert "squeezenet1_1 has no form polyphase" in said
    assert "Leave polyphase out of --variants." in said
    assert "circular=True" not in said


def test_a_folder_of_frames_is_a_video_when_clips_are_asked_for(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        picture(tmp_path / "frames" / f"{number}.png", number)
    asked = (*NET, "--clip-length", "4", "--lie", "0", "--no-html", "--protocol")
    counts = []
    for images in ("frames", "video:frames"):
        assert command(*asked, "video", "--images", images, "--output", images.replace(":", "-")) == 0
        report = read(images.replace(":", "-"))
        counts.append(report.results[0].parameters["views"])
        assert report.result("images").finding == "1 clip was measured."
        assert "The clips have no labels, so nothing is said on accuracy." in report.answer
    assert counts == [4, 4]
    capsys.readouterr()
    assert command(*asked, "video,circular", "--images", "frames") == 3
    assert "video:FOLDER" in capsys.readouterr().err


def test_strict_says_how_many_a_protocol_refused(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path / "photos" / "good.png", 1)
    Image.new("RGB", (4200, 8)).save(tmp_path / "photos" / "thin.png")
    asked = (*NET, "--images", "photos", "--grid", "3x3", "--lie", "0", "--protocol", "circular", "--no-html")
    assert command(*asked, "--strict") == 3
    assert "1 picture does not conform (1 refused by a protocol); the report lists them" in capsys.readouterr().err
    assert read().result("images").table("problems")["title"] == ["refused by a protocol"]


def test_one_share_has_one_interval(command: Command) -> None:
    assert command(*NET, *QUICK, "--protocol", "circular") == 0
    report = read()
    worst = report.result("shifts").scalar("worst_case@net")
    assert worst.interval is not None
    ends = f"({worst.interval.low * 100:.1f} to {worst.interval.high * 100:.1f})"
    assert any("right at every one of these shifts" in said and ends in said for said in report.answer)
    assert len(report.answer) <= 5


@pytest.mark.parametrize(("grid", "words"), [("99x99", "go around to the same view"), ("0,0;0,0", "more than once")])
def test_grids_that_repeat_a_view(command: Command, grid: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (*NET, "--images", "scenes:4", "--lie", "0", "--no-html", "--protocol", "circular", "--grid", grid)
    assert command(*asked) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("limt = 5", "[invariance]: there is no option 'limt'. Did you mean 'limit'?"),
        ("filter-sise = 3", "Did you mean 'filter_size'?"),
        ("whatever = 3", "See invariance --help."),
    ],
)
def test_an_unknown_key_of_the_configuration(
    command: Command, table: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("options.toml").write_text(f"[invariance]\n{table}\n")
    assert command("--config", "options.toml") == 2
    said = capsys.readouterr().err
    assert said.startswith("biasscope: options.toml: [invariance]: there is no option")
    assert words in said
