import pytest
import torch
from torch import nn

from biasscope.nn import PolyphaseSampling2d, PolyphaseUpsampling2d, polyphase_index, polyphase_sample


def best_start(x, stride, p):
    """Try every start in turn (all rows where the stride does not divide the map)."""
    height, width = x.shape[1:]
    starts = [
        (i, j)
        for i in range(stride if height % stride == 0 else height)
        for j in range(stride if width % stride == 0 else width)
    ]
    return max(starts, key=lambda s: float(component(x, s, stride).abs().flatten().norm(p)))


def component(x, start, stride):
    height, width = x.shape[1:]
    rows = [(start[0] + stride * k) % height for k in range(-(-height // stride))]
    columns = [(start[1] + stride * k) % width for k in range(-(-width // stride))]
    return x[:, rows][:, :, columns]


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, float("inf")])
@pytest.mark.parametrize(
    ("stride", "size"), [(2, (6, 8)), (3, (6, 9)), (2, (7, 6)), (3, (7, 8)), (1, (3, 3)), (4, (3, 2))]
)
def test_chooses_the_largest_component(p, stride, size):
    x = torch.randn(3, 2, *size, dtype=torch.float64)
    out, index = PolyphaseSampling2d(stride, p).with_index(x)
    for image, picked, start in zip(x, out, index.tolist(), strict=True):
        chosen, best = component(image, start, stride), component(image, best_start(image, stride, p), stride)
        assert torch.equal(picked, chosen)
        assert chosen.norm(p) == pytest.approx(float(best.norm(p)))


def network(stride, uneven="wrap"):
    def conv(i, o):
        return nn.Conv2d(i, o, 3, padding=1, padding_mode="circular")

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.shortcut = conv(6, 6), nn.Conv2d(6, 6, 1)
            self.sample = PolyphaseSampling2d(stride, uneven=uneven)

        def forward(self, x):
            main, index = self.sample.with_index(self.main(x).relu())
            return main + self.sample(self.shortcut(x), index)

    layers = [conv(3, 6), nn.ReLU(), Block(), conv(6, 6), nn.ReLU(), Block(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(6, 10)).double()


@pytest.mark.parametrize(("stride", "size"), [(2, (8, 8)), (2, (12, 7)), (2, (11, 13)), (3, (9, 10))])
def test_untrained_network_answers_alike_at_every_circular_shift(stride, size):
    torch.manual_seed(0)
    model, x = network(stride), torch.randn(1, 3, *size, dtype=torch.float64)
    shifts = [(dy, dx) for dy in range(size[0]) for dx in range(size[1])]
    logits = torch.cat([model(x.roll(shift, (2, 3))) for shift in shifts])
    torch.testing.assert_close(logits, logits[:1].expand_as(logits), rtol=0, atol=1e-12)


def test_padding_up_an_odd_map_is_not_exact():
    torch.manual_seed(0)
    model, x = network(2, "pad"), torch.randn(1, 3, 11, 11, dtype=torch.float64)
    assert (model(x) - model(x.roll((3, 4), (2, 3)))).abs().max() > 1e-6


def test_uneven_can_be_refused_or_padded():
    x = torch.rand(1, 1, 5, 5)
    with pytest.raises(ValueError, match="does not divide"):
        PolyphaseSampling2d(2, uneven="error")(x)
    assert PolyphaseSampling2d(2, uneven="pad")(x).shape == (1, 1, 3, 3)
    assert torch.equal(PolyphaseSampling2d(5, uneven="error")(x), x.amax((2, 3), keepdim=True))


def test_channels_vote_jointly():
    x = torch.zeros(1, 2, 2, 2)
    x[0, 0, 0, 0], x[0, 1, 1, 1], x[0, 0, 1, 1] = 3.0, 2.5, 2.5
    assert polyphase_index(x).tolist() == [[1, 1]]
    assert polyphase_index(x, p=float("inf")).tolist() == [[0, 0]]


def test_norm_of_half_precision_does_not_overflow():
    x = torch.full((1, 1, 4, 4), 300.0, dtype=torch.float16)
    x[0, 0, 1, 0] = 301.0
    assert polyphase_index(x).tolist() == [[1, 0]]


@pytest.mark.parametrize(("stride", "size"), [(2, (6, 4)), (3, (7, 8)), ((2, 1), (5, 5))])
def test_upsampling_is_the_adjoint_and_a_right_inverse(stride, size):
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    down, index = PolyphaseSampling2d(stride).with_index(x)
    y = torch.randn_like(down)
    up = PolyphaseUpsampling2d(stride)(y, index, size)
    torch.testing.assert_close((up * x).sum(), (y * down).sum())
    assert torch.equal(polyphase_sample(up, index, stride), y)


def test_upsampling_moves_with_the_input():
    x = torch.randn(1, 2, 8, 8)
    sample, up = PolyphaseSampling2d(2), PolyphaseUpsampling2d(2)
    assert torch.equal(up(*sample.with_index(x.roll((3, 1), (2, 3)))), up(*sample.with_index(x)).roll((3, 1), (2, 3)))


def test_gradients():
    x = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    sample = PolyphaseSampling2d(2)
    assert torch.autograd.gradcheck(sample, x)
    assert torch.autograd.gradgradcheck(sample, x)
    index = torch.tensor([[1, 0]])
    y = torch.randn(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: PolyphaseUpsampling2d(2)(y, index, (5, 4)), y)


@pytest.mark.parametrize("arguments", [{"stride": 0}, {"p": 0.0}, {"uneven": "crop"}])
def test_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        PolyphaseSampling2d(**arguments)


def test_upsampling_refuses_a_size_that_cannot_be():
    with pytest.raises(ValueError, match="output_size"):
        PolyphaseUpsampling2d(2)(torch.rand(1, 1, 2, 2), torch.tensor([[0, 0]]), (5, 4))


@pytest.mark.parametrize(
    ("p", "size"), [(20.0, 1e3), (60.0, 1e-2), (200.0, 1e3), (1000.0, 0.3), (2.0, 1e25), (2.0, 1e-25), (3.0, 1e-30)]
)
def test_powers_neither_overflow_nor_vanish(p, size):
    x = torch.full((2, 1, 4, 4), 0.9 * size)
    x[0, 0, 1, 2], x[1, 0, 2, 3] = size, size
    assert polyphase_index(x, p=p).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("p", [1.0, 2.0])
def test_scaling_rounds_nothing(p):
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 0::2, 0::2] = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    x[0, 0, 1::2, 1::2] = torch.tensor([[5.0, 2.0], [0.0, 0.0]] if p == 1 else [[0.0, 0.0], [0.0, 5.0]])
    for factor in (1.0, 3.0, 7.0, 1e3, 2.0**-9):
        assert polyphase_index(x * factor, p=p).tolist() == [[0, 0]]
        assert polyphase_index(x.flip(2, 3) * factor, p=p).tolist() == [[0, 0]]


def test_maps_of_zeros_and_of_tiny_numbers():
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, 1, 0] = -1e-38
    assert polyphase_index(x).tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize("p", [1.0, 2.0, 64.0, 80.0, float("inf")])
@pytest.mark.parametrize("size", [6, 5])
def test_an_infinite_pixel_is_the_largest(p, size):
    x = torch.rand(1, 2, size, size)
    x[0, 1, 3, 2] = float("inf")
    for shift in ((0, 0), (1, 2)):
        moved = x.roll(shift, (2, 3))
        assert polyphase_sample(moved, polyphase_index(moved, 2, p), 2).isinf().any()
