"""Where files are: relative to the file that names them, with variables, and only for keys that name files."""

from pathlib import Path

import pytest

from biasscope.core.errors import UsageError
from biasscope.pipeline.file.places import resolved


def place(key, value, folder="/data/team", question="invariance"):
    return resolved(question, key, value, Path(folder), where="a.toml")


@pytest.mark.parametrize(
    ("key", "value", "made"),
    [
        ("images", "pictures", "/data/team/pictures"),
        ("images", "../pictures/a.parquet", "/data/pictures/a.parquet"),
        ("images", "/abs/pictures", "/abs/pictures"),
        ("images", "hf://owner/name", "hf://owner/name"),
        ("images", "scenes", "scenes"),
        ("images", "scenes:200", "scenes:200"),
        ("images", "centred:2500@28", "centred:2500@28"),
        ("images", "scenery", "/data/team/scenery"),
        ("images", "video:clips", "video:/data/team/clips"),
        ("classes_file", "names.txt", "/data/team/names.txt"),
        ("model", "file:w.safetensors?arch=x&mean=0.5", "file:/data/team/w.safetensors?arch=x&mean=0.5"),
        ("model", ["file:w.pth", "torchvision:vgg16"], ["file:/data/team/w.pth", "torchvision:vgg16"]),
        ("sizes", "60,100", "60,100"),
        ("grid", "${HOME}", "${HOME}"),
        ("limit", 3, 3),
        ("images", 3, 3),
    ],
)
def test_places(key, value, made):
    assert place(key, value) == made


def test_boxes_have_other_files():
    assert place("sizes", "sizes.csv", question="dataset") == "/data/team/sizes.csv"
    assert place("paths", ["a.json", "hf://o/n"], question="dataset") == ["/data/team/a.json", "hf://o/n"]
    assert place("images", "scenes", question="dataset") == "/data/team/scenes"


def test_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert place("images", "~/pictures") == "/home/someone/pictures"


def test_variables(monkeypatch):
    monkeypatch.setenv("TEAM_DATA", "/mnt/team")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOWHERE", raising=False)
    assert place("images", "${TEAM_DATA}/a") == "/mnt/team/a"
    assert place("images", "${NOWHERE:-here}/a") == "/data/team/here/a"
    assert place("images", "${EMPTY:-here}/a") == "/data/team/here/a"
    assert place("model", "file:${TEAM_DATA}/w.pth?arch=x") == "file:/mnt/team/w.pth?arch=x"
    with pytest.raises(UsageError, match=r"a\.toml: the environment variable NOWHERE is not set\. Set NOWHERE"):
        place("images", "${NOWHERE}/a")
