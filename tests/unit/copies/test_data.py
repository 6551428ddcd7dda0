from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from biasscope.copies.data import Data, digit_data, without_leaks
from biasscope.copies.source import source_data
from biasscope.core.errors import InputError, UsageError
from biasscope.images.open import open_images


def test_digits_of_the_two_parts_share_no_picture() -> None:
    data = digit_data(200, side=24)
    parts = [{row.tobytes() for row in part.numpy()} for part in (data.train, data.test)]
    assert not parts[0] & parts[1]
    assert (len(data.train), len(data.test), data.classes) == (160, 40, 10)


def test_centred_digits_are_in_the_middle() -> None:
    pictures = digit_data(60, side=24, centred=True).train[:, 0].numpy() > 0
    for picture in pictures:
        rows, columns = (np.flatnonzero(picture.any(axis)) for axis in (1, 0))
        assert abs(int(rows[0]) + int(rows[-1]) - 23) <= 4
        assert abs(int(columns[0]) + int(columns[-1]) - 23) <= 10


def test_leaked_images_are_not_trained_on() -> None:
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (12, 3, 4, 4), np.uint8))
    kept = without_leaks(Data(images, torch.arange(12), images[[2, 7]], torch.zeros(2).long()))
    assert kept.train_labels.tolist() == [0, 1, 3, 4, 5, 6, 8, 9, 10, 11]
    assert kept.notes == ("2 training images are held out as well and were not trained on.",)
    with pytest.raises(InputError, match="all training images"):
        without_leaks(Data(images[:2], torch.arange(2), images, torch.arange(12)))


def test_a_source_is_split_once_and_for_all() -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 8, 8, 3), np.uint8), list(range(20))
    data = source_data(open_images(images, labels=labels), seed=1)
    assert (len(data.train), len(data.test)) == (16, 4)
    assert sorted([*data.train_labels.tolist(), *data.test_labels.tolist()]) == labels
    assert np.array_equal(data.test[0].movedim(0, -1).numpy(), images[int(data.test_labels[0])])
    assert source_data(open_images(images, labels=labels), seed=1).digest() == data.digest()


def test_held_out_images_of_their_own() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 8, 8, 3), np.uint8)
    train, test = open_images(images[:12], labels=list(range(12))), open_images(images[11:], labels=list(range(11, 20)))
    data = source_data(train, test, seed=1)
    assert sorted(data.test_labels.tolist()) == list(range(11, 20)) != data.test_labels.tolist()
    assert sorted(data.train_labels.tolist()) == list(range(11)) != data.train_labels.tolist()
    assert "1 training image is held out as well" in data.notes[0]
    assert np.array_equal(data.test[0].movedim(0, -1).numpy(), images[int(data.test_labels[0])])


def test_held_out_images_of_other_classes_are_refused() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    cats, dogs = (open_images(images, labels=[0, 1, 0, 1], class_names=["ant", name]) for name in ("cat", "dog"))
    with pytest.raises(InputError, match="other classes"):
        source_data(cats, dogs)


def test_what_is_left_out_is_said() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (8, 8, 3), np.uint8) for _ in range(6)]
    pictures[2] = rng.integers(0, 256, (8, 8), np.uint8)
    source = open_images(pictures, labels=[0, 1, 0, None, 1, 0])
    data = source_data(source)
    assert (len(data.train) + len(data.test), data.train.shape[1]) == (5, 3)
    assert "1 image of 6 pictures in memory without a label is left out." in data.notes
    whole = torch.cat([data.train, data.test])
    grey = (whole == whole[:, :1]).all(1).all(1).all(1)
    assert int(grey.sum()) == 1
    assert np.array_equal(whole[grey][0, 0].numpy(), pictures[2])


def test_grey_held_out_images_get_the_channels_of_coloured_ones() -> None:
    rng = np.random.default_rng(0)
    colour = open_images(rng.integers(0, 256, (4, 8, 8, 3), np.uint8), labels=[0, 1, 0, 1])
    grey = open_images(rng.integers(0, 256, (3, 8, 8), np.uint8), labels=[0, 1, 0])
    data = source_data(colour, grey)
    assert data.test.shape == (3, 3, 8, 8)
    assert source_data(grey, colour).train.shape == (3, 3, 8, 8)


def test_files_and_problems_are_kept(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for place in range(3):
            pixels = np.random.default_rng([ord(name), place]).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{place}.png")
    (tmp_path / "a" / "0.png").write_bytes(b"no picture")
    data = source_data(open_images(tmp_path))
    assert [problem.code for problem in data.problems] == ["unreadable"]
    assert len(data.files) >= 1
    assert len(data.train) + len(data.test) == 5


def test_wrong_images() -> None:
    images, labels = torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(3).long()
    with pytest.raises(InputError, match="uint8"):
        Data(images.float(), labels, images, labels)
    with pytest.raises(InputError, match="no class"):
        Data(images, labels - 1, images, labels)
    with pytest.raises(InputError, match="held out"):
        Data(images, labels, images[..., :3], labels)
    with pytest.raises(UsageError, match="at least 10 images"):
        digit_data(0)
    with pytest.raises(UsageError, match="12 pixels"):
        digit_data(60, side=2)
    with pytest.raises(InputError, match="have a label"):
        source_data(open_images([np.zeros((8, 8), np.uint8)] * 2))
    with pytest.raises(InputError, match=r"2 sizes: 8 x 8 \(1\)"):
        source_data(open_images([np.zeros((8, 8), np.uint8), np.zeros((9, 8), np.uint8)], labels=[0, 1]))


def test_images_of_one_class_are_refused_before_anything_is_trained() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    with pytest.raises(InputError, match="one class"):
        source_data(open_images(images, labels=[0] * 6))


def test_why_no_image_could_be_used_is_said(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    with pytest.raises(InputError, match=r"0 images of 0 .*; 2 images left out, the first \(a/broken.png\): "):
        source_data(open_images(tmp_path))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (torch.zeros(4), r"labels are int64 \(N,\), got torch.float32 \(4,\)"),
        (torch.zeros(4, dtype=torch.int32), "got torch.int32"),
        (torch.zeros(4, 1).long(), r"got torch.int64 \(4, 1\)"),
        (np.zeros(4, np.int64), "Tensor and ndarray. Call torch.from_numpy"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels: torch.Tensor, said: str) -> None:
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    with pytest.raises(InputError, match=said):
        Data(images, labels, images, labels)
