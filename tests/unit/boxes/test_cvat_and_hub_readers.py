import io
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import BOXES, CLASSES, SIZES, cvat, expected, rows

VIDEO = """<?xml version="1.0"?><annotations><meta><job><size>4</size><start_frame>0</start_frame>
<stop_frame>3</stop_frame><original_size><width>100</width><height>80</height></original_size></job></meta>
<track id="0" label="cat"><box frame="0" outside="0" occluded="1" xtl="1" ytl="2" xbr="3" ybr="4"/>
<box frame="1" outside="1" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"/>
<box frame="2" outside="0" occluded="0" xtl="1.5" ytl="2" xbr="3" ybr="4"><attribute name="n">1</attribute></box>
<polygon frame="2" points="1,2;3,4"/></track></annotations>"""


def test_tracks(tmp_path: Path) -> None:
    path = tmp_path / "v.xml"
    path.write_text(VIDEO)
    table = read_boxes(path)
    frame = table.boxes.collect()
    columns = ("image_id", "label", "x0", "image_width", "occluded", "row")
    assert frame.select(columns).rows() == [
        ("frame_000000", "cat", 1.0, 100, True, 1),
        ("frame_000002", "cat", 1.5, 100, False, 3),
    ]
    assert sorted(table.images.collect()["image_id"]) == [f"frame_00000{n}" for n in range(4)]
    assert table.log.counts == {"shape is not a box": 1}
    assert "track" in table.notes[0]


def named(path: Path, **options: Any) -> list[tuple[str, str | None, float]]:
    """Image and split of each box, and its left edge."""
    frame = read_boxes(path, **options).boxes.collect()
    return frame.select("image_id", pl.col("split").cast(pl.String), "x0").rows()


def of_tasks(path: Path, *images: tuple[str, str]) -> Path:
    """One box in each of images, which are given by their names and further attributes; left edges count from 0."""
    made = "".join(
        f'<image name="{name}" {more} width="100" height="80">'
        f'<box label="cat" xtl="{x0}" ytl="2" xbr="30" ybr="40"/></image>'
        for x0, (name, more) in enumerate(images)
    )
    path.write_text(f"<annotations><meta><project><id>9</id></project></meta>{made}</annotations>")
    return path


def test_subsets_of_a_project_are_splits(tmp_path: Path) -> None:
    images = [("a.jpg", f'subset="{subset}" task_id="{n}"') for n, subset in enumerate(("Train", "Validation", "mine"))]
    path = of_tasks(tmp_path / "test.xml", *images)
    assert named(path) == [("a", "train", 0.0), ("a", "val", 1.0), ("a", "test", 2.0)]
    assert named(path, split="all") == [("0/a", "all", 0.0), ("1/a", "all", 1.0), ("2/a", "all", 2.0)]


def test_the_subset_of_a_task_is_its_split(tmp_path: Path) -> None:
    path = of_tasks(tmp_path / "x.xml", ("a.jpg", ""))
    path.write_text(path.read_text().replace("<project><id>9</id></project>", "<task><subset>Test</subset></task>"))
    assert named(path) == [("a", "test", 0.0)]


def test_images_of_one_name_in_one_file_are_told_apart(tmp_path: Path) -> None:
    tasks = [("a.jpg", 'task_id="1"'), ("b.jpg", 'task_id="1"'), ("a.jpg", 'task_id="2"')]
    assert [row[0] for row in named(of_tasks(tmp_path / "x.xml", *tasks))] == ["1/a", "1/b", "2/a"]
    plain = [("a.jpg", ""), ("b.jpg", ""), ("a.jpg", ""), ("b.png", "")]
    assert [row[0] for row in named(of_tasks(tmp_path / "x.xml", *plain))] == ["a", "b", "a#3", "b#4"]


def test_videos_of_several_files_are_told_apart(tmp_path: Path) -> None:
    for name in ("v", "w"):
        (tmp_path / f"{name}.xml").write_text(VIDEO)
    of_tasks(tmp_path / "x.xml", ("a.jpg", ""))
    found = read_boxes(tmp_path)
    frames = [f"{name}/frame_00000{number}" for name in ("v", "w") for number in range(4)]
    assert sorted(found.images.collect()["image_id"]) == ["a", *frames]
    assert found.boxes.collect()["image_id"].to_list() == [*frames[0:3:2], *frames[4:7:2], "a"]
    several = read_boxes(tmp_path / "v.xml", tmp_path / "w.xml")
    assert sorted(several.images.collect()["image_id"]) == frames
    assert several.boxes.collect()["image_id"].to_list() == [*frames[0:3:2], *frames[4:7:2]]
    assert "8 images have a name that an image of another path has too" in several.notes[-1]


@pytest.mark.parametrize(("first", "last"), [(10, 20), (2, 4)], ids=["task", "job"])
def test_frames_that_a_filter_left_out_are_no_images(tmp_path: Path, first: int, last: int) -> None:
    said = f"<size>3</size><start_frame>{first}</start_frame>\n<stop_frame>{last}</stop_frame>"
    text = VIDEO.replace("<size>4</size><start_frame>0</start_frame>\n<stop_frame>3</stop_frame>", said)
    for number, frame in ((2, 20), (1, 15), (0, 10)):
        text = text.replace(f'frame="{number}"', f'frame="{frame}"')
    text = text.replace("<original_size>", "<frame_filter>step=5</frame_filter><original_size>")
    (tmp_path / "v.xml").write_text(text)
    images = read_boxes(tmp_path / "v.xml").images.collect()["image_id"]
    assert sorted(images) == ["frame_000010", "frame_000015", "frame_000020"]


def test_videos_of_a_project_are_told_apart(tmp_path: Path) -> None:
    tasks = "".join(
        f"<task><id>{task}</id><stop_frame>1</stop_frame><subset>{subset}</subset><segments><segment><id>7</id>"
        f"</segment></segments><original_size><width>{width}</width><height>80</height></original_size></task>"
        for task, subset, width in ((4, "train", 100), (5, "train", 50), (6, "test", 60))
    )
    tracks = "".join(
        f'<track label="cat" task_id="{task}" subset="train">'
        '<box frame="0" outside="0" xtl="1" ytl="2" xbr="3" ybr="4"/></track>'
        for task in (4, 5)
    )
    path = tmp_path / "x.xml"
    path.write_text(f"<annotations><meta><project><tasks>{tasks}</tasks></project></meta>{tracks}</annotations>")
    found = read_boxes(path)
    assert found.images.select("image_id", pl.col("split").cast(pl.String), "image_width").collect().sort(
        "image_id"
    ).rows() == [
        (f"{task}/frame_00000{number}", split, width)
        for task, split, width in ((4, "train", 100), (5, "train", 50), (6, "test", 60))
        for number in range(2)
    ]
    assert found.boxes.collect()["image_id"].to_list() == ["4/frame_000000", "5/frame_000000"]


def test_turned_boxes_are_listed(tmp_path: Path) -> None:
    """Their corners are those before the turn; a turn by half a circle changes none."""
    corners = 'label="cat" xtl="10" ytl="20" xbr="30" ybr="60"'
    boxes = "".join(
        f"<box {corners} {turn}/>" for turn in ("", 'rotation="0.00"', 'rotation="180.0"', 'rotation="45.5"')
    )
    path = tmp_path / "x.xml"
    path.write_text(f'<annotations><image id="0" name="a.jpg" width="100" height="80">{boxes}</image></annotations>')
    table = read_boxes(path)
    assert table.boxes.collect()["row"].to_list() == [1, 2, 3]
    assert [(row.reason, row.where) for row in table.log.rows] == [("box is turned", "x.xml:4")]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><annotations><image id="0" name="a"/></annotations>',
        "<annotations><image",
        "<annotations>" + "<a>" * 10**6,
    ],
    ids=["entities", "cut off", "deep"],
)
def test_bad_documents(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.xml"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read as XML"):
        read_boxes(path, format="cvat") if "<annotations>" in text else read_boxes(path)


@pytest.mark.parametrize(
    ("old", "new", "encoding"),
    [
        ("<annotations>", '<annotations version="1.1">', "utf-8"),
        ("<annotations>", f"<!-- {'x' * 9000} --><annotations\n>", "utf-8"),
        ("<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-16'?>", "utf-16"),
        ("<?xml version='1.0'?>", "<?xml version='1.0' encoding='gbk'?><!-- 日本 -->", "gbk"),
        ("<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf8'?><!-- 日本 -->", "utf-8-sig"),
    ],
)
def test_roots_as_other_programs_write_them(tmp_path: Path, old: str, new: str, encoding: str) -> None:
    path, _ = cvat(tmp_path)
    path.write_bytes(path.read_text().replace(old, new).encode(encoding))
    assert rows(read_boxes(path).boxes.collect()) == expected()


@pytest.mark.parametrize("encoding", ["nonsense", "zlib", "gbk"])
def test_encodings_that_are_not_those_of_the_file(tmp_path: Path, encoding: str) -> None:
    path, _ = cvat(tmp_path)
    text = path.read_text().replace("<?xml version='1.0'?>", f"<?xml version='1.0' encoding='{encoding}'?>")
    path.write_bytes(text.encode() + b"<!-- \xff\xff -->")
    with pytest.raises(InputError, match="cannot be read as XML"):
        read_boxes(path)


def test_boxes_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    path, _ = cvat(tmp_path)
    bad = '<box label="cat" xtl="1" ytl="2" xbr="3"/><box label="cat" xtl="one" ytl="2" xbr="3" ybr="4"/>'
    path.write_text(path.read_text().replace("</image>", bad + "</image>", 1))
    table = read_boxes(path)
    assert rows(table.boxes.collect()) == expected()
    assert table.log.counts == {"box without a corner": 1, "coordinate is not a number": 1}


def picture(size: tuple[int, int]) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("L", size).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def items(convention: str = "xywh") -> list[dict[str, Any]]:
    made = []
    for number, (image, size) in enumerate(SIZES.items()):
        objects = [
            {"bbox": [x0, y0, x1 - x0, y1 - y0] if convention == "xywh" else [x0, y0, x1, y1], "category": label}
            for key, label, (x0, y0, x1, y1) in BOXES
            if key == image
        ]
        made.append({"id": number, "file_name": f"{image}.png", "image": picture(size), "objects": objects})
    return made


FEATURES = datasets.Features(
    {
        "id": datasets.Value("int64"),
        "file_name": datasets.Value("string"),
        "image": datasets.Image(),
        "objects": [
            {
                "bbox": datasets.Sequence(datasets.Value("float64"), length=4),
                "category": datasets.ClassLabel(names=list(CLASSES)),
            }
        ],
    }
)


@pytest.mark.parametrize("convention", ["auto", "edges"])
@pytest.mark.parametrize("stream", [False, True])
def test_splits_lists_of_objects_and_sizes_from_headers(tmp_path: Path, convention: str, stream: bool) -> None:
    data = datasets.Dataset.from_list(items("xywh" if convention == "auto" else convention), features=FEATURES)
    datasets.DatasetDict({"train": data, "validation": data.select([1])}).save_to_disk(str(tmp_path / "x"))
    table = read_boxes(tmp_path / "x", box_convention=convention, stream=stream)
    frame = table.boxes.collect()
    assert rows(frame.filter(pl.col("split") == "train")) == expected()
    assert rows(frame.filter(pl.col("split") == "val")) == expected()[2:]
    assert frame["image_width"].null_count() == 0
    assert "image headers" in table.notes[0]


@pytest.mark.parametrize("stream", [False, True])
def test_parquet_files_as_the_hub_has_them(tmp_path: Path, stream: bool) -> None:
    data = datasets.Dataset.from_list(items(), features=FEATURES)
    (tmp_path / "a[0]").mkdir()
    for name, part in (("train-00000-of-00002", [0]), ("train-00001-of-00002", [1, 2]), ("test-00000-of-00001", [1])):
        data.select(part).to_parquet(str(tmp_path / "a[0]" / f"{name}.parquet"))
    found = read_boxes(tmp_path, stream=stream)
    frame = found.boxes.collect()
    assert rows(frame.filter(pl.col("split") == "train")) == expected()
    assert rows(frame.filter(pl.col("split") == "test")) == expected()[2:]
    assert found.images.collect().height == 4
    (path,) = (tmp_path / "a[0]").glob("test*")
    assert rows(read_boxes(path.rename(tmp_path / "x.parquet"), stream=stream).boxes.collect()) == expected()[2:]


@pytest.mark.parametrize(
    ("names", "numbers"), [("categories", "category_id"), ("labels", "class_id"), ("class", "label")]
)
def test_classes_with_names_come_before_their_numbers(tmp_path: Path, names: str, numbers: str) -> None:
    objects = {"bbox": [[1.0, 2, 3, 4]], numbers: [17], names: ["cat"]}
    made = [{"image_id": "a", "width": 9, "height": 9, "objects": objects}]
    datasets.Dataset.from_list(made).save_to_disk(str(tmp_path / "x"))
    assert read_boxes(tmp_path / "x").boxes.collect()["label"].to_list() == ["cat"]


@pytest.mark.parametrize("labels", [["cat"], ["cat", "dog", "cat"]])
def test_another_number_of_labels_than_boxes_is_listed(tmp_path: Path, labels: list[str]) -> None:
    made = [
        {
            "image_id": "a",
            "width": 9,
            "height": 9,
            "objects": {"bbox": [[1.0, 2, 3, 4], [2, 2, 3, 4]], "category": names},
        }
        for names in (labels, ["cat", "dog"])
    ]
    datasets.Dataset.from_list(made).save_to_disk(str(tmp_path / "x"))
    found = read_boxes(tmp_path / "x")
    assert found.boxes.collect().height == 2
    assert [row.where for row in found.log.rows] == ["x:1", "x:1"]


def test_a_picture_that_is_none_is_listed(tmp_path: Path) -> None:
    made = items()
    made[0]["image"] = {"bytes": b"no picture", "path": None}
    datasets.Dataset.from_list(made, features=FEATURES).save_to_disk(str(tmp_path / "x"))
    table = read_boxes(tmp_path / "x")
    assert table.boxes.collect()["image_width"].to_list() == [None, None, 50]
    assert table.log.counts == {"unreadable image": 1}
    assert table.log.rows[0].detail == "its size cannot be read (cannot identify image file)"  # in every run


def test_a_dataset_without_boxes(tmp_path: Path) -> None:
    datasets.Dataset.from_list([{"text": "hello"}]).save_to_disk(str(tmp_path / "x"))
    with pytest.raises(InputError, match="no feature with boxes"):
        read_boxes(tmp_path / "x")


@pytest.mark.parametrize("stream", [False, True])
def test_names_of_the_hub_go_to_the_library(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    asked = []

    def load(name: str, *, streaming: bool) -> datasets.IterableDatasetDict | datasets.DatasetDict:
        asked.append((name, streaming))
        data = datasets.Dataset.from_list(items(), features=FEATURES)
        if streaming:
            return datasets.IterableDatasetDict({"train": data.to_iterable_dataset()})
        return datasets.DatasetDict({"train": data})

    monkeypatch.setattr(datasets, "load_dataset", load)
    for path, name in (("hf://owner/name", "auto"), ("owner/name", "huggingface")):
        table = read_boxes(path, format=name, stream=stream)
        assert rows(table.boxes.collect()) == expected()
        assert table.images.collect().height == 3
    assert asked == [("owner/name", stream)] * 2


def test_a_hub_name_is_only_looked_up_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hf://"):
        read_boxes(tmp_path / "owner" / "name")
