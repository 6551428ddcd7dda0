"""Crop laws against torchvision, which samples one image at a time, and against closed forms."""

import numpy as np
import pytest
from scipy import stats

from biasscope.bias.repair import crop_law, crop_offsets, crop_reach

torch = pytest.importorskip("torch")
v2 = pytest.importorskip("torchvision.transforms.v2")
tv_tensors = pytest.importorskip("torchvision.tv_tensors")

SIZES = [(500, 375), (375, 500), (333, 500), (64, 64), (900, 100), (100, 900), (17, 23)]

STATISTICS = {
    "left": lambda left, top, w, h: left,
    "top": lambda left, top, w, h: top,
    "width": lambda left, top, w, h: w,
    "height": lambda left, top, w, h: h,
    "area": lambda left, top, w, h: w * h,
    "aspect": lambda left, top, w, h: w / h,
    "right": lambda left, top, w, h: left + w,
    "bottom": lambda left, top, w, h: top + h,
}


def drawn(transform: object, width: int, height: int, times: int) -> np.ndarray:
    box = tv_tensors.BoundingBoxes(torch.zeros(1, 4), format="XYXY", canvas_size=(height, width))
    params = [transform.make_params([box]) for _ in range(times)]
    return np.array([[p["left"], p["top"], p["width"], p["height"]] for p in params], float)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("scale", [(0.08, 1.0), (0.9, 1.0)])
def test_random_resized_crop_has_the_law_of_torchvision(width: int, height: int, scale: tuple[float, float]) -> None:
    torch.manual_seed(width + height)
    theirs = drawn(v2.RandomResizedCrop(224, scale=scale), width, height, 3000)
    rng = np.random.default_rng(width)
    ours = crop_law.random_resized_crop([width] * 6000, [height] * 6000, rng, scale=scale)
    for name, statistic in STATISTICS.items():
        p = stats.ks_2samp(statistic(*theirs.T), statistic(*ours_rows(ours)), method="asymp").pvalue
        assert p > 1e-4, name


def ours_rows(windows: crop_law.Windows) -> np.ndarray:
    return np.stack([windows.left, windows.top, windows.width, windows.height])


@pytest.mark.parametrize(("width", "height"), [(900, 100), (100, 900), (300, 100), (100, 301), (150, 100)])
def test_the_fallback_is_the_central_crop_of_torchvision(width: int, height: int) -> None:
    torch.manual_seed(0)
    impossible = (2.0, 2.0)
    theirs = drawn(v2.RandomResizedCrop(224, scale=impossible), width, height, 1)[0]
    ours = crop_law.random_resized_crop([width], [height], np.random.default_rng(0), scale=impossible)
    assert ours_rows(ours)[:, 0].tolist() == theirs.tolist()


def test_random_crop_reaches_every_offset_alike() -> None:
    rng = np.random.default_rng(1)
    ours = crop_law.random_crop([32] * 9000, [32] * 9000, rng, size=32, padding=4)
    assert np.unique(ours.left).tolist() == list(range(-4, 5))
    assert stats.chisquare(np.bincount((ours.left + 4).astype(int))).pvalue > 1e-4
    assert stats.chisquare(np.bincount((ours.top + 4).astype(int))).pvalue > 1e-4
    torch.manual_seed(0)
    theirs = drawn(v2.RandomCrop(32, padding=4), 32, 32, 2000)
    assert np.unique(theirs[:, 0] - 4).tolist() == np.unique(ours.left).tolist()


@pytest.mark.parametrize(("width", "height"), [*SIZES, (256, 256), (257, 300), (225, 226)])
def test_evaluation_window_is_that_of_resize_and_center_crop(width: int, height: int) -> None:
    boxes = torch.tensor([[0.0, 0.0, width, height], [3.0, 5.0, 12.0, 15.0]])
    wrapped = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width), clamping_mode=None)
    theirs = v2.Compose([v2.Resize(256), v2.CenterCrop(224)])(wrapped).numpy()
    window = crop_law.resize_center_crop([width], [height])
    x = (boxes.numpy()[:, [0, 2]] - window.left) / window.width * 224
    y = (boxes.numpy()[:, [1, 3]] - window.top) / window.height * 224
    np.testing.assert_allclose(np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1), theirs, atol=2e-3)


@pytest.mark.parametrize(("width", "height"), [(33, 32), (35, 30), (30, 31), (29, 27), (31, 31), (34, 37)])
def test_center_crop_shows_the_pixels_that_torchvision_shows(width: int, height: int) -> None:
    image = 1 + torch.arange(width * height).reshape(1, height, width)
    theirs = v2.CenterCrop(32)(tv_tensors.Image(image))[0]
    window = crop_law.center_crop([width], [height], size=32)
    row, column = (theirs > 0).nonzero()[0].tolist()
    source = int(theirs[row, column]) - 1
    assert (source % width - column, source // width - row) == (window.left[0], window.top[0])


def test_mean_area_share_is_the_closed_form_where_nothing_is_rejected() -> None:
    """For a square image and scale up to 3/4 every draw fits: mean share 0.39, median zoom with it."""
    rng = np.random.default_rng(2)
    windows = crop_law.random_resized_crop([2000] * 40000, [2000] * 40000, rng, scale=(0.08, 0.7))
    share = windows.width * windows.height / 2000**2
    assert share.mean() == pytest.approx(0.39, abs=0.004)
    assert np.median(windows.zoom) == pytest.approx(224 / 2000 / 0.39**0.5, rel=0.01)


@pytest.mark.parametrize(
    ("image", "crop", "percent", "offsets"), [(256, 224, 7.1, 33), (232, 224, 1.8, 9), (40, 32, 12.5, 9)]
)
def test_reach_of_a_crop(image: int, crop: int, percent: float, offsets: int) -> None:
    assert round(100 * crop_reach(image, crop), 1) == percent
    assert crop_offsets(image, crop) == offsets
    windows = crop_law.random_crop([image] * 5000, [image] * 5000, np.random.default_rng(0), size=crop)
    moved = windows.left / crop
    assert np.unique(moved).size == offsets
    assert np.ptp(moved) / 2 == pytest.approx(crop_reach(image, crop))


@pytest.mark.parametrize("sizes", [(224, 256), (10, 0)])
def test_a_crop_larger_than_the_image_has_no_reach(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        crop_reach(*sizes)


def test_crops_of_one_pixel_are_crops() -> None:
    rng = np.random.default_rng(0)
    windows = crop_law.random_resized_crop([4] * 50, [4] * 50, rng, scale=(0.05, 0.07), ratio=(1.0, 1.0))
    assert set(windows.width) == set(windows.height) == {1.0}
    assert set(windows.left) == set(windows.top) == {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize("sizes", [([0], [5]), ([5], [0.5]), ([[5]], [[5]])])
def test_images_without_pixels_are_refused(sizes: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        crop_law.whole_image(*sizes)


def test_a_crop_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        crop_law.random_crop([20], [40], np.random.default_rng(0), size=32, padding=4)


def test_same_seed_same_windows() -> None:
    first, second = (crop_law.random_resized_crop([50, 60], [70, 80], np.random.default_rng(5)) for _ in range(2))
    assert ours_rows(first).tolist() == ours_rows(second).tolist()
