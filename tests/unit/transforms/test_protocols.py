"""Defaults, and what each protocol refuses."""

import numpy as np
import pytest

from biasscope.core.errors import InputError, UsageError
from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import (
    PROTOCOLS,
    BilinearShift,
    BoxCrop,
    Circular,
    Crop,
    Embed,
    EmbeddedScale,
    FourierShift,
    RandomPairs,
    Rescale,
    ResizeImplementations,
    Rotation,
    Video,
    make,
)

LARGE, SMALL = Preprocessing((224, 224), 256), Preprocessing((32, 32), None)
GREY = Preprocessing((64, 64), None, (0.5,), (0.5,))


def picture(height, width, *channels, box=None):
    return Picture("some", np.zeros((height, width, *channels), np.uint8), box=box)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: make("cropp"), "Did you mean 'crop'"),
        (lambda: make("circular", fill="black"), "takes no fill. It takes: grid"),
        (lambda: make("crop", grid="7:0.5"), "whole pixels"),
        (lambda: Crop(crop=0.0), "fraction"),
        (lambda: Crop(crop=1.5), "fraction"),
        (lambda: Crop(fraction="volume"), "area, side"),
        (lambda: Crop(source_size=-1), "source_size"),
        (lambda: Crop(source_size=2.5), "whole number"),
        (lambda: Crop(source_size=True), "whole number"),
        (lambda: Embed(fill="green"), "black, mean, reflect, inpaint, #rrggbb"),
        (lambda: Embed(fill="#12345"), "no fill"),
        (lambda: Embed(side=0), "side"),
        (lambda: Embed(fit="wide"), "short, long, model"),
        (lambda: Circular("0"), "views"),
        (lambda: BoxCrop(source_size=0), "source_size"),
        (lambda: FourierShift("x"), "grid"),
        (lambda: BilinearShift(border="wrap"), "fill"),
        (lambda: RandomPairs(reach=0), "reach"),
        (lambda: RandomPairs(share="world"), "image, batch"),
        (lambda: EmbeddedScale("0,1"), "whole numbers"),
        (lambda: EmbeddedScale("1.5"), "whole numbers"),
        (lambda: Rescale(()), "one or more"),
        (lambda: Rescale(fill="nothing"), "fill"),
        (lambda: Rotation(()), "angles"),
        (lambda: Rotation((float("nan"),)), "angles"),
        (lambda: Rotation(fill="inpaint"), "inpainted"),
        (lambda: Video(frames=0), "frames"),
        (lambda: make("video", grid="many"), "frames"),
        (lambda: ResizeImplementations("pillow-bilinea"), "Did you mean 'pillow-bilinear'"),
        (lambda: ResizeImplementations("torch-area,torch-area"), "once"),
        (lambda: Crop(source_size=225).for_model(LARGE), "at least 230"),
        (lambda: Embed(side=30).for_model(SMALL), "at most 26"),
        (lambda: Embed("40").for_model(SMALL), "smaller grid"),
        (lambda: Rescale("33").for_model(SMALL), "smaller sizes"),
        (lambda: len(Rescale()), "for_model"),
    ],
)
def test_wrong_parameters(call, says):
    with pytest.raises(UsageError) as caught:
        call()
    assert says in str(caught.value)


def box(x0, y0, x1, y1):
    return picture(100, 120, 3, box=(x0, y0, x1, y1))


@pytest.mark.parametrize(
    ("made", "shown", "preprocessing", "says"),
    [
        (BoxCrop(), picture(100, 120, 3), SMALL, "no box"),
        (BoxCrop(), box(10, 10, 60, 20), SMALL, "50 pixels wide, the windows share 26"),
        (BoxCrop(), box(60, 10, 70, 60), SMALL, "50 pixels high, the windows share 26"),
        (BoxCrop(), box(2, 50, 12, 60), SMALL, "too near to the border"),
        (BoxCrop(), box(50, 90, 60, 100), SMALL, "too near to the border"),
        (BoxCrop(), box(50, 50, 60, 60), LARGE, "100 pixels high, the windows need 230"),
        (Embed(), picture(100, 500, 3), LARGE, "500 x 100 pixels, there is room for 218 x 218"),
        (Rescale(fit="short"), picture(100, 300, 3), LARGE, "there is room for 224 x 224"),
        (Video(4), picture(50, 50, 3), SMALL, "not a clip"),
        *((make(name), picture(1, 30_000, 3), LARGE, "30000 x 1 pixels") for name in ("crop", "circular", "resize")),
        (Video(4), picture(3, 50, 50, 3), SMALL, "3 frames, 4 are needed"),
        *((make(name), picture(5, 50, 50, 3), SMALL, "clip") for name in PROTOCOLS if name != "video"),
    ],
)
def test_pictures_that_cannot_take_it(made, shown, preprocessing, says):
    with pytest.raises(InputError) as caught:
        made.source(shown, preprocessing, 0)
    assert says in str(caught.value)
    assert "some" in str(caught.value)


def test_defaults_that_the_model_decides():
    def parameters(name, preprocessing, **options):
        return make(name, preprocessing=preprocessing, **options).parameters

    assert parameters("crop", LARGE)["source_size"] == 256
    assert parameters("crop", LARGE, grid="0..63")["source_size"] == 287
    assert parameters("crop", SMALL)["source"] == "stretched to window plus extent"
    assert parameters("crop", LARGE, source_size=300)["source"] == "short side 300"
    assert parameters("crop", LARGE, crop=0.5)["source"] == "random 0.5 of the area"
    assert (parameters("embed", LARGE)["side"], parameters("embed", LARGE)["fit"]) == (100, "short")
    assert (parameters("embed", SMALL)["side"], parameters("embed", SMALL)["fit"]) == (26, "model")
    assert parameters("embed", SMALL, cut=True)["side"] == 32
    assert parameters("embed", GREY, grid="diagonal:8")["side"] == 56
    assert parameters("embed", Preprocessing((32, 48), None))["side"] == 26
    assert parameters("rescale", LARGE)["sizes"] == "60,100,150,210"
    assert parameters("rescale", SMALL)["sizes"] == "9,14,21,30"
    assert parameters("scale", LARGE)["sizes"] == "95,96,97,98,99,100,101,102,103,104,105"
    assert parameters("embed", LARGE, fill="inpaint")["background"] == "with the picture"


def test_the_grid_of_make_fills_what_a_protocol_goes_through():
    assert make("rescale", grid="9,14").coordinates["size"].tolist() == [9, 14]
    assert make("rotation", grid="-10..10:10").coordinates["angle"].tolist() == [-10, 0, 10]
    assert make("video", grid="3").coordinates["frame"].tolist() == [0, 1, 2]
    assert make("resize", grid="torch-area").coordinates["implementation"].tolist() == ["pillow-bilinear", "torch-area"]
    assert make("pairs", grid="8", seed=5).parameters["reach"] == 8
    assert make("pairs", seed=5).parameters["seed"] == 5


def test_references():
    assert make("scale", grid="5..9").reference == 2
    assert make("rescale", grid="30,9").reference == 0
    assert make("rotation", grid="-10..10:10").reference == 1
    for angles, made, reference in (
        ("10,20", [0, 10, 20], 0), ("-90,90", [-90, 0, 90], 1), ("20,-10", [0, 20, -10], 0), ("90,360", [90, 360], 1)
    ):  # fmt: skip
        turn = make("rotation", grid=angles)
        assert (turn.coordinates["angle"].tolist(), turn.reference) == (made, reference)
    assert make("resize", compared_with="model").coordinates["implementation"][0] == "model"
    assert Video(4, every=3).coordinates["frame"].tolist() == [0, 3, 6, 9]


def test_names_of_protocols_cost_no_torch():
    import subprocess
    import sys

    code = "import sys, biasscope.transforms as t; list(t.PROTOCOLS); assert 'torch' not in sys.modules; t.Crop"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="has no attribute"):
        __import__("biasscope.transforms").transforms.nothing  # noqa: B018


@pytest.mark.parametrize("grid", ["99x99", "33", "horizontal:32", "0..32", "0,0;0,32", "1,-1;1,31"])
def test_circular_shifts_that_come_round_to_the_same_view_are_refused(grid):
    with pytest.raises(UsageError, match=r"on 32 x 32 pixels some shifts of the grid .* the same view"):
        make("circular", grid=grid, preprocessing=Preprocessing((32, 32), None, (0.5,), (0.5,)))


@pytest.mark.parametrize("grid", ["32", "0..31", "horizontal:31", "0,0;0,33", "diagonal:40"])
def test_circular_shifts_that_go_around_once_are_views_of_their_own(grid):
    made = make("circular", grid=grid, preprocessing=Preprocessing((32, 41), None, (0.5,), (0.5,)))
    assert len(np.unique(made.offsets % (32, 41), axis=0)) == len(made)


@pytest.mark.parametrize(
    ("protocol", "grid", "words"),
    [("scale", "8,9,8", "a size stands in '8,9,8' more than once"), ("rotation", "0,360", "full turn")],
)
def test_a_size_or_angle_that_is_named_twice_is_refused(protocol, grid, words):
    with pytest.raises(UsageError, match=words):
        make(protocol, grid=grid)
