"""Columns of tables that name the image and the class: pictures are no names, whole floats are integers."""

from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError, UsageError
from biasscope.pipeline.dataset.usable import Usable

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
CORNERS = {"xmin": [1.0, 2.0], "ymin": [1.0, 2.0], "xmax": [9.0, 9.0], "ymax": [9.0, 9.0]}
SIDES = {"width": [20, 20], "height": [10, 10]}


def written(folder: Path, suffix: str = ".parquet", **columns: Any) -> Path:
    frame, path = pl.DataFrame({**columns, **CORNERS, **SIDES}), folder / f"x{suffix}"
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_ipc(path)
    return path


def words(path: Path, column: str, **options: Any) -> list[str | None]:
    return read_boxes(path, **options).boxes.collect()[column].cast(pl.String).to_list()


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("picture", [JPEG, {"bytes": JPEG, "path": "other.jpg"}, [1, 2]])
def test_a_picture_is_no_name_where_another_column_has_one(tmp_path: Path, suffix: str, picture: Any) -> None:
    path = written(tmp_path, suffix, image=[picture] * 2, file_name=["a.jpg", "b.jpg"], label=["cat", "dog"])
    assert words(path, "image_id") == ["a", "b"]


def test_a_picture_that_has_a_path_is_named_before_a_number_beside_it(tmp_path: Path) -> None:
    pictures = [{"bytes": JPEG, "path": f"{name}.jpg"} for name in "ab"]
    assert words(written(tmp_path, image=pictures, frame=[1, 1], label=["cat", "dog"]), "image_id") == ["a", "b"]
    assert words(written(tmp_path, image=pictures, image_id=[7, 8], label=["cat", "dog"]), "image_id") == ["7", "8"]


@pytest.mark.parametrize("columns", [{}, {"image_id": "image"}])
def test_the_path_of_a_picture_is_its_name(tmp_path: Path, columns: dict[str, str]) -> None:
    path = written(tmp_path, image=[{"bytes": JPEG, "path": f"{name}.jpg"} for name in "ab"], label=["cat", "dog"])
    assert words(path, "image_id", columns=columns) == ["a", "b"]
    assert words(path, "image_id", columns=columns, stream=True) == ["a", "b"]


@pytest.mark.parametrize("columns", [{}, {"image_id": "image"}])
@pytest.mark.parametrize("picture", [JPEG, {"bytes": JPEG, "path": None}, {"bytes": JPEG}])
def test_a_picture_without_a_name_is_an_error_that_says_what_to_do(
    tmp_path: Path, picture: Any, columns: dict[str, str]
) -> None:
    path = written(tmp_path, image=[picture] * 2, number=["a", "b"], label=["cat", "dog"])
    with pytest.raises(InputError, match=r"column 'image' holds no names.*--columns image_id="):
        read_boxes(path, columns=columns)
    assert words(path, "image_id", columns={"image_id": "number"}) == ["a", "b"]


def test_names_that_are_stored_as_bytes(tmp_path: Path) -> None:
    assert words(written(tmp_path, image=[b"a.jpg", b"b.jpg"], label=["cat", "dog"]), "image_id") == ["a", "b"]


@pytest.mark.parametrize("stream", [False, True])
def test_classes_have_the_names_that_the_library_stored(tmp_path: Path, stream: bool) -> None:
    """One box a row, so a table; -1 is no class, and a number without a name stays what it is."""
    number = datasets.Value("int64")
    kinds = {"image_id": number, "bbox": datasets.List(datasets.Value("float64")), "width": number, "height": number}
    features = datasets.Features({**kinds, "label": datasets.ClassLabel(names=["cat", " dog"])})
    rows = [
        {"image_id": row, "bbox": [1.0, 2, 3, 4], "width": 9, "height": 9, "label": label}
        for row, label in enumerate([1, 0, -1, None])
    ]
    datasets.Dataset.from_list(rows, features=features).to_parquet(str(tmp_path / "x.parquet"))
    assert read_boxes(tmp_path / "x.parquet").format == "table"
    assert words(tmp_path / "x.parquet", "label", stream=stream) == ["dog", "cat", None, None]


def test_a_class_with_its_number_has_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, image=["a", "b"], category=[{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}])
    assert words(path, "label") == ["car", "bus"]
    path = written(tmp_path, image=["a", "b"], category=[["car"], ["bus"]])
    with pytest.raises(InputError, match=r"column 'category' holds several values.*--columns label="):
        read_boxes(path)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_classes_that_are_whole_floats_are_integers(tmp_path: Path, suffix: str) -> None:
    """As pandas writes a column of integers of which one is missing; images keep the names that they have elsewhere."""
    path, labels = tmp_path / f"x.{suffix}", [0.0, None, 10.0, 2.5]
    frame = pl.DataFrame(
        {"image_id": [12.0, 7.0, 3.0, 0.5], "label": labels, "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9}
    )
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    assert words(path, "label") == ["0", None, "10", "2.5"]
    frame.select("image_id", width=20, height=10).write_csv(tmp_path / "s.csv")
    assert words(path, "image_width", sizes=tmp_path / "s.csv") == ["20"] * 4


@pytest.mark.parametrize("given", [["1.0", "1.10"], ["1.10", "1.0"]])
def test_each_class_is_read_by_itself_whatever_the_others_are(tmp_path: Path, given: list[str]) -> None:
    made = "".join(f"{label},1,1,9,9,{label},20,10\n" for label in given)
    (tmp_path / "x.csv").write_text(f"image_id,xmin,ymin,xmax,ymax,label,width,height\n{made}")
    read = ["1" if label == "1.0" else label for label in given]
    assert words(tmp_path / "x.csv", "label") == words(written(tmp_path, image=given, label=given), "label") == read
    assert words(tmp_path / "x.csv", "image_id") == given


def test_classes_stored_as_bytes_are_read(tmp_path: Path) -> None:
    assert words(written(tmp_path, image=["a", "b"], label=[b"cat", b"dog"]), "label") == ["cat", "dog"]


def test_splits_in_a_column_are_called_as_in_paths(tmp_path: Path) -> None:
    given = ["train", "Validation", "valid", "dev", "fold 1", "", "testing", "training", "eval"]
    lines = "".join(f"{row},{split},1,1,9,9,cat,20,10\n" for row, split in enumerate(given))
    (tmp_path / "x.csv").write_text(f"image,split,xmin,ymin,xmax,ymax,label,width,height\n{lines}")
    assert words(tmp_path / "x.csv", "split") == ["train", "val", "val", "dev", "fold 1", None, "test", "train", "val"]


@pytest.mark.parametrize("given", [["val", "valid"], ["val", "val"]])
def test_two_words_for_one_split_are_told(tmp_path: Path, given: list[str]) -> None:
    lines = "".join(f"{row},{split},1,1,9,9,cat,20,10\n" for row, split in enumerate(["train", *given]))
    (tmp_path / "x.csv").write_text(f"image,split,xmin,ymin,xmax,ymax,label,width,height\n{lines}")
    side = Usable(read_boxes(tmp_path / "x.csv"))
    assert side.frame()["split"].cast(pl.String).to_list() == ["train", "val", "val"]
    told = [note for note in side.notes() if "“val” and “valid” were taken for one, “val”" in note]
    assert len(told) == (given[0] != given[1])


def test_splits_have_the_names_that_the_library_stored(tmp_path: Path) -> None:
    kinds = {name: datasets.Value("int64") for name in ("image_id", "xmin", "ymin", "xmax", "ymax", "width", "height")}
    features = datasets.Features({**kinds, "split": datasets.ClassLabel(names=["train", "validation"])})
    row = {"image_id": 1, "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9, "width": 20, "height": 10}
    made = datasets.Dataset.from_list([{**row, "split": split} for split in (0, 1, None)], features=features)
    made.to_parquet(str(tmp_path / "x.parquet"))
    assert words(tmp_path / "x.parquet", "split") == ["train", "val", None]


def test_images_of_a_column_of_floats_are_whole_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, image_id=[12.0, 2.5], label=["cat", "dog"])
    assert words(path, "image_id") == ["12", "2.5"]


@pytest.mark.parametrize("ids", [("1.0", "1"), ("1", "1.0"), ("a/1.0", "a/1"), ("1.0.jpg", "1.0.png")])
def test_whole_numbers_as_floats_in_one_of_two_tables_are_the_same_image(tmp_path: Path, ids: tuple[str, str]) -> None:
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label\n{ids[0]},1,1,9,9,cat\n")
    (tmp_path / "s.csv").write_text(f"image,width,height\n{ids[1]},20,10\n")
    assert words(tmp_path / "x.csv", "image_width", sizes=tmp_path / "s.csv") == ["20"]


@pytest.mark.parametrize("folder", ["", "a/", "b/"])
def test_images_that_are_both_whole_floats_and_integers_are_two(tmp_path: Path, folder: str) -> None:
    (tmp_path / "x.csv").write_text(
        f"image,xmin,ymin,xmax,ymax,label\n{folder}1.0.jpg,1,1,9,9,cat\n{folder}1.jpg,1,1,9,9,cat\n"
    )
    inside = folder and "a/"
    (tmp_path / "s.csv").write_text(f"image,width,height\n{inside}1.0.png,20,10\n{inside}1.png,40,30\n")
    assert words(tmp_path / "x.csv", "image_width", sizes=tmp_path / "s.csv") == ["20", "40"]


@pytest.mark.parametrize(
    "names",
    ["x_center,y_center,w,h", "cx,cy,w,h", "bbox_xc,bbox_yc,bbox_w,bbox_h", "box_cx,box_cy,w,h", "x_mid,y_mid,w,h"],
)
def test_columns_of_centres_are_told_of(tmp_path: Path, names: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,{names},label\na,5,5,2,2,cat\n")
    with pytest.raises(InputError, match="look like centres, which are not read"):
        read_boxes(tmp_path / "x.csv")


@pytest.mark.parametrize("x", ["cx", "X Center", "bbox_xc", "box_cx", "x_mid", "box.center_x", "xcenter_px"])
def test_a_column_of_centres_is_no_edge(tmp_path: Path, x: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,{x},y,w,h,label\na,5,5,2,2,cat\n")
    with pytest.raises(UsageError, match=f"{x} looks like a centre, and x0 is an edge"):
        read_boxes(tmp_path / "x.csv", columns={"x0": x, "y0": "y", "x1": "w", "y1": "h"})


@pytest.mark.parametrize("x", ["xmin", "topic_x", "pic_x", "accent_x", "x_class", "max_x"])
def test_what_ends_alike_is_no_centre(tmp_path: Path, x: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,{x},y,w,h,label\na,5,5,2,2,cat\n")
    columns = {"x0": x, "y0": "y", "x1": "w", "y1": "h"}
    assert read_boxes(tmp_path / "x.csv", columns=columns).boxes.collect()["x1"].to_list() == [7]


@pytest.mark.parametrize(
    ("w", "h"), [("bbox.w", "bbox.h"), ("dx", "dy"), ("box width (px)", "box height (px)"), ("width_px", "height_px")]
)
def test_a_width_that_is_named_is_no_edge(tmp_path: Path, w: str, h: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,x,y,{w},{h},label\na,5,5,2,3,cat\n")
    columns = {"x0": "x", "y0": "y", "x1": w, "y1": h}
    assert read_boxes(tmp_path / "x.csv", columns=columns).boxes.collect().select("x1", "y1").row(0) == (7, 8)


@pytest.mark.parametrize("sides", ["img_w,img_h", "im_width,im_height", "Image W,Image H"])
def test_names_of_sides_of_images(tmp_path: Path, sides: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,x,y,w,h,label,{sides}\na,5,5,2,2,cat,20,10\n")
    assert words(tmp_path / "x.csv", "image_width") == ["20"]


@pytest.mark.parametrize(
    "text",
    [
        'filename,file_attributes,region_shape_attributes\na.jpg,"{}","{""name"":""rect"",""x"":1,""y"":2}"\n',
        'image,label\na.jpg,"[{""x"":1,""y"":2,""rectanglelabels"":[""cat""]}]"\n',
        "image,label\na,\"[{'x': 559, 'y': 213, 'width': 50, 'height': 32}]\"\n",
    ],
)
def test_boxes_in_json_in_a_column_are_told_of(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=r"The column (region_shape_attributes|label) holds JSON"):
        read_boxes(tmp_path / "x.csv")


@pytest.mark.parametrize("names", ["centroid_x,centroid_y,area", "gaze_center_x,gaze_center_y", "fx,fy,cx,cy"])
def test_a_table_of_points_beside_one_of_boxes_is_left_out(tmp_path: Path, names: str) -> None:
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\na,1,2,3,4,cat\n")
    (tmp_path / "points.csv").write_text(f"image,{names}\na{',1' * (names.count(',') + 1)}\n")
    found = read_boxes(tmp_path)
    assert found.boxes.collect().height == 1
    assert "no columns of boxes were found in them: points.csv" in found.notes[-1]
    (tmp_path / "points.csv").write_text("image,x_center,y_center,bw,bh\na,2,3,2,2\n")
    with pytest.raises(InputError, match="look like centres"):
        read_boxes(tmp_path)


def test_columns_of_centres_beside_corners_are_not_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("xmin,ymin,xmax,ymax,cx,cy,label\n1,1,9,9,5,5,cat\n")
    with pytest.raises(InputError, match="no column was found for image_id") as raised:
        read_boxes(tmp_path / "x.csv")
    assert "image_id=file" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("label", ""),
        ("LabelName,Class ID", ""),
        ("LabelName,Class", "The class could also be Class: name it with --columns label=..."),
        ("LabelName,label,synset", "The class could also be LabelName or synset: name it with --columns label=..."),
        ("label,label", "Several columns are called label: the first was read."),
    ],
)
def test_columns_that_could_be_the_class_as_well_are_told_of(tmp_path: Path, header: str, said: str) -> None:
    path = tmp_path / "x.csv"
    labels = ",".join(["cat", "dog", "cow"][: header.count(",") + 1])
    path.write_text(f"image,xmin,ymin,xmax,ymax,{header}\na,1,2,3,4,{labels}\n")
    assert read_boxes(path).notes[0].endswith(said or "if it is wrong).")
    assert "could also" not in read_boxes(path, columns={"label": header.split(",")[0]}).notes[0]


def test_a_line_of_names_that_is_missing_is_told_of(tmp_path: Path) -> None:
    for line in ("a.jpg,1,2,30,40,cat", "a.jpg,0,0,40,40,cat", "a.jpg,1e-05,2.5,30,40,cat"):
        (tmp_path / "x.csv").write_text(f"{line}\nb.jpg,1,2.5,30,40,dog\n")
        with pytest.raises(InputError, match="first line holds values"):
            read_boxes(tmp_path / "x.csv")
    pl.DataFrame({str(place): [1] for place in range(5)}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="Name them"):
        read_boxes(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("left,top,box_width,boxHeight", 30),
        ("x1,y1,w,h", 30),
        ("x1,y1,bw,bh", 30),
        ("a,b,RectWidth,RectHeight", 30),
        ("tl_x,tl_y,br_x,br_y", 20),
    ],
)
def test_columns_that_are_named_as_width_and_height_are_that(tmp_path: Path, header: str, wanted: int) -> None:
    (tmp_path / "x.csv").write_text(f"image,{header},label\na,10,10,20,20,cat\n")
    columns = dict(zip(("x0", "y0", "x1", "y1"), header.split(","), strict=True))
    found = read_boxes(tmp_path / "x.csv", columns=columns)
    assert found.boxes.select("x1", "y1").collect().row(0) == (wanted, wanted)
    assert found.convention == ("xywh" if wanted == 30 else "edges")


def test_corners_that_are_named_beside_a_width_and_height_are_corners(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("image,x,y,w,h,br_x,br_y,label\na,10,10,5,5,20,20,cat\n")
    for columns, wanted in (({}, 15), ({"x1": "br_x", "y1": "br_y"}, 20), ({"x1": "w", "y1": "h"}, 15)):
        found = read_boxes(tmp_path / "x.csv", columns=columns).boxes
        assert found.select("x0", "y0", "x1", "y1").collect().row(0) == (10, 10, wanted, wanted)


def test_a_first_line_without_end_is_not_shown_whole(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\0" * 50_000)
    with pytest.raises(InputError, match="no column was found") as raised:
        read_boxes(tmp_path / "x.csv")
    assert len(str(raised.value)) < 1500


def test_commas_in_a_file_that_is_named_after_tabs(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("image,xmin,ymin,xmax,ymax,label\na,1,2,3,4,cat\n")
    assert words(tmp_path / "x.tsv", "label") == ["cat"]


@pytest.mark.parametrize(("above", "line"), [("sep=;\n", 2), ("My boxes\n\n", 3), ("# made by x\n", 2)])
def test_lines_above_the_line_of_names_are_told_of(tmp_path: Path, above: str, line: int) -> None:
    (tmp_path / "x.csv").write_text(f"{above}image;xmin;ymin;xmax;ymax;label\na;1;1;9;9;cat\n")
    with pytest.raises(InputError) as raised:
        read_boxes(tmp_path / "x.csv")
    assert raised.value.hint == f"Its line {line} looks like the line of names: take out what stands above it."
