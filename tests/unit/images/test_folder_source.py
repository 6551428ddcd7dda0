"""Folders: classes by sub-folder, flat folders without labels, splits, and everything odd that lies in folders."""

import os

import numpy as np
import pytest

from biasscope.core.errors import InputError, UsageError
from biasscope.images import open_images
from tests.unit.images.image_samples import bad_pictures, noise, write_folder


def test_classes_are_sub_folders_in_sorted_order(tmp_path):
    source = open_images(write_folder(tmp_path))
    assert source.class_names == ("ant", "bee", "cat")
    assert source.labels == "names"
    for picture in source:
        folder, name = picture.image_id.split("/")
        assert source.class_names[picture.label] == folder
        assert np.array_equal(picture.pixels, np.asarray(noise(int(name.removesuffix(".png")))))


def test_names_sort_the_pictures_not_the_file_system(tmp_path, monkeypatch):
    folder, walk = write_folder(tmp_path), os.walk

    def backwards(*args, **options):
        for place, below, files in walk(*args, **options):
            yield place, below, files[::-1]

    expected = [picture.image_id for picture in open_images(folder, limit=5)]
    monkeypatch.setattr(os, "walk", backwards)
    assert [picture.image_id for picture in open_images(folder, limit=5)] == expected


def test_a_flat_folder_has_no_labels(tmp_path):
    for number in range(3):
        noise(number).save(tmp_path / f"{number}.PNG")
    source = open_images(str(tmp_path))
    assert [(picture.image_id, picture.label) for picture in source] == [
        ("0.PNG", None),
        ("1.PNG", None),
        ("2.PNG", None),
    ]
    assert (source.class_names, source.labels, source.problems) == (None, "", [])


def test_a_single_picture(tmp_path):
    noise().save(tmp_path / "one.png")
    assert [picture.image_id for picture in open_images(tmp_path / "one.png")] == ["one.png"]


def test_deep_folders_count_to_their_class_and_hidden_ones_do_not(tmp_path):
    for name in ("ant/deep/a.png", "ant/.hidden/b.png", "bee/._c.png", "bee/d.png", ".cache/e.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        noise().save(tmp_path / name)
    (tmp_path / "bee" / "notes.txt").write_text("x")
    source = open_images(tmp_path)
    assert [(picture.image_id, picture.label) for picture in source] == [("ant/deep/a.png", 0), ("bee/d.png", 1)]
    assert source.notes == ["Passed over: 1 file without the ending of a picture."]


def test_a_link_to_itself_ends(tmp_path):
    folder = write_folder(tmp_path)
    (folder / "cat" / "again").symlink_to(folder)
    assert open_images(folder).count == 12


def test_a_picture_beside_class_folders_has_no_label(tmp_path):
    folder = write_folder(tmp_path)
    noise(50).save(folder / "beside.png")
    source = open_images(folder)
    assert [picture.label for picture in source if picture.image_id == "beside.png"] == [None]
    assert [(problem.code, problem.used) for problem in source.problems] == [("bad-label", True)]


def test_splits(tmp_path):
    for split in ("train", "val"):
        write_folder(tmp_path / split).rename(tmp_path / split / "x")
        for entry in (tmp_path / split / "x").iterdir():
            entry.rename(tmp_path / split / entry.name)
        (tmp_path / split / "x").rmdir()
    (tmp_path / "train" / "cat" / "0.png").unlink()
    source = open_images(tmp_path)
    assert (source.count, source.class_names) == (12, ("ant", "bee", "cat"))
    assert source.notes == ["The split val was taken; there are train, val."]
    assert open_images(tmp_path, split="train").count == 11
    with pytest.raises(UsageError, match="There are: train, val"):
        open_images(tmp_path, split="test")


def test_bad_pictures_are_listed_and_the_others_come(tmp_path):
    bad = bad_pictures()
    for name, (data, _, _) in bad.items():
        (tmp_path / name).write_bytes(data)
    noise(7).save(tmp_path / "good.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    source = open_images(tmp_path)
    pictures = {picture.image_id for picture in source}
    shown = {name: outcome for name, outcome in bad.items() if not name.endswith(".eps")}
    assert pictures == {"good.png"} | {name for name, (_, _, used) in shown.items() if used}
    found = {(problem.image_id, problem.code, problem.used) for problem in source.problems}
    assert found == {(name, code, used) for name, (_, code, used) in shown.items()} | {("gone.png", "missing", False)}


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no pictures in the folder"):
        open_images(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        open_images(tmp_path / "none")
    with pytest.raises(InputError, match="hf://someone/pictures"):
        open_images("someone/pictures")
    for path in ("/nowhere", "./nowhere", "~/nowhere"):
        with pytest.raises(InputError, match=r"no such file or folder\. Pictures come from"):
            open_images(path)
    with pytest.raises(InputError, match="no such file or folder"):
        open_images(f"folder:{tmp_path / 'none'}")


def test_a_file_of_no_known_sort(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"no pictures that are known.*hf://"):
        open_images(tmp_path / "a.zip")


@pytest.mark.parametrize("spec", [None, 5, {"a": 1}, b"bytes"])
def test_what_is_no_specification(spec):
    with pytest.raises(UsageError, match="no source of pictures"):
        open_images(spec)
