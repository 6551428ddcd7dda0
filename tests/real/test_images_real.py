"""Image sources on real pictures: counts, labels, boxes, matching with the classes of real models."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from biasscope.core.errors import InputError
from biasscope.images import match_labels, open_images
from biasscope.models.sources.torchvision import class_names


@pytest.fixture
def imagenet():
    return class_names("resnet18")


def test_cifar10_is_read_whole_and_sampled_without_bias(real_data):
    path = real_data / "cifar10_test.parquet"
    source = open_images(path)
    assert (source.count, source.labels, source.highest_label) == (10_000, "integers", 9)
    assert source.class_names[:2] == ("airplane", "automobile")
    small = open_images(path, limit=500, seed=1)
    pictures = list(small)
    assert {picture.pixels.shape for picture in pictures} == {(32, 32, 3)}
    assert small.problems == []
    # Multinomial: 50 a class expected, standard deviation 6.5.
    assert np.bincount([picture.label for picture in pictures], minlength=10) == pytest.approx(50, abs=30)
    assert all(picture.image_id.split("/")[1] == source.class_names[picture.label] for picture in pictures)


def test_pictures_are_those_of_the_table(real_data):
    path = real_data / "tiny_imagenet50_val.parquet"
    table = pl.read_parquet(path)
    source = open_images(path, limit=60, box_convention="inclusive0")
    by_name = {row["image_id"]: row for row in table.iter_rows(named=True)}
    modes = set()
    for picture in source:
        row = by_name[picture.image_id]
        image = Image.open(io.BytesIO(row["jpeg"]))
        modes.add(image.mode)
        assert np.array_equal(picture.pixels, np.asarray(image))
        assert picture.label == row["class_id"]
        assert picture.box == (row["x0"], row["y0"], row["x1"] + 1, row["y1"] + 1)
    assert modes <= {"RGB", "L"}
    assert source.problems == []


def test_grey_pictures_come_grey(real_data):
    source = open_images(real_data / "tiny_imagenet50_val.parquet", box_convention="inclusive0")
    shapes = {picture.pixels.shape for picture in source}
    assert shapes == {(64, 64, 3), (64, 64)}
    assert source.problems == []


def test_samples_of_imagenet_match_its_models(real_data, imagenet):
    source = open_images(real_data / "imagenet_samples_200.parquet", limit=20)
    mapping, note = match_labels(source, imagenet, 1000)
    assert np.array_equal(mapping, np.arange(1000))
    assert note == "Integer labels were taken as numbers of the outputs."
    pictures = list(source)
    assert {picture.label % 5 for picture in pictures} == {0}
    assert all(min(picture.pixels.shape[:2]) == 320 for picture in pictures)


def test_a_part_of_tiny_imagenet_is_matched_by_name(real_data, imagenet):
    mapping, note = match_labels(open_images(real_data / "tiny_imagenet50_val.parquet"), imagenet, 1000)
    assert (mapping[0], imagenet[mapping[0]]) == (1, "goldfish")
    assert len(set(mapping)) == len(mapping) == 50
    assert "by class name" in note


def test_synset_folders_say_what_they_need(real_data, imagenet, tmp_path):
    table = pl.read_parquet(real_data / "imagenet_samples_200.parquet").head(4)
    for row in table.iter_rows(named=True):
        (tmp_path / "pictures" / row["synset"]).mkdir(parents=True)
        (tmp_path / "pictures" / row["synset"] / "one.JPEG").write_bytes(row["jpeg"])
    source = open_images(tmp_path / "pictures")
    with pytest.raises(InputError, match=r"4 synset ids for 1000 outputs.*class_id"):
        match_labels(source, imagenet, 1000)
    every = dict(zip(table["class_id"], table["synset"], strict=True))
    (tmp_path / "classes.txt").write_text("\n".join(every.get(number, f"other{number}") for number in range(1000)))
    mapping, _ = match_labels(source, imagenet, 1000, classes_file=tmp_path / "classes.txt")
    assert mapping.tolist() == sorted(table["class_id"])


def test_cifar10_is_refused_by_a_model_of_imagenet(real_data, imagenet):
    with pytest.raises(InputError, match=r"'airplane'.*'tench'"):
        match_labels(open_images(real_data / "cifar10_test.parquet"), imagenet, 1000)
