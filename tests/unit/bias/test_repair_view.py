"""Boxes seen through a window, against a naive computation on pixels."""

import numpy as np

from biasscope.bias.repair.crop_law import Windows, random_resized_crop, whole_image
from biasscope.bias.repair.view import look


def test_whole_image_changes_nothing() -> None:
    corners = np.array([[0.0, 0.0, 40.0, 30.0], [10.0, 3.0, 20.0, 9.0]])
    view = look(whole_image([40, 40], [30, 30]), corners)
    np.testing.assert_allclose(view.corners, corners)
    assert view.visible.tolist() == [1.0, 1.0]
    assert not view.lost.any()


def test_visible_share_counts_the_pixels_inside() -> None:
    rng = np.random.default_rng(0)
    low = rng.integers(0, 30, (200, 2))
    corners = np.hstack([low, low + rng.integers(1, 30, (200, 2))]).astype(float)
    windows = random_resized_crop([60] * 200, [60] * 200, rng)
    view = look(windows, corners)
    for row in range(200):
        mask = np.zeros((60, 60))
        x0, y0, x1, y1 = corners[row].astype(int)
        mask[y0:y1, x0:x1] = 1
        left, top = int(windows.left[row]), int(windows.top[row])
        crop = mask[top : top + int(windows.height[row]), left : left + int(windows.width[row])]
        assert np.isclose(view.visible[row], crop.sum() / mask.sum())
        assert view.lost[row] == (crop.sum() == 0)
        if crop.any():
            ys, xs = np.nonzero(crop)
            seen = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            assert view.corners[row].tolist() == seen
            assert (view.width[row], view.height[row]) == crop.shape[::-1]


def test_padding_shows_the_frame_around_the_image() -> None:
    ones = np.ones(1)
    view = look(
        Windows(-4 * ones, -4 * ones, 40 * ones, 40 * ones, 40 * ones, 40 * ones), np.array([[0.0, 0.0, 32.0, 32.0]])
    )
    np.testing.assert_allclose(view.corners, [[4.0, 4.0, 36.0, 36.0]])
    assert view.visible.tolist() == [1.0]
