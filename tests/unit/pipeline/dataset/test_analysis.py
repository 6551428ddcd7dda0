"""A dataset from boxes to a report: what the first screen says, and that options reach what they are for."""

import json
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import polars as pl
import pytest

from biasscope.bias import count_boxes
from biasscope.bias.position import position
from biasscope.bias.repair import padded_crop
from biasscope.boxes import inspect, read_boxes, usable_boxes
from biasscope.core.errors import InputError, UsageError
from biasscope.core.results import Result, Scalar, table
from biasscope.pipeline.dataset import analyze_dataset
from biasscope.pipeline.dataset.answer import answer
from biasscope.report.model import decode, encode
from biasscope.report.render import render
from tests.box_scenes import frame

HEADER = "image,xmin,ymin,xmax,ymax,label,width,height\n"


def boxes(folder: Path, *, count: int = 120, share: bool = False, name: str = "boxes.csv") -> Path:
    """Boxes of two classes, the second of which has five; in pixels, or in shares of the image."""
    rows = []
    for number in range(count):
        x, y, label = number * 37 % 540, number * 53 % 400, "few" if number < 5 else "many"
        right, low = x + 60 + number % 5 * 10, y + 80
        corners = [x / 640, y / 480, right / 640, low / 480] if share else [x, y, right, low]
        rows.append(",".join(map(str, [f"i{number}.jpg", *corners, label, 640, 480])))
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path


def test_a_doubt_about_the_convention_is_on_the_first_screen(tmp_path: Path) -> None:
    path = boxes(tmp_path, share=True)
    assert "--box-convention fraction" in analyze_dataset(path, leakage=False).notes[0]
    asked = analyze_dataset(path, leakage=False, box_convention="fraction")
    assert not any("Nothing was changed" in note for note in asked.notes)


def test_a_name_that_is_not_utf8_is_legible_in_the_report(tmp_path: Path) -> None:
    report = analyze_dataset(boxes(tmp_path / "\udcff", name="\udcfe.csv"), leakage=False)
    legible = "%FE.csv"
    assert report.title == report.provenance.inputs[0].name == legible
    assert report.provenance.command[4].endswith(f"/%FF/{legible}")
    assert decode(encode(report)) == report


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [boxes(tmp_path / folder) for folder in "ab"]
    report = analyze_dataset(paths[0], compare=str(paths[1]), leakage=False)
    found = report.result("comparison")
    assert (found.parameters["a"], found.parameters["b"]) == ("a/boxes.csv", "b/boxes.csv")
    assert [note.startswith("b/boxes.csv: ") for note in report.notes] == [False, True]


def test_the_minimum_holds_for_scale_too(tmp_path: Path) -> None:
    path = boxes(tmp_path)
    for minimum, tested in ((5, 2), (6, 0)):  # the other class of the two needs as many
        report = analyze_dataset(path, leakage=False, minimum=minimum)
        assert report.result("scale").parameters["minimum"] == minimum
        assert report.result("scale").scalar("tested").value == tested


def test_a_minimum_that_is_given_holds_for_comparisons_and_each_test_has_its_own_else(tmp_path: Path) -> None:
    """115 boxes of many and 5 of few, one an image, on both sides: 10 for position, 5 on either side compared."""
    paths = [boxes(tmp_path / folder) for folder in "ab"]
    for given, minima, tested in (
        ({}, (10, 5), (1, 2)),
        ({"minimum": 5}, (5, 5), (2, 2)),
        ({"minimum": 6}, (6, 6), (1, 1)),
    ):
        report = analyze_dataset(paths[0], compare=str(paths[1]), leakage=False, **given)
        found = [report.result(kind) for kind in ("position", "comparison")]
        assert tuple(item.parameters["minimum"] for item in found) == minima
        assert tuple(item.scalar("tested").value for item in found) == tested


def test_repair_says_of_how_many_boxes_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.pipeline.dataset.analysis.REPAIRED", 60)
    found = analyze_dataset(boxes(tmp_path), leakage=False).result("repair")
    assert found.parameters["boxes_available"] == 120
    assert 30 < int(str(found.parameters["boxes"])) < 90
    assert any("of 120 boxes, sampled by image" in note for note in found.notes)


def test_a_sample_of_a_stream_says_how_many_boxes_there_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("analysis", "pairs"):
        monkeypatch.setattr(f"biasscope.pipeline.dataset.{name}.SAMPLE_OF_A_STREAM", 80)
    paths = [boxes(tmp_path / folder, count=count) for folder, count in (("a", 120), ("b", 90))]
    report = analyze_dataset(paths[0], compare=str(paths[1]), stream=True)
    assert [report.result(kind).parameters["boxes"] for kind in ("repair", "leakage")] == [80, 80]
    counts = {kind: report.result(kind).parameters["boxes_available"] for kind in ("repair", "leakage", "comparison")}
    assert counts == {"repair": 120, "leakage": 120, "comparison": 210}
    assert any("is of 80 of 120 boxes, sampled, also" in note for note in report.result("repair").notes)
    for kind in ("leakage", "comparison"):
        assert "Boxes were sampled; the parameters say how many were used." in report.result(kind).notes


def test_splits_of_a_sample_of_a_stream_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.pipeline.dataset.analysis.SAMPLE_OF_A_STREAM", 80)
    paths = [boxes(tmp_path / folder, count=count) for folder, count in (("train", 120), ("val", 90))]
    streamed = analyze_dataset(*paths, leakage=False, stream=True).result("splits")
    used = [int(str(streamed.parameters[name])) for name in ("boxes_a", "boxes_b")]
    assert sum(used) == 80
    assert streamed.parameters["boxes_available"] == 210
    sampled = "Boxes were sampled; the parameters say how many were used."
    assert sampled in streamed.notes
    whole = analyze_dataset(*paths, leakage=False).result("splits")
    assert (whole.parameters["boxes_available"], sampled in whole.notes) == (210, False)


def test_long_names_do_not_fill_the_first_screen(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"i{k},10,10,{30 + k % 2},30,{'c' * 5000},100,100\n" for k in range(60)]
    path.write_text(HEADER + "".join(rows))
    first = analyze_dataset(path, leakage=False).answer[0]
    assert first.endswith(f": “{'c' * 79}…”.")


@pytest.mark.parametrize("stream", [False, True])
def test_images_of_one_name_in_two_files_are_in_the_notes(tmp_path: Path, stream: bool) -> None:
    """As of two cameras that number their pictures alike."""
    paths = [boxes(tmp_path / folder, count=count) for folder, count in (("a", 120), ("b", 30))]
    paths[1].write_text(paths[1].read_text().replace("many", "more").replace("few", "less"))
    report = analyze_dataset(*paths, leakage=False, stream=stream)
    (note,) = (note for note in report.notes if "30 images are named by more than one file" in note)
    assert "some of their boxes may not have been tested" in note
    for path in paths:
        assert not any("named by more" in note for note in analyze_dataset(path, leakage=False, stream=stream).notes)
    (tmp_path / "train").mkdir()
    paths[1].rename(tmp_path / "train" / "boxes.csv")  # images of another split are others
    apart = analyze_dataset(paths[0], tmp_path / "train" / "boxes.csv", leakage=False, stream=stream)
    assert not any("named by more" in note for note in apart.notes)


def test_an_augmentation_is_answered_once_however_often_it_is_written(tmp_path: Path) -> None:
    asked = ["RandomResizedCrop(size=224)", "v2.RandomResizedCrop(100)", "RandomResizedCrop( 100, scale=(0.08,1) )"]
    report = analyze_dataset(boxes(tmp_path), leakage=False, augment=asked)
    found = [result.parameters["augmentation"] for result in report.results if result.kind == "repair"]
    assert found == ["RandomResizedCrop(224)", "RandomResizedCrop(100)"]
    assert len(set(report.answer)) == len(report.answer)


def test_the_head_number_after_says_after_what() -> None:
    titles = [item.title for item in analyze_dataset(leakage=False).headline]
    assert "Placement effect (V), objects clear of the frame, after RandomResizedCrop(224)" in titles


def test_the_head_number_after_is_of_the_augmentation_that_was_asked_for(tmp_path: Path) -> None:
    asked = ["RandomResizedCrop(224)", "RandomResizedCrop(224, scale=(0.5, 1))", "RandomResizedCrop(50)"]
    report = analyze_dataset(boxes(tmp_path), leakage=False, augment=asked)
    found = [result.scalar("effect_after") for result in report.results if result.kind == "repair"]
    head = next(item for item in report.headline if item.name == "effect_after")
    assert head.title.endswith(", after RandomResizedCrop(224, scale=(0.5, 1.0))")
    assert (head.interval, head.n) == (found[1].interval, found[1].n) != (found[0].interval, found[0].n)


def test_a_wrong_augmentation_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RandomResizedCrap"):
        analyze_dataset(tmp_path / "missing.csv", augment=["RandomResizedCrap(224)"])


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([], "No class can be tested: all 0 have fewer than 10 boxes with free room."),
        (["not tested"], "No class can be tested: the only one has fewer than 10 boxes with free room."),
        (["not rejected"], "Bias is not told from chance in the one class, given the box sizes."),
        (
            ["not rejected", "not rejected", "not tested"],
            "Bias is not told from chance in any of 2 classes (1 more has too few boxes with free room), given the box "
            "sizes.",
        ),
        (["non-uniform"], "This is bias, not chance, for 1 of 1 class: “a”."),
        (["non-uniform"] * 3, "This is bias, not chance, for 3 of 3 classes: “a”, “b” and “c”."),
        (
            ["non-uniform"] * 4 + ["not tested"] * 2,
            "This is bias, not chance, for 4 of 4 classes (2 more have too few boxes with free room); most for “a”, "
            "“b” and “c”.",
        ),
    ],
)
def test_the_first_sentence_counts_in_words(verdicts: list[str], sentence: str) -> None:
    assert first_sentences(verdicts)[0] == sentence


@pytest.mark.parametrize(
    ("verdicts", "p", "per_image", "said"),
    [
        (["not rejected"] * 2, 0.012, "one", "(Cramér's V 0.04, p = 0.012)."),
        (["not tested"] * 2, 0.00001, "one", "(Cramér's V 0.04, p < 0.0001)."),
        (["not rejected"] * 2, 0.06, "one", None),
        (["not rejected"] * 2, None, "one", None),
        (["not rejected"] * 2, 0.012, "all", None),
        (["not rejected"], 0.012, "one", None),
        (["non-uniform", "not rejected"], 0.012, "one", None),
    ],
)
def test_all_classes_together_may_show_what_none_does(
    verdicts: list[str], p: float | None, per_image: str, said: str | None
) -> None:
    told = [line for line in first_sentences(verdicts, p=p, per_image=per_image) if "together" in line]
    assert told == ([f"All classes together do show bias, not chance {said}"] if said else [])


@pytest.mark.parametrize(
    ("p", "q", "sure"),
    [(0.02, 0.3, False), (0.3, 0.02, False), (0.02, 0.02, False), (0.016, 0.3, True), (0.02, 0.016, True)],
)
def test_one_of_three_tests_that_barely_rejects_is_not_called_bias(p: float, q: float, sure: bool) -> None:
    """Each is held to .05 by itself: 14 % of datasets without any bias were told that they have it."""
    told = first_sentences(["not rejected"] * 2, p=p, q_cvm_u=[q, 0.5], q_cvm_v=[0.6, 0.7])
    claims = [line for line in told if "bias, not chance" in line or "reject" in line]
    several = " Of three such tests one rejects in up to 15 % of datasets without any bias."
    assert claims
    assert all(("bias, not chance" in line) == sure for line in claims)
    assert [line.endswith(several) for line in claims] == [False] * (len(claims) - 1) + [not sure]


def first_sentences(
    verdicts: list[str],
    *,
    per_image: str = "one",
    p: float | None = None,
    correction: str = "bh",
    **columns: list[object],
) -> list[str]:
    """Of a position result whose classes have 20 boxes in 20 images, unless said otherwise; p of all together."""
    usual = {"boxes": 20, "images": 20, "q": None, "q_cvm_u": None, "q_cvm_v": None}
    usual |= dict.fromkeys(("edge_left", "edge_right", "edge_top", "edge_bottom"), 0.0)
    usual |= {"no_slack_x": 0, "no_slack_y": 0, "marginal_u": [10, 10], "marginal_v": [10, 10]}
    rows = {name: [value] * len(verdicts) for name, value in usual.items()} | columns
    classes = table("classes", {"label": list(ascii_lowercase[: len(verdicts)]), "verdict": verdicts} | rows)
    parameters = {"minimum": 10, "alpha": 0.05, "correction": correction, "per_image": per_image}
    found = Result(
        kind="position",
        title="",
        finding="",
        parameters=parameters,
        scalars=[Scalar("pooled_effect", 0.04)],
        tables=[classes, table("pooled", {"feasible_p": [p]})],
    )
    return answer([found], [])[:-1]


@pytest.mark.parametrize(("count", "correction"), [(10, "bh"), (20, "bh"), (20, "by"), (20, "holm")])
@pytest.mark.parametrize("q", [0.001, 0.04])
def test_where_many_classes_are_named_some_may_be_by_chance(count: int, correction: str, q: float) -> None:
    told = first_sentences(["non-uniform"] * count, correction=correction, q=[0.001] * (count - 1) + [q])
    expected = count == 20 and correction != "holm" and q == 0.04
    assert (" Up to 1 of these may be named by chance." in told[0]) == expected


def test_what_chance_adds_may_all_be_among_the_classes_that_one_axis_names() -> None:
    """Of 24 rejections along an axis one may be by chance, though two classes alone are named for it."""
    verdicts, q = ["non-uniform"] * 22 + ["not rejected"] * 2, [0.01] * 22 + [0.039, 0.04]
    assert "2: “w” and “x”. Up to 1 of these may be named by chance." in first_sentences(verdicts, q_cvm_v=q)[1]


def test_the_one_class_that_an_axis_names_may_be_named_by_chance() -> None:
    verdicts, q = ["non-uniform"] * 23 + ["not rejected"], [0.01] * 23 + [0.04]
    assert first_sentences(verdicts, q_cvm_v=q)[1].endswith("for 1: “x”. It may be named by chance.")


def test_what_one_axis_tells_of_boxes_at_the_frame_says_so() -> None:
    """The frame may cut them off: on both axes the answer says what is left without them."""
    at = {"edge_left": [0.2, 0.1], "edge_right": [0.1, 0.3], "edge_top": [0.9, 0.9], "edge_bottom": [0, 0.0]}
    told = first_sentences(["not rejected"] * 2, q_cvm_u=[0.001, 0.5], q_cvm_v=[0.6, 0.001], **at)
    cut = " This counts boxes that touch the frame there (up to 30 % of a class), which may cut them off."
    assert told[1].endswith(f": “a”.{cut}")
    assert "(up to 90 % of a class)" in told[2]


def test_what_several_tests_barely_find_is_doubted_once_also_of_boxes_at_the_frame() -> None:
    at = {name: [0.1, 0.1] for name in ("edge_left", "edge_right", "edge_top", "edge_bottom")}
    told = first_sentences(["not rejected"] * 2, p=0.03, q_cvm_u=[0.03, 0.5], q_cvm_v=[0.03, 0.5], **at)
    assert " ".join(told).count("Of three such tests one rejects") == 1
    assert told[-1].endswith(" Of three such tests one rejects in up to 15 % of datasets without any bias.")


def test_boxes_without_room_do_not_count_among_those_that_one_axis_tells_of() -> None:
    """They touch both sides of the frame and are not tested: up to 154 % of a class were said to touch it."""
    wide = {"edge_left": [0.75, 0.8], "edge_right": [0.75, 0.8], "no_slack_x": [60, 60], "marginal_u": [[20, 0]] * 2}
    told = first_sentences(["not rejected"] * 2, q_cvm_u=[0.001, 0.5], **wide)
    assert told[1].endswith(": “a”.")
    told = first_sentences(["not rejected"] * 2, q_cvm_u=[0.5, 0.001], **wide)
    assert "touch the frame there (up to 40 % of a class)" in told[1]


NONE = "not tested"


@pytest.mark.parametrize(
    ("verdicts", "columns", "sentences"),
    [
        (
            [NONE] * 2,
            {"q_cvm_v": [0.04, 0.01]},
            [
                "No class can be tested on both axes: all 2 have fewer than 10 boxes with free room on both axes.",
                "Vertically alone, where 2 of these have room enough, this is bias, not chance, for 2: “b” and “a”.",
            ],
        ),
        (
            ["not rejected", NONE, NONE],
            {"q_cvm_u": [0.3, None, 0.2]},
            [
                "Bias is not told from chance in the one class (2 more have too few boxes with free room), given the "
                "box sizes.",
                "Horizontally alone, where 1 of these has room enough, bias is not told from chance.",
            ],
        ),
        (
            ["not rejected", "not rejected", NONE, NONE],
            {"q_cvm_u": [0.2, 0.3, None, None], "q_cvm_v": [0.04, 0.3, 0.01, None]},
            [
                "Bias is not told from chance in any of 2 classes on both axes together (2 more have too few boxes "
                "with free room), given the box sizes.",
                "Vertically alone, where 3 classes have room enough, this is bias, not chance, for 2: “c” and “a”.",
            ],
        ),
        (
            ["not rejected", "not rejected", NONE],
            {"q_cvm_u": [0.04, 0.3, None], "q_cvm_v": [0.2, 0.3, 0.6]},
            [
                "Bias is not told from chance in any of 2 classes on both axes together (1 more has too few boxes with "
                "free room), given the box sizes.",
                "Horizontally alone, where 2 classes have room enough, uniform placement is rejected for 1: “a”. Of "
                "two such tests one rejects in up to 10 % of datasets without any bias.",
                "Vertically alone, where 3 classes have room enough, bias is not told from chance.",
            ],
        ),
        (
            ["non-uniform", "not rejected"],
            {"q_cvm_u": [0.01, 0.04], "q_cvm_v": [0.01, 0.2]},
            [
                "This is bias, not chance, for 1 of 2 classes: “a”.",
                "Horizontally alone, where 1 other has room enough, this is bias, not chance, for 1: “b”.",
            ],
        ),
        (
            [NONE] * 2,
            {"boxes": [500, 500], "images": [5, 9]},
            ["No class can be tested: all 2 are in fewer than 10 images, of which one box each is tested."],
        ),
        (
            [NONE] * 2,
            {"boxes": [500, 4], "images": [5, 4]},
            [
                "No class can be tested: all 2 have fewer than 10 boxes with free room or are in fewer than 10 images, "
                "of which one box each is tested."
            ],
        ),
        (
            ["non-uniform", NONE],
            {"boxes": [20, 500], "images": [20, 5]},
            ["This is bias, not chance, for 1 of 1 class (1 more is in too few images): “a”."],
        ),
        (
            ["non-uniform"],
            {"per_image": "all", "boxes": [60]},
            [
                "Uniform placement is rejected for 1 of 1 class: “a”. Whether that is bias or chance, tests of all "
                "boxes of an image cannot tell."
            ],
        ),
        (["non-uniform"], {"per_image": "all"}, ["This is bias, not chance, for 1 of 1 class: “a”."]),
    ],
)
def test_the_first_sentences_say_no_more_than_was_tested(
    verdicts: list[str], columns: dict[str, Any], sentences: list[str]
) -> None:
    assert first_sentences(verdicts, **columns) == sentences


def test_augmentations_may_be_objects(tmp_path: Path) -> None:
    v2 = pytest.importorskip("torchvision.transforms.v2")
    path, pair = boxes(tmp_path), [v2.RandomCrop(300), padded_crop(400, 4)]
    report = analyze_dataset(path, leakage=False, augment=[*pair, "CenterCrop(300)"])
    found = [result.parameters["augmentation"] for result in report.results if result.kind == "repair"]
    assert found == ["RandomResizedCrop(224)", repr(pair[0]), "RandomCrop(400, padding=4)", "CenterCrop(300)"]
    said = [f"<Python object: {found[1]}>", *found[2:]]  # what torchvision shows of an object builds no other
    assert report.provenance.command[-7:-1] == [part for text in said for part in ("--augment", text)]
    with pytest.raises(UsageError, match="must be text or a transform, not int"):
        analyze_dataset(path, leakage=False, augment=[3])


@pytest.mark.parametrize("other", ["csv", "json"])
def test_the_second_dataset_need_not_have_the_column_of_splits(tmp_path: Path, other: str) -> None:
    paths = [boxes(tmp_path / folder) for folder in "ab"]
    lines = paths[0].read_text().splitlines()
    parts = [f"{line},{'part' if not at else 'ab'[at % 2]}" for at, line in enumerate(lines)]
    paths[0].write_text("\n".join(parts) + "\n")
    if other == "json":
        paths[1] = tmp_path / "coco.json"
        images = [{"id": at, "file_name": f"{at}.jpg", "width": 640, "height": 480} for at in range(60)]
        found = [
            {"id": at, "image_id": at, "category_id": 1, "bbox": [at, 9, 50, 40], "iscrowd": 0} for at in range(60)
        ]
        content = {"images": images, "annotations": found, "categories": [{"id": 1, "name": "many"}]}
        paths[1].write_text(json.dumps(content))
    report = analyze_dataset(paths[0], compare=str(paths[1]), split_column="part", leakage=False)
    assert report.result("splits").parameters["a"] == "a"
    assert report.result("comparison").scalar("tested").value == (2 if other == "csv" else 1)
    assert sum("no column 'part'" in note and paths[1].name in note for note in report.notes) == 1


def test_what_else_is_wrong_with_the_second_dataset_is_said_as_ever(tmp_path: Path) -> None:
    path, missing = boxes(tmp_path), tmp_path / "missing.csv"
    path.write_text(
        path.read_text().replace("label", "label,part").replace(",many", ",many,a").replace(",few", ",few,b")
    )
    with pytest.raises(InputError, match="there is no such file"):
        analyze_dataset(path, compare=str(missing), split_column="part", leakage=False)
    with pytest.raises(InputError, match="has no column 'parts'"):
        analyze_dataset(path, split_column="parts", leakage=False)


def test_the_view_of_evaluation_is_chosen_as_text_or_object(tmp_path: Path) -> None:
    """Crops of the picture as it is, against evaluation that shows it as it is (1) or doubled (1/2)."""
    v2 = pytest.importorskip("torchvision.transforms.v2")
    path, law, double = boxes(tmp_path), "Compose([Resize(256), CenterCrop(224)])", v2.Resize((960, 1280))
    for given, text, ratio in (
        ({}, law, 480 / 256),
        ({"evaluation": "Resize(256), CenterCrop(224)"}, law, 480 / 256),
        ({"evaluation": "CenterCrop(400)"}, "CenterCrop(400)", 1.0),
        ({"evaluation": "Resize((960, 1280))"}, "Resize((960, 1280))", 0.5),
        ({"evaluation": double}, repr(double), 0.5),
    ):
        report = analyze_dataset(path, leakage=False, augment=["RandomCrop(400)"], **given)
        found = [result for result in report.results if result.kind == "repair"]
        assert {item.parameters["evaluation"] for item in found} == {text}
        assert found[1].scalar("apparent_scale_ratio").value == pytest.approx(ratio, rel=2e-3)
        assert ("--evaluation" in report.provenance.command) == (bool(given) and text != law)


@pytest.mark.parametrize("wrong", ["CenterCrap(32)", "", "os.remove('x')", "RandomCrop(4000)", 3])
def test_a_wrong_evaluation_is_a_usage_error_of_its_own_option(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(UsageError) as caught:
        analyze_dataset(boxes(tmp_path), leakage=False, evaluation=wrong)
    assert caught.value.where == "--evaluation"


@pytest.mark.parametrize(
    "options",
    [
        {"format_in": "coco"},
        {"columns": {"x0": "left"}},
        {"sizes": "sizes.csv"},
        {"images": "pictures"},
        {"box_convention": "edges"},
        {"split_column": "split"},
        {"format_in": "coco", "compare": "other.json"},
    ],
)
def test_options_of_reading_need_something_to_read(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="Give a PATH"):
        analyze_dataset(**options)


@pytest.mark.parametrize("options", [{"paths": [""]}, {"compare": ""}, {"images": ""}])
def test_an_empty_name_is_no_path(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="the name is empty"):
        analyze_dataset(**{"paths": ["a.csv"], **options})


def test_the_functions_give_the_numbers_of_the_report(tmp_path: Path) -> None:
    """Copies and boxes beyond their image are in neither."""
    path = boxes(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([*lines, *lines[1:30], *(f"j{k},10,10,{150 + k},30,many,100,100" for k in range(9))]) + "\n"
    )
    report = analyze_dataset(path, leakage=False, seed=0).result("position")
    table = read_boxes(path)
    made = position(count_boxes(usable_boxes(table)))
    assert made.scalars == report.scalars
    assert position(count_boxes(table.boxes)).scalars != report.scalars


@pytest.mark.parametrize("stream", [False, True])
def test_a_file_without_a_usable_box_among_others(tmp_path: Path, stream: bool) -> None:
    good = boxes(tmp_path / "a")
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADER + "x,nan,1,2,3,many,100,100\n")
    report = analyze_dataset(good, bad, leakage=False, stream=stream)
    assert report.result("integrity").scalar("excluded").value == 1
    with pytest.raises(InputError, match="no usable box"):
        analyze_dataset(bad, tmp_path / "bad.csv", leakage=False, stream=stream)


def test_boxes_of_a_report_without_an_image_size(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    images = [{"id": 1, "file_name": "a.jpg"}]
    made = [{"id": k, "image_id": 1, "category_id": 1, "bbox": [0, 0, side, side]} for k, side in ((1, 0.5), (2, 1))]
    path.write_text(json.dumps({"images": images, "annotations": made, "categories": [{"id": 1, "name": "c"}]}))
    table = read_boxes(path)
    assert usable_boxes(table).height == 0
    assert inspect(table).scalar("excluded").value == 2


def wide(classes: int, boxes: int) -> pl.DataFrame:
    """Boxes as wide as their frame, low in it."""
    rng, n = np.random.default_rng(0), classes * boxes
    top = np.floor(rng.uniform(55, 75, n))
    names, labels = [f"i{i}" for i in range(n)], [f"c{i % classes}" for i in range(n)]
    return frame(names, labels, [0.0] * n, top, [100.0] * n, top + 20, [100] * n, [100] * n)


def test_head_numbers_are_of_one_axis_where_that_is_all_that_was_tested(tmp_path: Path) -> None:
    wide(3, 40).write_parquet(tmp_path / "boxes.parquet")
    report = analyze_dataset(tmp_path / "boxes.parquet", leakage=False)
    first = report.headline[0]
    assert (first.name, first.value, first.n) == ("nonuniform_cvm_v", 3, 3)
    assert len(report.headline) <= 5
    page = render(report).decode()
    assert "q ↕" in page
    assert "q ↕" not in render(analyze_dataset(leakage=False)).decode()


@pytest.mark.parametrize("turned", [False, True])
def test_columns_are_those_of_the_table_on_either_side(tmp_path: Path, turned: bool) -> None:
    path = boxes(tmp_path)
    lines = path.read_text().replace(HEADER, "f,L,T,R,B,kind,width,height\n")
    path.write_text(lines)
    rows = [line.split(",") for line in lines.splitlines()[1:]]
    made = {
        "images": [{"id": place, "file_name": row[0], "width": 640, "height": 480} for place, row in enumerate(rows)],
        "categories": [{"id": 1, "name": "many"}],
        "annotations": [
            {"id": place, "image_id": place, "category_id": 1, "bbox": [number, 9, 60, 80]}
            for place, number in enumerate(range(len(rows)))
        ],
    }
    other = tmp_path / "other.json"
    other.write_text(json.dumps(made))
    columns = dict(zip(("image_id", "x0", "y0", "x1", "y1", "label"), ("f", "L", "T", "R", "B", "kind"), strict=True))
    first, second = (other, path) if turned else (path, other)
    report = analyze_dataset(first, compare=str(second), columns=columns, leakage=False)
    assert report.result("integrity").scalar("boxes").value == 120
    with pytest.raises(UsageError, match="columns cannot be named for the format coco"):
        analyze_dataset(other, compare=str(other), columns=columns, leakage=False)


@pytest.mark.parametrize(("splits", "compared"), [(13, 12), (14, 12)])
def test_of_many_splits_the_largest_are_compared(tmp_path: Path, splits: int, compared: int) -> None:
    """A column called set may hold the names of videos, each of which would be a section of the page."""
    names = [name for name in range(splits) for _ in range(1 + 2 * (name > 0))]
    rows = "".join(f"i{at},{at % 50},5,{at % 50 + 20},40,a,100,100,{name}\n" for at, name in enumerate(names))
    (tmp_path / "x.csv").write_text(f"{HEADER.strip()},set\n{rows}")
    report = analyze_dataset(tmp_path / "x.csv", leakage=False)
    sides = {result.parameters["b"] for result in report.results if result.kind == "splits"}
    assert len(sides) == compared
    assert ("split 0" in sides) == (splits == 13)
    assert any(f"There are {splits} splits" in note for note in report.notes) == (splits > 13)
