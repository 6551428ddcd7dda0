"""First and second derivatives with respect to everything, on the fast way and on the plain one."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from biasscope.nn import PacConv2d, PacConvTranspose2d, PacPool2d, pac_conv2d, pac_kernel2d

WIDE = {"dtype": torch.float64}


def rand(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(*shape, dtype=torch.float64, generator=generator)).requires_grad_()


def check(function, *inputs):
    assert gradcheck(function, inputs, fast_mode=True)
    assert gradgradcheck(function, inputs, fast_mode=True)


def called_with(layer, mask=None):
    """Give the layer as a function of input, guidance and all its parameters."""
    names = [name for name, _ in layer.named_parameters()]

    def function(x, f, *parameters):
        arguments = {} if mask is None else {"mask": mask}
        out = torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, f), arguments)
        return out if mask is None else out[0]

    return function, [p.detach().clone().requires_grad_() for p in layer.parameters()]


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 1, 1), (2, 0, 1), (1, 3, 2)])
@pytest.mark.parametrize(("channels", "groups"), [(8, 1), (16, 2), (2, 1)])
def test_convolution(stride, padding, dilation, channels, groups):
    layer = PacConv2d(channels, 2, 3, stride, padding, dilation, groups, **WIDE)
    function, parameters = called_with(layer)
    check(function, rand(2, channels, 5, 5), rand(2, 2, 5, 5, seed=1), *parameters)


def test_convolution_in_full():
    """Every entry of the Jacobian, not a random projection of it."""
    x, f, w, b = rand(1, 8, 3, 3), rand(1, 2, 3, 3, seed=1), rand(2, 8, 3, 3, seed=2), rand(2, seed=3)

    def function(x, f, w, b):
        return pac_conv2d(x, pac_kernel2d(f, 3, padding=1)[0], w, b, padding=1)

    assert gradcheck(function, (x, f, w, b))
    assert gradgradcheck(lambda x, f: function(x, f, w.detach(), None), (x, f))


@pytest.mark.parametrize("kind", ["inv_0.4_0.9", "inv_0.4_0.9_asym"])
@pytest.mark.parametrize("smoothing", ["none", "full_3"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_kernel_options(kind, smoothing, normalize, masked):
    options = {"kernel_type": kind, "smooth_kernel_type": smoothing, "normalize_kernel": normalize}
    layer = PacConv2d(8, 2, 3, padding=1, **options, **WIDE)
    assert {"inv_alpha", "inv_lambda"} < dict(layer.named_parameters()).keys()
    mask = None
    if masked:
        mask = torch.ones(1, 1, 5, 5, dtype=torch.float64)
        mask[..., :3, :3] = 0
    function, parameters = called_with(layer, mask)
    check(function, rand(1, 8, 5, 5), rand(1, 2, 5, 5, seed=1), *parameters)


@pytest.mark.parametrize(("stride", "padding", "output_padding"), [(2, 1, 1), (1, 2, 0), (2, 3, 1)])
@pytest.mark.parametrize("channels", [8, 2])
def test_transposed_convolution(stride, padding, output_padding, channels):
    """Padding 2 and 3 at a 3 x 3 filter: the windows end at, or crop, the map itself."""
    layer = PacConvTranspose2d(channels, 2, 3, stride, padding, output_padding, **WIDE)
    size = layer._transposed().output_size(5, 5)
    function, parameters = called_with(layer)
    check(function, rand(1, channels, 5, 5), rand(1, 2, *size, seed=1), *parameters)


@pytest.mark.parametrize("channel_wise", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
def test_pool(channel_wise, normalize):
    options = {"channel_wise": channel_wise, "kernel_channels": 2 if channel_wise else None}
    pool = PacPool2d(3, 2, 1, kernel_type="inv_0.5_1.1", normalize_kernel=normalize, **options, **WIDE)
    function, parameters = called_with(pool)
    check(function, rand(2, 2, 5, 5), rand(2, 2, 5, 5, seed=1), *parameters)


def test_shared_filter():
    function, parameters = called_with(PacConv2d(3, 3, 3, padding=1, shared_filters=True, **WIDE))
    check(function, rand(1, 3, 4, 4), rand(1, 2, 4, 4, seed=1), *parameters)


def test_precomputed_kernel():
    x, w = rand(2, 8, 4, 4), rand(3, 8, 3, 3, seed=1)
    for batch in (1, 2):
        check(lambda x, k, w: pac_conv2d(x, k, w, padding=1), x, rand(batch, 1, 3, 3, 4, 4, seed=2), w)


def test_input_that_is_its_own_guidance():
    """The dependence through the kernel is counted once, in both derivatives."""
    layer = PacConv2d(8, 2, 3, padding=1, **WIDE)
    check(lambda x: layer(x, x), rand(1, 8, 4, 4, scale=0.4))
    pool = PacPool2d(3, **WIDE)
    check(lambda x: pool(x, x), rand(1, 2, 5, 5))


def test_guidance_of_batch_one_collects_the_gradient_of_the_whole_batch():
    layer = PacConv2d(8, 2, 3, padding=1, **WIDE)
    check(layer, rand(3, 8, 4, 4), rand(1, 2, 4, 4, seed=1))
    pool = PacPool2d(3, **WIDE)
    check(pool, rand(3, 2, 4, 4), rand(1, 2, 4, 4, seed=1))


def test_gradient_penalty_trains():
    """What once-differentiable implementations cannot do: a loss of gradients."""
    layer = PacConv2d(8, 2, 3, padding=1)
    x = torch.randn(1, 8, 5, 5, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x, x[:, :2]).square().sum(), x, create_graph=True)
    grad.square().sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert x.grad.abs().sum() > 0


def test_derivatives_that_are_not_asked_for_are_not_needed():
    x, f, w = torch.randn(1, 8, 4, 4), torch.randn(1, 2, 4, 4), torch.randn(2, 8, 3, 3)
    for wanted in (x, f, w):
        wanted.requires_grad_()
        out = pac_conv2d(x, pac_kernel2d(f, 3, padding=1)[0], w, padding=1)
        (grad,) = torch.autograd.grad(out.sum(), wanted)
        assert grad.shape == wanted.shape
        assert grad.abs().sum() > 0
        wanted.requires_grad_(False)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:FutureWarning")  # torch's own, inside jvp
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("make", [lambda: PacConv2d(8, 2, 3, padding=1), lambda: PacPool2d(3, padding=1)])
def test_forward_mode_and_functional_transforms(make):
    layer = make().double()
    x, f = rand(1, 8, 4, 4).detach(), rand(1, 2, 4, 4, seed=1).detach()
    tangent = rand(1, 8, 4, 4, seed=2).detach()
    _, derivative = torch.func.jvp(lambda x: layer(x, f), (x,), (tangent,))
    torch.testing.assert_close(derivative, layer(x + tangent, f) - layer(x, f))
    (grad,) = torch.autograd.grad(layer(x.requires_grad_(), f).square().sum(), x)
    torch.testing.assert_close(torch.func.grad(lambda x: layer(x, f).square().sum())(x.detach()), grad)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x.detach(), tangent)
        tangent_out = torch.autograd.forward_ad.unpack_dual(layer(dual, f)).tangent
    torch.testing.assert_close(tangent_out, derivative.detach())
