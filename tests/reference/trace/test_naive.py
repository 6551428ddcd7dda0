"""Every measure against an implementation that stores every response and loops in double precision."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from biasscope.trace import MEASURES, trace
from biasscope.trace import measures as functions
from biasscope.trace.errors.aligned import aligned_errors
from biasscope.trace.measures.global_sums import chosen_maps
from tests.unit.trace.nets import conv, pictures, seeded

SIDE, COUNT = 16, 4
SHIFTS = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (0, 2), (3, 2), (-4, 4), (5, -3)]


def network():
    return nn.Sequential(conv(1, 6), nn.ReLU(), nn.MaxPool2d(2), conv(6, 9), nn.ReLU(), conv(9, 5, 2), nn.ReLU())


STRIDE = {"0": 1, "1": 1, "2": 2, "3": 2, "4": 2, "5": 4, "6": 4}
COMING = {"0": 2, "1": 2, "2": 2, "3": 2, "4": 2}


@pytest.fixture(scope="module")
def found():
    options = {name: {} for name in MEASURES} | {"nonshiftability": {"maps": 4}}
    return trace(seeded(network), pictures(COUNT, SIDE), SHIFTS, measures=options, seed=3, batch=6)


@pytest.fixture(scope="module")
def stored():
    """Response of every layer to every shift of every picture, (N, S, C, H, W) in double precision."""
    net, x = seeded(network).double(), pictures(COUNT, SIDE).double()
    kept = {}
    with torch.no_grad():
        for image in x:
            for y, right in SHIFTS:
                out = image.roll((y, right), (1, 2))[None]
                for name, layer in net.named_children():
                    out = layer(out)
                    kept.setdefault(name, []).append(out[0].numpy())
    return {name: np.stack(maps).reshape(COUNT, len(SHIFTS), *maps[0].shape) for name, maps in kept.items()}


def check(found, measure, expected, **tolerance):
    """Mean and t interval over pictures of the naive values (N,)."""
    one = found.measures[measure]
    assert one.n == COUNT
    assert one.value == pytest.approx(np.mean(expected), **tolerance)
    spread = stats.sem(expected) * stats.t.ppf(0.975, COUNT - 1)
    low, high = MEASURES[measure].facts["bounds"]
    assert one.low == pytest.approx(max(np.mean(expected) - spread, low), abs=1e-4)
    assert one.high == pytest.approx(min(np.mean(expected) + spread, high), abs=1e-4)


@pytest.mark.parametrize("name", STRIDE)
def test_nonshiftability(found, stored, name):
    values = []
    for number, responses in enumerate(stored[name]):
        shares = []
        for channel in chosen_maps(responses.shape[1], 4, number, seed=3):
            sums = [responses[shift, channel].sum() for shift in range(len(SHIFTS))]
            if any(sums):
                mean = sum(sums) / len(sums)
                shares.append(sum(abs(value - mean) > 0.2 * abs(mean) for value in sums) / len(sums))
        values.append(np.mean(shares))
    if STRIDE[name] == 1:
        values = np.zeros(COUNT)
    check(found[name], "nonshiftability", values, abs=1e-6)


@pytest.mark.parametrize("name", STRIDE)
def test_sum_variation(found, stored, name):
    values = []
    for responses in stored[name]:
        sums = responses.sum((2, 3))
        values.append(np.sqrt(sums.var(0).sum() / (sums.mean(0) ** 2).sum()))
    check(found[name], "sum_variation", values, rel=1e-4, abs=1e-6)


def fractional(maps, shift):
    """Fourier shift by a loop over frequencies, the highest one real."""
    size = maps.shape[-2:]
    spectrum = np.fft.fft2(maps)
    for axis, step in enumerate(shift):
        frequency = np.fft.fftfreq(size[axis])
        ramp = np.exp(-2j * np.pi * frequency * step)
        if size[axis] % 2 == 0:
            ramp[size[axis] // 2] = np.cos(np.pi * step)
        spectrum = spectrum * (ramp[:, None] if axis == 0 else ramp[None])
    return np.fft.ifft2(spectrum).real


def errors(stored, name):
    """(N, S) cosine and relative L2, and which shifts are whole."""
    stride = STRIDE[name]
    cosine, relative = np.zeros((2, COUNT, len(SHIFTS)))
    for number, responses in enumerate(stored[name]):
        for shift, (y, x) in enumerate(SHIFTS):
            moved = fractional(responses[0], (y / stride, x / stride))
            response = responses[shift]
            lengths = np.linalg.norm(moved) * np.linalg.norm(response)
            cosine[number, shift] = 1 - (moved * response).sum() / lengths
            relative[number, shift] = np.linalg.norm(moved - response) / np.linalg.norm(moved)
    whole = np.array([y % stride == 0 and x % stride == 0 for y, x in SHIFTS])
    return cosine, relative, whole


@pytest.mark.parametrize("name", STRIDE)
def test_equivariance_errors_and_lattices(found, stored, name):
    cosine, relative, whole = errors(stored, name)
    exact = whole.copy()
    exact[0] = False
    for measure, values, where in (
        ("equivariance_cosine", cosine, exact),
        ("equivariance_l2", relative, exact),
        ("fourier_cosine", cosine, ~whole),
        ("fourier_l2", relative, ~whole),
    ):
        if where.any():
            check(found[name], measure, values[:, where].mean(1), rel=1e-4, abs=2e-6)
        else:
            assert found[name][measure] is None
    for measure, values in (("equivariance_cosine", cosine), ("equivariance_l2", relative)):
        lattice = found.lattices[measure][name]
        assert lattice.values == pytest.approx(values.mean(0), rel=1e-4, abs=2e-6)
        assert lattice.fourier.tolist() == (~whole).tolist()


@pytest.mark.parametrize("name", COMING)
def test_aliasing(found, stored, name):
    values = []
    for responses in stored[name]:
        energy = (np.abs(np.fft.fft2(responses[0])) ** 2).sum(0)
        rows, columns = (np.abs(np.fft.fftfreq(size)) for size in energy.shape)
        above = sum(
            energy[i, j]
            for i, row in enumerate(rows)
            for j, column in enumerate(columns)
            if max(row, column) > 0.5 / COMING[name]
        )
        values.append(above / energy.sum())
    check(found[name], "aliasing", values, rel=1e-4)


def test_maximum_bias(found):
    assert [layer.name for layer in found.layers if "maximum_bias" in layer.measures] == ["2"]
    x = torch.rand(2, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    x[0, 0] = 0.5
    given = x[:, :, ::2, 1::2]
    expected = []
    for stack, out in zip(x, given, strict=True):
        hits = [
            float(out[c, i, j] == stack[c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max())
            for c in range(3)
            for i in range(3)
            for j in range(4)
            if stack[c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].unique().numel() > 1
        ]
        expected.append(np.mean(hits))
    assert functions.maximum_bias(x, given, (2, 2), (2, 2)).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", STRIDE)
def test_phase_variance(found, stored, name):
    stride = STRIDE[name]
    first = {}
    for shift, (y, x) in enumerate(SHIFTS):
        first.setdefault((y % stride, x % stride), shift)
    pooled = stored[name].mean((3, 4))[:, list(first.values())]
    expected = pooled.var(1).sum(1).mean() / pooled.mean(1).var(0, ddof=1).sum()
    one = found[name].measures["phase_variance"]
    assert one.value == pytest.approx(expected, rel=1e-3, abs=1e-9)
    left = []
    for number in range(COUNT):
        rest = np.delete(pooled, number, 0)
        left.append(rest.var(1).sum(1).mean() / rest.mean(1).var(0, ddof=1).sum())
    error = np.sqrt((COUNT - 1) / COUNT * ((np.array(left) - expected) ** 2).sum())
    assert one.high - one.value == pytest.approx(error * stats.t.ppf(0.975, COUNT - 1), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("name", ["2", "6"])
def test_phase_decoding(found, stored, name):
    stride = STRIDE[name]
    first = {}
    for shift, (y, x) in enumerate(SHIFTS):
        first.setdefault((y % stride, x % stride), shift)
    views = list(first.values())
    features = stored[name].mean((3, 4))[:, views].reshape(COUNT * len(views), -1)
    picture, phase = np.repeat(np.arange(COUNT), len(views)), np.tile(np.arange(len(views)), COUNT)
    accuracy = functions.phase_decoding(features, phase, picture)
    expected = (accuracy - 1 / len(views)) / (1 - 1 / len(views))
    assert found[name]["phase_decoding"] == pytest.approx(expected.mean(), abs=0.13)  # ties of single precision


@pytest.mark.parametrize("name", STRIDE)
def test_lie_derivative_is_the_limit_of_finite_differences(name):
    net, x = seeded(network).double(), pictures(COUNT, SIDE).double()
    found = trace(net, x, 2, measures="lie_derivative")[name].measures["lie_derivative"]
    last, stride, step = int(name) + 1, STRIDE[name], 1e-5
    values = []
    with torch.no_grad():
        for image in x:
            reference = net[:last](image[None])[0].numpy()
            total = 0.0
            for axis in ((1, 0), (0, 1)):
                sides = []
                for sign in (1, -1):
                    shift = sign * step * np.array(axis)
                    moved = torch.as_tensor(fractional(image.numpy(), shift))
                    sides.append(fractional(net[:last](moved[None])[0].numpy(), -shift / stride))
                total += (((sides[0] - sides[1]) / (2 * step)) ** 2).sum()
            values.append(np.sqrt(total / (reference**2).sum()))
    assert found.value == pytest.approx(np.mean(values), rel=1e-3, abs=1e-9)  # a kink of a ReLU may lie in between
    assert found.n == COUNT


def test_functions_agree_with_the_traced_values(found, stored):
    """The functions on activations are the measures: name by name at one layer with everything stored."""
    maps = torch.as_tensor(stored["5"])
    layer = found["5"]
    assert np.mean([functions.sum_variation(one) for one in maps]) == pytest.approx(layer["sum_variation"], rel=1e-4)
    whole = [(0, 0), (-1, 1)]
    chosen = maps[:, [0, 0, SHIFTS.index((-4, 4))]]
    values = [functions.relative_errors(one, whole)[1].item() for one in chosen]
    assert np.mean(values) == pytest.approx(layer["equivariance_l2"], abs=2e-6)
    between = [(y / 4, x / 4) for y, x in SHIFTS[1:7]]
    cosine = [functions.cosine_distances(one[:7], between).mean().item() for one in maps]
    skipped = [functions.cosine_distances(one[[0, 8]], [(5 / 4, -3 / 4)]).item() for one in maps]
    assert (6 * np.mean(cosine) + np.mean(skipped)) / 7 == pytest.approx(layer["fourier_cosine"], rel=1e-4)
    share = functions.aliasing(torch.as_tensor(stored["4"][:, 0]), 2)
    assert share.mean().item() == pytest.approx(found["4"]["aliasing"], rel=1e-4)
    net, x = seeded(network).double(), pictures(COUNT, SIDE).double()
    lie = functions.lie_derivative(net[:6], x, (4, 4))
    assert lie.mean().item() == pytest.approx(layer["lie_derivative"], rel=1e-4)
    pooled = functions.nonshiftability(maps[0])
    sums = maps[0].sum((-2, -1))
    expected = ((sums - sums.mean(0)).abs() > 0.2 * sums.mean(0).abs()).double().mean(0)
    assert torch.equal(pooled, expected)


@pytest.mark.parametrize("side", [4, 30])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_errors_of_few_shifts_of_many_pictures_are_those_of_rolls(side, layout):
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(24, 3, side, side + 1, generator=draw).to(memory_format=layout).unflatten(0, (6, 4))
    shifts = [(1, 2), (-3, 2 * side), (0, 0)]
    found = aligned_errors(maps, [1, 2, 3], shifts)
    for number, (place, shift) in enumerate(zip([1, 2, 3], shifts, strict=True)):
        expected = (maps[:, 0].roll(shift, (-2, -1)) - maps[:, place]).square().sum((1, 2, 3))
        assert torch.allclose(found.difference[:, number], expected, rtol=1e-5)
    again = aligned_errors(maps.requires_grad_(), [1, 2, 3], shifts)
    assert torch.allclose(again.difference, found.difference, rtol=1e-5)
    assert again.difference.requires_grad
