import math

import pytest
import torch
from torch import nn

from biasscope.core.errors import InputError, UsageError
from biasscope.metrics import LocalEquivarianceError, lie_derivative, local_equivariance_error
from biasscope.metrics.functional.generators import GENERATORS, tangent


def pictures(count=3, side=12, seed=0):
    return torch.randn(count, 2, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(**options):
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(2, 4, 3, **options),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 5, 3),
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(1)).double().eval()


def fourier_shifted(images, shift, axis):
    """Shift by a fraction of a pixel through the phases; the Nyquist bin stays real."""
    length = images.shape[axis]
    frequency = torch.fft.fftfreq(length, dtype=torch.float64)
    ramp = torch.exp(-2j * math.pi * frequency * shift)
    if length % 2 == 0:
        ramp[length // 2] = math.cos(math.pi * shift)
    ramp = ramp[:, None] if axis == -2 else ramp
    return torch.fft.ifft(torch.fft.fft(images, dim=axis) * ramp, dim=axis).real


@pytest.mark.parametrize(("generator", "axis"), [("translation-x", -1), ("translation-y", -2)])
@pytest.mark.parametrize("side", [11, 12])
def test_equals_the_finite_difference_of_a_fourier_shift(generator, axis, side):
    f, images, step = network(), pictures(side=side), 1e-5
    moved = [f(fourier_shifted(images, sign * step, axis)) for sign in (1, -1)]
    expected = (moved[0] - moved[1]) / (2 * step)
    found = lie_derivative(f, images, generator)
    assert found.shape == (3, 5)
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-9)
    assert found.abs().max() > 1e-4


@pytest.mark.parametrize("generator", GENERATORS)
def test_equals_the_finite_difference_along_the_generator(generator):
    f, images, step = network(), pictures(), 1e-6
    moved = tangent(images, generator)
    expected = (f(images + step * moved) - f(images - step * moved)) / (2 * step)
    assert torch.allclose(lie_derivative(f, images, generator), expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("generator", GENERATORS)
def test_of_a_linear_map_is_the_map_of_the_generator(generator):
    images = pictures()
    weight = torch.randn(7, images[0].numel(), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = lie_derivative(lambda x: x.flatten(1) @ weight.T, images, generator)
    assert torch.allclose(found, tangent(images, generator).flatten(1) @ weight.T)


def test_of_a_square_is_twice_the_product():
    images = pictures()
    found = lie_derivative(lambda x: x.square().sum((1, 2, 3))[:, None], images, "rotation")
    expected = 2 * (images * tangent(images, "rotation")).sum((1, 2, 3))[:, None]
    assert torch.allclose(found, expected)


def test_linear_circular_networks_are_invariant_and_a_relu_ends_it():
    def pooled(*layers):
        torch.manual_seed(0)
        conv = nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular")
        return nn.Sequential(conv, *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).double().eval()

    images = pictures()
    assert lie_derivative(pooled(), images).abs().max() < 1e-12
    assert lie_derivative(pooled(nn.ReLU()), images).abs().max() > 1e-4


@pytest.mark.parametrize("generator", GENERATORS)
def test_maps_are_moved_back(generator):
    images = pictures()
    assert lie_derivative(lambda x: 2 * x, images, generator, output="map").abs().max() < 1e-12
    assert lie_derivative(lambda x: 2 * x, images, generator).abs().max() > 1e-2


def test_maps_of_half_the_size_move_half_as_far():
    images = torch.sin(torch.arange(16, dtype=torch.float64) * math.pi / 8).expand(1, 1, 16, 16)  # two samples suffice
    found = lie_derivative(lambda x: x[:, :, ::2, ::2], images, "translation-x", output="map")
    assert found.abs().max() < 1e-12


@pytest.mark.parametrize("generator", ["translation-x", "translation-y"])
def test_maps_that_shrink_along_one_axis_move_as_far_along_the_other(generator):
    wave = torch.sin(torch.arange(16, dtype=torch.float64) * math.pi / 8)
    images = (wave[None] * wave[:, None]).expand(1, 1, 16, 16)
    for shrunk in (lambda x: x[:, :, :, ::2], lambda x: x[:, :, ::2]):
        assert lie_derivative(shrunk, images, generator, output="map").abs().max() < 1e-12


def test_chunks_do_not_matter_and_images_are_untouched():
    f, images = network(), pictures(5)
    before = images.clone()
    assert torch.allclose(lie_derivative(f, images, chunk=2), lie_derivative(f, images), rtol=1e-9)
    assert torch.equal(images, before)
    assert lie_derivative(f, images).requires_grad is False


def test_gradient_switches_of_the_caller_do_not_matter():
    f, images = network(), pictures()
    expected = lie_derivative(f, images)
    with torch.no_grad():
        assert torch.equal(lie_derivative(f, images), expected)
    assert torch.equal(lie_derivative(f, images.requires_grad_()), expected)


def test_attention_is_differentiated_too():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).double().eval()

    def f(x):
        return layer(x[:, 0, :8, :8]).mean(1)

    images, step = pictures(), 1e-6
    moved = tangent(images, "scale")
    expected = (f(images + step * moved) - f(images - step * moved)) / (2 * step)
    assert torch.allclose(lie_derivative(f, images, "scale"), expected, rtol=1e-4, atol=1e-7)


def test_training_mode_is_refused():
    with pytest.raises(UsageError, match=r"model\.eval"):
        lie_derivative(network().train(), pictures())
    partly = network()
    partly[1].train()
    with pytest.raises(UsageError, match=r"model\.eval"):
        lie_derivative(partly, pictures())


def in_place(x):
    out = torch.empty(len(x), 1, dtype=x.dtype)
    torch.sum(x.flatten(1), 1, keepdim=True, out=out)
    return out


def inference(x):
    with torch.inference_mode():
        return x.sum((2, 3)) * 2 + x[:, :, 0, 0]


def to_numpy(x):
    return torch.from_numpy(x.numpy().sum((2, 3)))


def data(x):
    return x.data.sum((2, 3))


def detached(x):
    return x.detach().sum((2, 3))


def test_images_that_f_overwrites_are_not_the_callers():
    images = pictures()
    before = images.clone()
    found = lie_derivative(lambda x: x.mul_(2).sum((2, 3)), images, "scale")
    assert torch.allclose(found, 2 * tangent(before, "scale").sum((2, 3)))
    assert torch.equal(images, before)


@pytest.mark.parametrize("f", [in_place, inference, to_numpy, data, detached])
def test_what_cannot_be_differentiated_forward_says_so(f):
    with pytest.raises(InputError, match="in-place"):
        lie_derivative(f, pictures())


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (pictures()[0], {}),
        (pictures().long(), {}),
        (pictures(), {"generator": "twist"}),
        (pictures(), {"derivative": "cubic"}),
        (pictures(), {"output": "map"}),
        (pictures(), {"output": "logits"}),
        (pictures(), {"chunk": 0}),
    ],
)
def test_wrong_arguments(images, options):
    with pytest.raises(UsageError):
        lie_derivative(network(), images, **options)


def test_error_by_hand():
    derivatives = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    assert local_equivariance_error(derivatives).item() == pytest.approx((12.5 + 2) / 2)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 2, 0)])
def test_outputs_without_entries_have_no_error(shape):
    with pytest.raises(UsageError, match="derivatives"):
        local_equivariance_error(torch.zeros(shape))


def test_error_grows_with_the_square_of_the_outputs_and_has_an_interval():
    derivatives = lie_derivative(network(), pictures(20))
    one, double = LocalEquivarianceError(), LocalEquivarianceError()
    one.update(derivatives)
    double.update(2 * derivatives)
    assert double.compute() == pytest.approx(4 * one.compute())
    assert torch.allclose(double.interval().low, 4 * one.interval().low)
    assert 0 < one.interval().low < one.compute() < one.interval().high


def test_one_image_has_no_interval():
    metric = LocalEquivarianceError()
    metric.update(torch.ones(1, 3))
    assert metric.compute() == 1
    assert metric.interval().low.isnan()
