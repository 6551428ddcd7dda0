"""Definitions: from keywords, from paths given one way or another, and back to a command."""

from pathlib import Path

import pytest

import biasscope
from biasscope.core.errors import UsageError
from biasscope.pipeline.definition import (
    AugmentationAnalysis,
    DatasetAnalysis,
    Definition,
    InvarianceAnalysis,
    command_line,
    defined,
)


@pytest.mark.parametrize("given", ["a.csv", Path("a.csv"), ["a.csv"], (Path("a.csv"),)])
def test_one_path_or_several_in_any_form(given: object) -> None:
    assert defined(DatasetAnalysis, {"paths": given}).paths == ["a.csv"]


@pytest.mark.parametrize(
    "options", [{"alpha": "x"}, {"alpha": 2.0}, {"unknown": 1}, {"paths": [1]}, {"correction": "none"}, {"seed": -1}]
)
def test_wrong_options_are_usage_errors(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        defined(DatasetAnalysis, options)


def test_the_command_asks_the_same_again() -> None:
    asked = DatasetAnalysis(
        paths=["a", "b"],
        columns={"x0": "l"},
        augment=["Pad(2)", "CenterCrop(3)"],
        evaluation="CenterCrop(3)",
        stream=True,
        cache=False,
        sizes="s.csv",
    )
    assert command_line("dataset", asked) == [
        "python", "-m", "biasscope.analyze", "dataset", "a", "b", "--sizes", "s.csv", "--columns", "x0=l", "--stream",
        "--no-cache", "--augment", "Pad(2)", "--augment", "CenterCrop(3)",
        "--evaluation", "CenterCrop(3)",
    ]  # fmt: skip


def test_the_api_takes_paths_like_read_boxes(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    rows = "".join(f"i{number},{number % 9},1,{number % 9 + 5},9,b,20,20\n" for number in range(30))
    path.write_text(f"image,xmin,ymin,xmax,ymax,label,width,height\n{rows}")
    one = biasscope.analyze_dataset(path, leakage=False)
    same = biasscope.analyze_dataset(paths=str(path), leakage=False)
    assert one.results == same.results
    assert one.title == "boxes.csv"


def test_wrong_choices_are_answered_with_the_choices() -> None:
    with pytest.raises(UsageError, match="'foo' is none of the choices") as caught:
        defined(InvarianceAnalysis, {"variants": ["pac", "foo"]})
    assert caught.value.where == "--variants"
    assert caught.value.hint == "They are baseline, antialias, polyphase, pac, circular."
    with pytest.raises(UsageError, match="--box-convention: 'corners'") as caught:
        defined(InvarianceAnalysis, {"images": "a", "box_convention": "corners"})
    assert "inclusive1" in caught.value.hint
    with pytest.raises(UsageError, match=r"there is no option grids\. Did you mean grid"):
        defined(InvarianceAnalysis, {"grids": "3x3"})


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (InvarianceAnalysis, {"limit": "many"}, "--limit: 'many' is no whole number. Write digits alone"),
        (InvarianceAnalysis, {"limit": 1.5}, "--limit: 1.5 is no whole number"),
        (InvarianceAnalysis, {"limit": True}, "--limit: true is no whole number"),
        (AugmentationAnalysis, {"train_images": [3, 1.5]}, "--train-images: 1.5 is no whole number"),
        (AugmentationAnalysis, {"rate": "fast"}, "--rate: 'fast' is no number. Write one such as 0.05"),
        (AugmentationAnalysis, {"target": 0.95}, "--target: 0.95 is no text. Put it in quotes"),
        (DatasetAnalysis, {"paths": ["a", 3]}, "--paths: 3 is no text"),
        (DatasetAnalysis, {"stream": "on"}, "--stream: 'on' is neither true nor false"),
        (DatasetAnalysis, {"columns": {"x0": 3}}, "--columns: {'x0': 3} is no table of texts"),
        (DatasetAnalysis, {"columns": "x0=3"}, "--columns: 'x0=3' is no table of texts"),
    ],
)
def test_values_of_the_wrong_type_are_told_with_the_value(
    kind: type[Definition], options: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        defined(kind, options)
    assert str(caught.value).startswith(said)
