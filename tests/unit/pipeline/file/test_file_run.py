"""Running an analysis file gives the same numbers as asking the question, and what the file says of itself."""

import sys

import msgspec
import pytest

from biasscope.core.errors import UsageError
from biasscope.core.trust import code_allowed
from biasscope.pipeline.file import read_analysis, run_analysis
from biasscope.pipeline.invariance import analyze_invariance
from biasscope.report.model import decode, encode

MODEL = "torchvision:squeezenet1_1@none?classes=10&size=32"
TEXT = f"""title = "Does it hold?"
question = "invariance"
source = "A paper."
description = "One network."
[invariance]
model = ["{MODEL}"]
images = "scenes:4"
protocol = ["crop"]
grid = "2x2"
lie = 0
"""


@pytest.fixture
def write(tmp_path):
    def made(text):
        path = tmp_path / "a.toml"
        path.write_text(text)
        return path

    return made


def test_same_numbers_as_the_question(write):
    report = run_analysis(read_analysis(write(TEXT)))
    asked = analyze_invariance(MODEL, images="scenes:4", protocol=["crop"], grid="2x2", lie=0)
    assert [item.scalars for item in report.results] == [item.scalars for item in asked.results]
    assert [item.tables for item in report.results] == [item.tables for item in asked.results]
    assert report.provenance.command == asked.provenance.command
    assert (report.title, report.figures) == ("Does it hold?", [])
    assert report.notes == ["One network.", "Asked in a.toml. Source: A paper.", *asked.notes]
    assert decode(encode(report)) == report


def test_published_numbers_and_figures(write, tmp_path):
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "paper.toml").write_text(
        'source = "P"\n[[numbers]]\nfigure = "Accuracy"\nvalue = 2.0\ntolerance = 0.5\ngrade = "P"\n'
        'measured = "shifts.accuracy@squeezenet1_1"\n'
    )
    text = TEXT.replace("[invariance]", 'expected = "paper"\nfigures = ["shift-map"]\n[invariance]')
    report = run_analysis(read_analysis(write(text)))
    last = report.results[-1]
    assert last.kind == "expected"
    assert last.table("numbers")["verdict"] == ["differs"]
    assert last.table("numbers")["measured"] == [report.result("shifts").scalar("accuracy@squeezenet1_1").value]
    assert report.figures == ["shift-map", "expected"]


@pytest.mark.parametrize(
    ("settings", "tiny", "said"),
    [
        (["limit=2", "seed=3", "batch=4"], False, ""),
        (["images=scenes:4", f"model={MODEL}"], False, ""),
        (["fill=", "clip_length=16", "grid="], False, "grid is set otherwise than in the file"),
        (["grid=3x3"], False, "grid is set otherwise than in the file"),
        (["fill=mean", "protocol=embed"], False, "fill and protocol are set otherwise than in the file"),
        (["images=scenes:2"], False, "images is set otherwise than in the file"),
        (
            [f"model={MODEL.replace('size=32', 'size=48')}", "invariance.images=scenes:2"],
            False,
            "model and images are set otherwise than in the file",
        ),
        ([], True, "this is the smallest form of the analysis, not the one that the file asks for"),
    ],
)
def test_published_numbers_are_judged_on_what_the_file_names(write, tmp_path, settings, tiny, said):
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "paper.toml").write_text('source = "P"\nnumbers = []\n')
    text = TEXT.replace("[inv", 'expected = "paper"\n[inv') + '[tiny]\nimages = "scenes:2"\n'
    file = read_analysis(write(text), settings, tiny=tiny)
    assert file.unjudged == said
    assert said in run_analysis(file).results[-1].finding


def test_pictures_of_the_same_name_elsewhere_are_others(write, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("PICTURES", str(tmp_path))
    for written in ("pictures", "${PICTURES}/pictures"):
        path = write(TEXT.replace("scenes:4", written))
        for folder, said in ((tmp_path, ""), (tmp_path / "elsewhere", "images is set otherwise than in the file")):
            monkeypatch.chdir(folder)
            assert read_analysis(path, ["images=pictures"]).unjudged == said
    monkeypatch.delenv("PICTURES")
    assert read_analysis(path, ["images=pictures"]).unjudged == "images is set otherwise than in the file"


def test_the_batch_is_part_of_the_protocol_where_networks_are_trained(write):
    text = 'title = "T"\nquestion = "augmentation"\nsource = "S"\n[augmentation]\nmodel = ["small:4"]\n'
    assert read_analysis(write(text), ["batch=64", "seeds=9"]).unjudged == ""
    assert read_analysis(write(text), ["batch=32"]).unjudged == "batch is set otherwise than in the file"


def test_numbers_of_the_file_take_the_place_of_the_general_ones(write, tmp_path):
    (tmp_path / "expected").mkdir()
    (tmp_path / "expected" / "paper.toml").write_text('source = "P"\nnumbers = []\n')
    text = TEXT.replace("squeezenet1_1", "resnet18")
    plain = run_analysis(read_analysis(write(text)))
    assert "published" in [item.kind for item in plain.results]
    with_numbers = run_analysis(read_analysis(write(text.replace("[inv", 'expected = "paper"\n[inv'))))
    kinds = [item.kind for item in with_numbers.results]
    assert "published" not in kinds
    assert kinds[-1] == "expected"


CODE = """
import torch
BUILT = []
def net():
    BUILT.append(1)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
                               torch.nn.Linear(4, 10))
def number():
    return 3
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    (tmp_path / "my_nets.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "python:my_nets:net?size=32"
    sys.modules.pop("my_nets", None)


def test_a_model_of_code_is_built_only_where_it_is_allowed(write, code):
    path = write(TEXT.replace(MODEL, code))
    with pytest.raises(UsageError, match="names code to import"):
        read_analysis(path)
    assert "my_nets" not in sys.modules
    allowed = read_analysis(path, allow_python=True)
    with pytest.raises(UsageError, match="names code to import"):  # a second lock, in the place that imports
        run_analysis(msgspec.structs.replace(allowed, allow_python=False))
    assert "my_nets" not in sys.modules
    report = run_analysis(allowed)
    assert sys.modules["my_nets"].BUILT == [1]
    assert report.result("shifts").table("models")["model"] == ["my_nets:net"]
    assert not code_allowed()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("python:my_nets:none", "cannot import it"),
        ("python:no_such_module:net", "cannot import it"),
        ("python:my_nets", "it names no function"),
        ("python:my_nets:BUILT", "BUILT is no function"),
        ("python:my_nets:number", "it gave int, not a module"),
        ("python:my_nets:net?classes=3", "has no effect"),
    ],
)
def test_wrong_code(write, code, spec, said):
    path = write(TEXT.replace(MODEL, spec))
    with pytest.raises(UsageError, match=said):
        run_analysis(read_analysis(path, allow_python=True))
    assert not code_allowed()


def test_code_as_the_architecture_of_a_checkpoint(write, code, tmp_path):
    import my_nets

    from biasscope.models.checkpoints.safetensors import to_safetensors

    (tmp_path / "w.safetensors").write_bytes(to_safetensors(my_nets.net().state_dict(), {}))
    path = write(TEXT.replace(MODEL, "file:w.safetensors?arch=python:my_nets:net&size=32"))
    report = run_analysis(read_analysis(path, allow_python=True))
    assert report.result("shifts").table("models")["model"] == ["w"]
    with pytest.raises(UsageError, match="names code to import"):
        run_analysis(msgspec.structs.replace(read_analysis(path, allow_python=True), allow_python=False))
