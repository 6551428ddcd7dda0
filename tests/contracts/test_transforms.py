"""Every protocol keeps the contract of a transformation, at every size of input."""

import json
import pickle

import numpy as np
import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import IMPLEMENTATIONS, PROTOCOLS, Transformation, make

MODELS = {
    "small": Preprocessing((32, 32), None),
    "grey": Preprocessing((64, 64), None, (0.5,), (0.5,)),
    "large": Preprocessing((160, 160), 183),
    "rectangular": Preprocessing((33, 48), 40),
}
SHAPES = {"colour": (300, 330, 3), "grey": (330, 300), "square": (301, 301, 3)}
FEW = {"resize": "torch-bilinear,opencv-area", "video": "3", "rotation": "-10,0,25", "scale": "20..22", "pairs": "6"}


def pictures(protocol):
    rng = np.random.default_rng(7)
    clip = (4,) if protocol == "video" else ()
    shapes = [shape if not clip or len(shape) == 3 else (*shape, 3) for shape in SHAPES.values()]
    return [
        Picture(f"p{i}", rng.integers(0, 256, (*clip, *shape), dtype=np.uint8), i, (140, 150, 152.5, 161))
        for i, shape in enumerate(shapes)
    ]


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture(params=MODELS)
def preprocessing(request):
    return MODELS[request.param]


@pytest.fixture
def transformation(protocol, preprocessing):
    return make(protocol, preprocessing=preprocessing, grid=FEW.get(protocol), seed=3)


@pytest.fixture
def sources(protocol, preprocessing, transformation):
    return torch.stack([transformation.source(p, preprocessing, i) for i, p in enumerate(pictures(protocol))])


def shown(transformation, sources, preprocessing, views, numbers):
    out = sources.new_full((len(views), preprocessing.channels, *preprocessing.size), torch.nan)
    transformation.open(sources, range(len(sources))).write(out, views, numbers)
    return out


def test_facts_of_the_registry(protocol):
    facts = PROTOCOLS[protocol].facts
    assert {"title", "shift", "kind", "grid"} <= set(facts)
    family = PROTOCOLS.load(protocol)
    assert issubclass(family, Transformation)
    assert family.name == protocol
    assert facts["grid"] in family.__dataclass_fields__


def test_coordinates_reference_and_steps_belong_together(transformation):
    count = len(transformation)
    assert all(len(column) == count for column in transformation.coordinates.values())
    assert 0 <= transformation.reference < count
    steps = transformation.steps
    assert steps.dtype == np.int64
    assert steps.shape[1:] == (count,)
    assert ((steps >= -1) & (steps < np.arange(count))).all()


def test_parameters_are_json_and_make_the_same_again(protocol, preprocessing, transformation):
    parameters = transformation.parameters
    assert json.loads(json.dumps(dict(parameters), allow_nan=False))["protocol"] == protocol
    own = {name: value for name, value in parameters.items() if name in transformation.__dataclass_fields__}
    seed = own.pop("seed", 0)
    own.pop("back", None)
    assert make(protocol, seed=seed, **own).parameters == parameters
    assert transformation.for_model(preprocessing).parameters == parameters
    assert pickle.loads(pickle.dumps(transformation)) == transformation  # noqa: S301


def test_all_views_fill_the_buffer_whatever_their_order(transformation, sources, preprocessing):
    pairs = [(view, p) for view in range(len(transformation)) for p in range(len(sources))]
    together = shown(transformation, sources, preprocessing, *zip(*pairs, strict=True))
    assert together.isfinite().all()
    order = np.random.default_rng(1).permutation(len(pairs))[:40].tolist()
    order += order[:1] * 3
    mixed = shown(transformation, sources, preprocessing, *zip(*(pairs[i] for i in order), strict=True))
    torch.testing.assert_close(mixed, together[order], rtol=0, atol=1e-5)


def test_views_of_one_picture_do_not_depend_on_its_block(transformation, sources, preprocessing):
    views = [0, len(transformation) - 1]
    block = shown(transformation, sources, preprocessing, views, [2, 2])
    out = torch.empty_like(block)
    transformation.open(sources[2:], [2]).write(out, views, [0, 0])
    torch.testing.assert_close(out, block, rtol=0, atol=1e-5)


def test_what_is_not_asked_for_is_not_written(transformation, sources, preprocessing):
    out = shown(transformation, sources, preprocessing, [0, 0, 0, 0], [0, 1, 2, 2])
    before = out[2:].clone()
    transformation.open(sources, range(3)).write(out, [len(transformation) - 1] * 2, [1, 0])
    assert torch.equal(out[2:], before)


def test_sources_are_the_same_every_time_and_are_not_written_to(protocol, transformation, sources, preprocessing):
    untouched = sources.clone()
    shown(transformation, sources, preprocessing, [0], [1])
    assert torch.equal(sources, untouched)
    again = transformation.source(pictures(protocol)[1], preprocessing, 1)
    assert torch.equal(again, sources[1])
    assert again.dtype == torch.float32


def test_content_moves_the_way_that_the_coordinates_say(protocol, transformation, preprocessing):
    """Positive shifts are down and to the right, of the content, by so many pixels; seen off the frame's edge."""
    if not {"dy", "dx"} <= set(transformation.coordinates):
        return
    offsets = np.stack([transformation.coordinates[axis] for axis in ("dy", "dx")], -1)
    whole = [view for view, offset in enumerate(offsets) if (offset % 1 == 0).all()]
    source = torch.stack([transformation.source(pictures(protocol)[0], preprocessing, 0)])
    source = torch.nn.functional.avg_pool2d(source, 5, 1, 2)
    seen = shown(transformation, source, preprocessing, whole, [0] * len(whole)).numpy()
    at_rest = seen[whole.index(transformation.reference)]
    for view, moved in zip(whole, seen, strict=True):
        shift = (offsets[view] - offsets[transformation.reference]).astype(int)
        back = np.roll(moved, -shift, (1, 2))
        edge = np.s_[:, 5:-5, 5:-5]
        assert np.abs(back - at_rest)[edge].mean() <= 0.02 * at_rest[edge].std(), f"view {view}: {shift}"


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_any_layout_and_precision(transformation, sources, preprocessing, layout):
    single = shown(transformation, sources, preprocessing, [0, 1, 1], [0, 1, 2])
    out = torch.empty(3, preprocessing.channels, *preprocessing.size, dtype=torch.float64).to(memory_format=layout)
    transformation.open(sources.double(), range(3)).write(out, [0, 1, 1], [0, 1, 2])
    torch.testing.assert_close(out.float(), single, rtol=0, atol=1e-4)


def test_interpolating_transformations_come_back(transformation, protocol, preprocessing, sources):
    back = transformation.round_trip()
    assert (back is not None) == transformation.interpolates
    if back is None:
        return
    assert len(back) == len(transformation)
    assert back.round_trip() is None
    assert back.parameters != transformation.parameters
    returned = torch.stack([back.source(p, preprocessing, i) for i, p in enumerate(pictures(protocol))])
    reference = transformation.reference
    args = (preprocessing, [reference] * 3, [0, 1, 2])
    expected = shown(transformation, sources, *args)
    torch.testing.assert_close(shown(back, returned, *args), expected, rtol=0, atol=1e-5)
    moved = shown(back, returned, preprocessing, [0] * 3, [0, 1, 2])
    first = shown(transformation, sources, preprocessing, [0] * 3, [0, 1, 2])
    assert (moved - expected).square().mean() < (first - expected).square().mean()


def test_an_option_of_no_protocol_is_refused(protocol):
    with pytest.raises(UsageError, match=f"the protocol {protocol} takes no wrong"):
        make(protocol, wrong=1)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@pytest.mark.parametrize("shape", [(40, 30, 3), (40, 30), (1, 1), (7, 90, 3)])
def test_every_resize_implementation_gives_the_size_and_keeps_plain_colour(name, shape):
    made = IMPLEMENTATIONS.load(name)(np.full(shape, 77, np.uint8), 16, 24)
    assert made.shape == (16, 24, *shape[2:])
    assert np.allclose(made, 77, atol=1e-3)
    assert IMPLEMENTATIONS[name].facts["title"]
