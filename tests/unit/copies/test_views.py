import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torchvision.transforms import v2

from biasscope.copies.pool import make_pool
from biasscope.copies.views import Views
from biasscope.core.errors import UsageError


@pytest.fixture
def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 2, 11, 9), np.uint8))


def every(views: Views) -> tuple[Tensor, Tensor]:
    """All versions of all images, image by image."""
    count, versions = len(views.images), len(views.pool)
    return torch.arange(count).repeat_interleave(versions), torch.arange(versions).repeat(count)


def naive(image: Tensor, dy: int, dx: int, edges: str, margin: int) -> Tensor:
    """Pixel by pixel."""
    height, width = image.shape[1:]
    moved = torch.zeros_like(image)
    for y in range(height):
        for x in range(width):
            v, u = y - dy, x - dx
            if edges == "circular":
                moved[:, y, x] = image[:, v % height, u % width]
            elif 0 <= v < height and 0 <= u < width:
                moved[:, y, x] = image[:, v, u]
    return moved[:, margin : height - margin, margin : width - margin] if edges == "crop" else moved


@pytest.mark.parametrize("edges", ["circular", "fill", "crop"])
def test_shifts_are_those_of_a_loop_over_pixels(images: Tensor, edges: str) -> None:
    pool = make_pool("shift", shifts="-2..2")
    views = Views(images, pool, edges, 2, mean=0.0, std=1.0)
    which, versions = every(views)
    found = (views(which, versions) * 255).round().to(torch.uint8)
    for row, i, p in zip(found, which.tolist(), versions.tolist(), strict=True):
        assert torch.equal(row, naive(images[i], int(pool.dy[p]), int(pool.dx[p]), edges, 2))


def test_circular_copies_are_distinct_pictures(images: Tensor) -> None:
    views = Views(images, make_pool("shift", shifts="4x4"))
    which, versions = every(views)
    pictures = {row.numpy().tobytes() for row in views(which, versions)}
    assert len(pictures) == 3 * 16


def test_nothing_is_stored_and_the_images_stay_as_they_are(images: Tensor) -> None:
    before = images.clone()
    views = Views(images, make_pool("shift+rotate", shifts="2x2", angles="-10,0,10"))
    views(torch.tensor([0, 1]), torch.tensor([1, 2]))
    assert views.images is images
    assert torch.equal(images, before)


@pytest.mark.parametrize("transform", ["shift", "shift+rotate+scale"])
def test_copies_are_made_on_the_device_of_the_images(images: Tensor, transform: str) -> None:
    """A device without memory: whatever were computed elsewhere could not be joined with it."""
    views = Views(images.to("meta"), make_pool(transform, shifts="3x3"))
    chosen = torch.zeros(5, dtype=torch.int64, device="meta")
    assert views(chosen, chosen).device.type == "meta"


@pytest.mark.parametrize("angle", [90.0, 30.0, -10.0])
def test_rotation_is_counter_clockwise_as_that_of_scipy(angle: float) -> None:
    smooth = ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (24, 24)), 2)
    image = torch.from_numpy(smooth.round().astype(np.uint8))[None, None]
    views = Views(image, make_pool("rotate", angles=f"0,{angle}"), mean=0.0, std=1.0)
    found = views(torch.tensor([0]), torch.tensor([int(np.flatnonzero(views.pool.angle == angle)[0])]))[0, 0]
    want = ndimage.rotate(image[0, 0].double().numpy(), angle, reshape=False, order=1)
    assert np.abs(found.numpy() * 255 - want)[6:-6, 6:-6].max() < 1.5


def test_rotation_of_oblong_images_is_that_of_torchvision(images: Tensor) -> None:
    image = v2.functional.gaussian_blur(images[:1], 5)
    views = Views(image, make_pool("rotate", angles="0,25"), mean=0.0, std=1.0)
    found = views(torch.tensor([0]), torch.tensor([1]))[0]
    want = v2.functional.rotate(image[0].float(), 25.0, v2.InterpolationMode.BILINEAR)
    assert (found * 255 - want)[:, 3:-3, 3:-3].abs().max() < 1e-2


def test_scale_above_one_enlarges() -> None:
    image = torch.zeros(1, 1, 21, 21, dtype=torch.uint8)
    image[..., 8:13, 8:13] = 255
    views = Views(image, make_pool("scale", scales="0.5,1,2"), mean=0.0, std=1.0)
    areas = views(torch.zeros(3, dtype=torch.int64), torch.arange(3)).sum((1, 2, 3))
    assert areas[1].item() == pytest.approx(25, abs=0.01)
    assert areas[2].item() == pytest.approx(100, rel=0.1)
    assert areas[0].item() < 10


def test_normalisation(images: Tensor) -> None:
    found = Views(images, make_pool("shift", shifts="1x1"))(torch.tensor([0]), torch.tensor([0]))
    assert torch.allclose(found[0], images[0].float() / 127.5 - 1, atol=1e-6)


def test_wrong_images_edges_and_margins(images: Tensor) -> None:
    pool = make_pool("shift", shifts="-2..2")
    with pytest.raises(UsageError, match="uint8"):
        Views(images.float(), pool)
    with pytest.raises(UsageError, match="edges"):
        Views(images, pool, "mirror")
    with pytest.raises(UsageError, match="leaves the image"):
        Views(images, pool, "crop", 1)
    with pytest.raises(UsageError, match="nothing is left"):
        Views(images, pool, "crop", 5)


@pytest.mark.parametrize(("edges", "most"), [("circular", 4), ("fill", 8)])
def test_shifts_that_give_one_picture_twice_are_refused(images: Tensor, edges: str, most: int) -> None:
    """Images are 9 pixels wide: -4..4 go round them once, and a shift of 9 moves all of them out."""
    kept = Views(images, make_pool("shift", shifts=f"-{most}..{most}"), edges, std=1.0)
    assert len({row.numpy().tobytes() for row in kept(*every(kept))}) == len(images) * (2 * most + 1) ** 2
    with pytest.raises(UsageError, match="the same picture twice"):
        Views(images, make_pool("shift", shifts=f"-{most + 1}..{most + 1}"), edges)
