"""Pictures in memory: arrays, tensors, Pillow pictures, pairs, with every layout that is usual."""

import numpy as np
import pytest
import torch
from PIL import Image

from biasscope.core.errors import InputError, UsageError
from biasscope.images import open_images
from tests.unit.images.image_samples import noise

RGB = np.stack([np.asarray(noise(number)) for number in range(4)])
FIRST = np.ascontiguousarray(RGB.transpose(0, 3, 1, 2))

BLOCKS = {
    "array, channels last": RGB,
    "array, channels first": FIRST,
    "tensor": torch.from_numpy(FIRST),
    "tensor of floats": torch.from_numpy(FIRST) / 255,
    "array of floats": RGB / 255.0,
    "half floats": (torch.from_numpy(FIRST) / 255).half(),
    "with gradient": (torch.from_numpy(FIRST) / 255).requires_grad_(),
    "list of pictures": [Image.fromarray(one) for one in RGB],
    "list of arrays": list(RGB),
    "list of tensors": list(torch.from_numpy(FIRST)),
    "pairs": [(Image.fromarray(one), number) for number, one in enumerate(RGB)],
}


@pytest.mark.parametrize("name", BLOCKS)
def test_every_layout_gives_the_same(name):
    source = open_images(BLOCKS[name])
    pictures = list(source)
    assert np.array_equal(np.stack([picture.pixels for picture in pictures]), RGB)
    assert [picture.label for picture in pictures] == (list(range(4)) if name == "pairs" else [None] * 4)
    assert [picture.image_id for picture in pictures] == ["0", "1", "2", "3"]
    assert source.problems == []


@pytest.mark.parametrize("shape", [(4, 16, 20), (4, 16, 20, 1), (4, 1, 16, 20)])
def test_grey_blocks(shape):
    grey = RGB[..., 0].reshape(shape)
    for block in (grey, torch.from_numpy(grey.copy()), grey / 255):
        if shape[-1] == 1 and isinstance(block, torch.Tensor):
            continue
        assert np.array_equal(np.stack([picture.pixels for picture in open_images(block)]), RGB[..., 0])


def test_small_widths_are_read_by_the_convention():
    ambiguous = np.zeros((2, 3, 10, 3), np.uint8)
    assert open_images(ambiguous, min_side=1).__iter__().__next__().pixels.shape == (3, 10, 3)
    assert open_images(torch.from_numpy(ambiguous), min_side=1).__iter__().__next__().pixels.shape == (10, 3, 3)


def test_bfloat16_keeps_what_it_has():
    source = open_images((torch.from_numpy(FIRST) / 255).bfloat16())
    pixels = np.stack([picture.pixels for picture in source])
    assert np.abs(pixels.astype(int) - RGB).max() <= 1


@pytest.mark.parametrize("labels", [[3, 1, None, 2], np.array([3, 1, -1, 2]), torch.tensor([3, 1, -1, 2])])
def test_labels_beside_the_pictures(labels):
    for source in (open_images(RGB, labels=labels), open_images((RGB, labels))):
        assert [picture.label for picture in source] == [3, 1, None, 2]
        assert (source.labels, source.highest_label) == ("integers", 3)


def test_labels_that_are_names_and_names_of_numbers():
    source = open_images(RGB, labels=["b", "a", "b", "c"])
    assert (source.class_names, [picture.label for picture in source]) == (("a", "b", "c"), [1, 0, 1, 2])
    source = open_images(RGB, labels=[0, 1, 1, 0], class_names=["x", "y"])
    assert (source.class_names, source.labels) == (("x", "y"), "integers")


def test_a_dataset_of_torch():
    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, place):
            return torch.from_numpy(FIRST[place]), torch.tensor(place + 1)

    assert [picture.label for picture in open_images(Pairs(), limit=4)] == [1, 2, 3, 4]


def test_converted_pictures_are_noted():
    pictures = [noise().convert("CMYK"), np.dstack([RGB[0], np.full((16, 20), 128, np.uint8)]), noise(size=(4, 30))]
    source = open_images(pictures)
    assert [picture.image_id for picture in source] == ["0", "1"]
    assert [(problem.image_id, problem.code) for problem in source.problems] == [
        ("0", "cmyk"),
        ("1", "alpha"),
        ("2", "too-small"),
    ]


def test_bad_values_are_listed():
    good = np.zeros((3, 9, 9), np.float32)
    bad = [good, good + np.nan, good - 1, good.astype(np.int64), np.zeros((2, 9, 9, 9)), np.zeros((5, 9, 9), np.uint8)]
    source = open_images(bad)
    assert [picture.image_id for picture in source] == ["0"]
    codes = [problem.code for problem in source.problems]
    assert codes == ["not-finite", "unsupported", "unsupported", "unsupported", "unsupported"]


def test_nothing_is_changed_or_shared():
    block = RGB.copy()
    next(iter(open_images(block))).pixels[:] = 0
    assert np.array_equal(block, RGB)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (np.zeros((0, 3, 9, 9)), "no pictures"),
        ([], "no pictures"),
        (np.zeros((9, 9), np.uint8), r"shape \(9, 9\)"),
        (np.zeros((2, 3, 9, 9), np.int64), "type int64"),
        (torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0)), "before the normalisation"),
    ],
)
def test_what_is_no_block_of_pictures(spec, message):
    with pytest.raises(InputError, match=message):
        open_images(spec)


def test_labels_of_another_length():
    with pytest.raises(UsageError, match="2 labels for 4 pictures"):
        open_images(RGB, labels=[0, 1])
