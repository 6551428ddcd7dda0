"""Scale, clips and resize implementations against direct calls of the libraries and closed forms."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms import functional as old

from biasscope.core.errors import UsageError
from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import IMPLEMENTATIONS, EmbeddedScale, Rescale, ResizeImplementations, Video
from biasscope.transforms.implementations import available, check_available

HALF = ((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))
SHAPES = [(37, 50, 3), (64, 31), (5, 9, 3)]


def noise(*shape, seed=0):
    return Picture("noise", np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def views(transformation, picture, preprocessing):
    """All views as (S, H, W, C) in 0..255."""
    source = transformation.source(picture, preprocessing, 0)
    out = torch.empty(len(transformation), preprocessing.channels, *preprocessing.size)
    every = range(len(transformation))
    transformation.open(source[None], [0]).write(out, every, [0] * len(every))
    return (preprocessing.denormalise(out) * 255).permute(0, 2, 3, 1).numpy()


def same(found, expected, atol=0.01):
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def shrunk(pixels, width, height):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("family", [EmbeddedScale, Rescale])
def test_sizes_are_pillow_in_the_middle_of_a_canvas(family):
    picture, scale = noise(40, 50, 3), family((8, 9, 20), fill="mean", fit="short")
    found = views(scale, picture, Preprocessing((26, 30), None, *HALF))
    for view, (height, width) in zip(found, [(8, 10), (9, 11), (20, 25)], strict=True):
        expected = np.full((26, 30, 3), np.multiply(HALF[0], 255))
        top, left = (26 - height) // 2, (30 - width) // 2
        expected[top : top + height, left : left + width] = shrunk(picture.pixels, width, height)
        same(view, expected)


def test_sizes_of_the_models_own_view():
    """The field of view is that of the model: short side 30, centre crop 24, so 48 of 60 rows, from 6 on."""
    picture, preprocessing = noise(60, 80, 3), Preprocessing((24, 24), 30, *HALF)
    found = views(Rescale((12, 24)), picture, preprocessing)
    crop = Image.fromarray(picture.pixels).resize((12, 12), Image.Resampling.BILINEAR, box=(16, 6, 64, 54))
    same(found[0, 6:18, 6:18], np.asarray(crop))
    same(found[1], (preprocessing.pixels(picture.pixels) * 255).permute(1, 2, 0))


@pytest.mark.parametrize("size", [19, 20, 23, 33, 50, 70, 71, 74])
@pytest.mark.parametrize("shape", [(125, 166, 3), (167, 111, 3), (101, 99), (213, 213, 3)])
def test_what_is_shrunk_is_what_the_model_sees(size, shape):
    """A loop of its own: torchvision's resize and crop decide the region, Pillow cuts and shrinks it, centred."""
    picture, preprocessing = noise(*shape), Preprocessing((75, 75), 86, *HALF)
    image = Image.fromarray(picture.pixels).convert("RGB")
    rows = torch.arange(float(shape[0])).view(1, -1, 1).expand(1, *shape[:2])
    columns = torch.arange(float(shape[1])).view(1, 1, -1).expand(1, *shape[:2])
    ends = []
    for grid, axis in ((columns, 2), (rows, 1)):  # which row and column of the picture the crop starts and ends with
        shown = v2.functional.center_crop(v2.functional.resize(grid, 86, antialias=False), [75, 75]).amax(3 - axis)[0]
        step = float(shown[40] - shown[39])
        ends.append((float(shown[37]) + 0.5 - 37.5 * step, float(shown[37]) + 0.5 + 37.5 * step))
    (left, right), (top, bottom) = ends
    box = (max(left, 0), max(top, 0), min(right, shape[1]), min(bottom, shape[0]))
    canvas = Image.new("RGB", (75, 75))
    start = (75 - size) // 2
    canvas.paste(image.resize((size, size), Image.Resampling.BILINEAR, box=box), (start, start))
    found = views(Rescale((size,)), picture, preprocessing)[0]
    same(found, np.asarray(canvas), atol=1.01)
    assert (np.abs(found - np.asarray(canvas)) > 0.5).mean() < 0.02


def test_the_model_size_is_the_models_input():
    picture, preprocessing = noise(125, 166, 3), Preprocessing((75, 75), 86, *HALF)
    same(views(Rescale((75,)), picture, preprocessing)[0], preprocessing.pixels(picture.pixels).permute(1, 2, 0) * 255)


def test_a_window_larger_than_the_resized_picture():
    picture, preprocessing = noise(40, 50, 3), Preprocessing((30, 30), 24, *HALF)
    plain = (preprocessing.pixels(picture.pixels) * 255).permute(1, 2, 0).numpy().astype(np.uint8)
    same(views(Rescale((15,)), picture, preprocessing)[0, 7:22, 7:22], shrunk(plain, 15, 15))


def test_sizes_there_and_back():
    picture, preprocessing = noise(24, 24, 3), Preprocessing((20, 20), None, *HALF)
    found = views(Rescale((7, 16)).round_trip(), picture, preprocessing)
    same(found[0, 2:18, 2:18], shrunk(shrunk(picture.pixels, 7, 7), 16, 16))
    same(found[1, 2:18, 2:18], shrunk(picture.pixels, 16, 16))
    assert (abs(found[:, :2]) < 0.01).all()


def test_clips_frame_by_frame():
    clip, preprocessing = noise(9, 30, 40, 3), Preprocessing((12, 12), 16, *HALF)
    found = views(Video(4, every=2), clip, preprocessing)
    for view, frame in zip(found, clip.pixels[:7:2], strict=True):
        same(view, (preprocessing.pixels(frame) * 255).permute(1, 2, 0))


def as_tensor(pixels):
    return v2.functional.to_image(pixels)


def as_array(tensor, pixels):
    return tensor.permute(1, 2, 0).numpy() if pixels.ndim == 3 else tensor[0].numpy()


def torchvision_resize(pixels, antialias):
    resize = v2.Resize((21, 17), InterpolationMode.BILINEAR, antialias=antialias)
    return as_array(resize(as_tensor(pixels)), pixels)


def interpolated(pixels, mode, **options):
    tensor = as_tensor(pixels)[None].float()
    return as_array(torch.nn.functional.interpolate(tensor, size=(21, 17), mode=mode, **options)[0], pixels)


@pytest.mark.parametrize("shape", SHAPES)
def test_implementations_are_the_calls_that_people_make(shape):
    pixels = noise(*shape).pixels
    expected = {
        **{
            f"pillow-{name}": np.asarray(Image.fromarray(pixels).resize((17, 21), Image.Resampling[name.upper()]))
            for name in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
        },
        "torchvision-antialias": torchvision_resize(pixels, True),
        "torchvision-aliased": torchvision_resize(pixels, False),
        "torch-nearest": interpolated(pixels, "nearest"),
        "torch-nearest-exact": interpolated(pixels, "nearest-exact"),
        "torch-bilinear": interpolated(pixels, "bilinear"),
        "torch-bilinear-antialias": interpolated(pixels, "bilinear", antialias=True),
        "torch-bicubic": interpolated(pixels, "bicubic"),
        "torch-bicubic-antialias": interpolated(pixels, "bicubic", antialias=True),
        "torch-area": interpolated(pixels, "area"),
        "opencv-nearest": cv2.resize(pixels, (17, 21), interpolation=cv2.INTER_NEAREST),
        "opencv-linear": cv2.resize(pixels, (17, 21)),
        "opencv-cubic": cv2.resize(pixels, (17, 21), interpolation=cv2.INTER_CUBIC),
        "opencv-area": cv2.resize(pixels, (17, 21), interpolation=cv2.INTER_AREA),
        "opencv-lanczos4": cv2.resize(pixels, (17, 21), interpolation=cv2.INTER_LANCZOS4),
        "tensorflow1-bilinear": tensorflow(pixels, 21, 17, False),
        "tensorflow1-align-corners": tensorflow(pixels, 21, 17, True),
    }
    assert set(expected) == set(IMPLEMENTATIONS)
    for name, wanted in expected.items():
        np.testing.assert_allclose(IMPLEMENTATIONS.load(name)(pixels, 21, 17), wanted, rtol=0, atol=1e-3, err_msg=name)


def tensorflow(pixels, height, width, aligned):
    """Pixel by pixel, in the words of the TensorFlow 1 kernel: scale, floor, lerp along x, lerp along y."""
    out = np.empty((height, width, *pixels.shape[2:]))
    old_height, old_width = pixels.shape[:2]
    down = (old_height - 1) / (height - 1) if aligned else old_height / height
    right = (old_width - 1) / (width - 1) if aligned else old_width / width
    values = pixels.astype(float)
    for y in range(height):
        for x in range(width):
            top, left = int(np.floor(y * down)), int(np.floor(x * right))
            top, left = min(top, old_height - 1), min(left, old_width - 1)
            below, beside = min(top + 1, old_height - 1), min(left + 1, old_width - 1)
            part_y, part_x = y * down - top, x * right - left
            above = values[top, left] + (values[top, beside] - values[top, left]) * part_x
            under = values[below, left] + (values[below, beside] - values[below, left]) * part_x
            out[y, x] = above + (under - above) * part_y
    return out


def test_tensorflow_in_closed_form():
    """A ramp at i * old / new: it is sampled too far up and left, and clamped at the end."""
    resize = IMPLEMENTATIONS.load("tensorflow1-bilinear")
    ramp = np.arange(8, dtype=np.uint8)[None].repeat(8, 0)
    assert resize(ramp, 4, 4)[0].tolist() == [0, 2, 4, 6]
    assert resize(ramp, 8, 16)[0].tolist() == [*np.arange(15) / 2, 7]
    assert resize(ramp, 8, 5)[0] == pytest.approx([0, 1.6, 3.2, 4.8, 6.4])
    aligned = IMPLEMENTATIONS.load("tensorflow1-align-corners")
    assert aligned(ramp, 8, 5)[0] == pytest.approx([0, 1.75, 3.5, 5.25, 7])
    assert aligned(ramp, 8, 1)[0].tolist() == [0]
    torch_aligned = torch.nn.functional.interpolate(
        torch.from_numpy(ramp)[None, None].float(), (5, 13), mode="bilinear", align_corners=True
    )
    assert aligned(ramp, 5, 13) == pytest.approx(torch_aligned[0, 0].numpy(), abs=1e-5)


@pytest.mark.parametrize("shape", [(70, 90, 3), (90, 70), (24, 24, 3)])
def test_all_implementations_see_the_same_part_of_the_picture(shape):
    """Short side and centre crop are the model's; Pillow's bilinear is then its own preprocessing."""
    preprocessing, picture = Preprocessing((24, 24), 30, *HALF), noise(*shape)
    own = (preprocessing.pixels(picture.pixels) * 255).permute(1, 2, 0).numpy()
    resize = ResizeImplementations(compared_with="model")
    found = dict(zip(resize.coordinates["implementation"].tolist(), views(resize, picture, preprocessing), strict=True))
    same(found["model"], own)
    same(found["pillow-bilinear"], own)
    pixels = np.asarray(Image.fromarray(picture.pixels).convert("RGB"))
    height, width = (30 * side // min(shape[:2]) for side in shape[:2])
    linear = cv2.resize(pixels, (width, height))
    top, left = round((height - 24) / 2), round((width - 24) / 2)
    same(found["opencv-linear"], linear[top : top + 24, left : left + 24])
    whole = old.resize(torch.from_numpy(pixels.copy()).permute(2, 0, 1), [30], antialias=True)
    same(found["torchvision-antialias"], old.center_crop(whole, [24, 24]).permute(1, 2, 0), 1.01)  # rounds otherwise


@pytest.mark.parametrize("shape", [(40, 40, 3), (20, 60)])
def test_windows_larger_than_the_resized_picture_are_filled_as_the_model_fills_them(shape):
    preprocessing, picture = Preprocessing((32, 48), 40, (0.5,), (0.5,)), noise(*shape)
    found = views(ResizeImplementations("model,pillow-bilinear"), picture, preprocessing)
    same(found[0], found[1])
    same(views(Rescale((32,)), picture, preprocessing)[0], found[0])


def test_stretching_models_stretch_with_all():
    preprocessing, picture = Preprocessing((20, 30), None, (0.5,), (0.5,)), noise(50, 40, 3)
    found = views(ResizeImplementations("opencv-area"), picture, preprocessing)
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"))
    same(found[1, ..., 0], cv2.resize(grey, (30, 20), interpolation=cv2.INTER_AREA))
    same(found[0, ..., 0], shrunk(grey, 30, 20))


def test_a_picture_of_the_models_size_is_left_alone_by_all():
    preprocessing, picture = Preprocessing((16, 16), None, *HALF), noise(16, 16, 3)
    for view in views(ResizeImplementations(), picture, preprocessing):
        same(view, picture.pixels)


def test_libraries_that_are_not_installed(monkeypatch):
    monkeypatch.setattr("biasscope.transforms.implementations.find_spec", lambda name: None)
    assert not available("opencv-area")
    assert available("torch-area")
    with pytest.raises(UsageError, match="needs cv2, which is not installed"):
        check_available("opencv-area")
    names = ResizeImplementations().coordinates["implementation"].tolist()
    assert not any(name.startswith("opencv") for name in names)
    assert len(names) == len(IMPLEMENTATIONS) - 5
