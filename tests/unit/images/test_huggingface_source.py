"""Hugging Face datasets: saved, in memory, several splits, streams; pictures decoded here and nowhere else."""

from pathlib import Path

import datasets
import numpy as np
import pytest

from biasscope.core.errors import InputError, UsageError
from biasscope.images import match_labels, open_images
from tests.unit.images.image_samples import coded, dataset, noise, write_dataset, write_folder


def numbers(source):
    known = {np.asarray(noise(number)).tobytes(): number for number in range(20)}
    return [known[picture.pixels.tobytes()] for picture in source]


def test_a_saved_dataset(tmp_path):
    path = write_dataset(tmp_path)
    source = open_images(path)
    assert numbers(source) == list(range(12))
    assert [picture.label for picture in source] == [number % 3 for number in range(12)]
    assert (source.class_names, source.labels, source.highest_label) == (("cat", "ant", "bee"), "integers", 2)
    assert (source.count, [file.parent for file in source.files]) == (12, [path])
    assert next(iter(source)).image_id == "row-000000"


def test_a_dataset_in_memory_and_a_sample_of_it():
    chosen = numbers(open_images(dataset(), limit=5))
    assert chosen == sorted(chosen)
    assert chosen != list(range(5))
    assert chosen == numbers(open_images(dataset(), limit=5))


def test_splits():
    parts = datasets.DatasetDict(train=dataset(5), test=dataset(3))
    source = open_images(parts)
    assert source.count == 3
    assert source.notes[0] == "The split test was taken; there are train, test."
    assert open_images(parts, split="train").count == 5
    assert open_images(datasets.DatasetDict(odd=dataset(4))).count == 4
    with pytest.raises(UsageError, match="There are: train, test"):
        open_images(parts, split="validation")
    with pytest.raises(UsageError, match="several splits"):
        open_images(datasets.DatasetDict(one=dataset(5), two=dataset(3)))
    with pytest.raises(UsageError, match="no split 'train'"):
        open_images(dataset(2), split="train")


def test_a_stream_gives_the_first_ones_and_says_so(tmp_path):
    path = write_dataset(tmp_path)
    source = open_images(path, stream=True, limit=4)
    assert source.files == open_images(path).files != []
    assert source.count is None
    assert numbers(source) == numbers(source) == [0, 1, 2, 3]
    assert "first 4 rows were taken, not a sample" in " ".join(source.notes)
    assert numbers(open_images(dataset(), stream=True)) == list(range(12))
    assert numbers(open_images(dataset().to_iterable_dataset(), limit=2)) == [0, 1]


@pytest.mark.parametrize("columns", [None, ["label"]])
@pytest.mark.parametrize("stream", [False, True])
def test_a_format_that_was_set_changes_nothing(columns, stream, tmp_path):
    made = dataset().with_format("numpy", columns=columns)
    made.save_to_disk(str(tmp_path / "x"))
    for source in (open_images(made, stream=stream), open_images(tmp_path / "x", stream=stream)):
        assert numbers(source) == list(range(12))
        assert [picture.label for picture in source] == [number % 3 for number in range(12)]


def test_a_stream_of_files_that_are_only_named(tmp_path):
    folder = write_folder(tmp_path)
    data = datasets.load_dataset("imagefolder", data_dir=str(folder), split="train", streaming=True)
    source = open_images(data)
    assert sorted(numbers(source)) == list(range(12))
    assert source.class_names == ("ant", "bee", "cat")
    assert source.problems == []


def test_labels_that_are_names():
    data = dataset(4).remove_columns("label").add_column("category", ["b", "a", None, "b"])
    source = open_images(data, limit=4)
    assert (source.class_names, source.labels) == (("a", "b"), "names")
    assert [picture.label for picture in source] == [1, 0, None, 1]
    stream = open_images(data, stream=True)
    assert [picture.label for picture in stream] == [None] * 4
    assert match_labels(stream, ("a", "b"), 2)[0] is None
    assert "a stream does not tell" in " ".join(stream.notes)


def test_integers_names_ids_and_boxes_in_other_columns():
    data = dataset(3).remove_columns("label")
    extra = {"class_id": [7, 5, 7], "class_name": ["x", "y", "x"], "image_id": ["p", "q", "r"]}
    for name, values in (extra | {"x0": [1, 1, 1], "y0": [2, 2, 2], "x1": [8, 8, 8], "y1": [9, 9, 9]}).items():
        data = data.add_column(name, values)
    source = open_images(data)
    pictures = list(source)
    assert [(picture.image_id, picture.label) for picture in pictures] == [("p", 7), ("q", 5), ("r", 7)]
    assert {picture.box for picture in pictures} == {(1.0, 2.0, 8.0, 9.0)}
    assert (source.class_names[5], source.class_names[7], source.highest_label) == ("y", "x", 7)


def test_hidden_labels_of_a_test_split_are_no_labels():
    data = dataset(3).remove_columns("label").add_column("label", [-1, -1, -1])
    assert [picture.label for picture in open_images(data)] == [None] * 3


def test_bad_pictures_are_listed():
    rows = [{"bytes": coded(noise(0)), "path": None}, {"bytes": b"junk", "path": None}, None]
    data = datasets.Dataset.from_dict({"image": rows}, features=datasets.Features({"image": datasets.Image()}))
    source = open_images(data)
    assert numbers(source) == [0]
    assert [(problem.image_id, problem.code) for problem in source.problems] == [
        ("row-000001", "unreadable"),
        ("row-000002", "unreadable"),
    ]


def test_what_cannot_be_loaded(tmp_path):
    path = write_dataset(tmp_path)
    (path / "data-00000-of-00001.arrow").write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match=r"cannot be loaded as a Hugging Face dataset"):
        open_images(path)
    with pytest.raises(InputError, match=r"no column holds pictures"):
        open_images(datasets.Dataset.from_dict({"a": [1.5]}))


def test_a_row_that_fails_in_a_stream_is_named():
    def rows():
        yield {"image": coded(noise(0))}
        raise OSError("connection lost")

    features = datasets.Features({"image": datasets.Value("binary")})
    source = open_images(datasets.IterableDataset.from_generator(rows, features=features))
    with pytest.raises(InputError, match="connection lost"):
        list(source)


@pytest.mark.parametrize(
    "spec", ["hf://owner/name:small", Path("hf://owner/name:small"), "huggingface:owner/name:small"]
)
def test_addresses_of_the_hub(monkeypatch, spec):
    asked = []

    def load(*args, **options):
        asked.append((args, options))
        return datasets.DatasetDict(test=dataset(3))

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert numbers(open_images(spec)) == [0, 1, 2]
    assert asked == [(("owner/name", "small"), {"streaming": False})]


def test_a_hub_that_does_not_answer(monkeypatch):
    def load(*args, **options):
        raise ConnectionError("offline\nand more")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(InputError, match=r"hf://owner/name: cannot be loaded as a Hugging Face dataset \(offline\)"):
        open_images("hf://owner/name", stream=True)
