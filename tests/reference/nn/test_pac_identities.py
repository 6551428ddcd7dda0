"""Identities that the pixel-adaptive family must satisfy to 1e-12 in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from biasscope.nn import (
    PacConv2d,
    PacConvTranspose2d,
    PacPool2d,
    pac_conv2d,
    pac_conv_transpose2d,
    pac_kernel2d,
    pac_pool2d,
    position_color_features,
)


def rand(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def close(out, expected, atol=1e-12):
    torch.testing.assert_close(out, expected, rtol=0, atol=atol)


def pac(x, f, w, b=None, stride=1, padding=0, dilation=1, groups=1, **options):
    kernel, _ = pac_kernel2d(f, w.shape[2:], stride, padding, dilation, **options)
    return pac_conv2d(x, kernel, w, b, stride, padding, dilation, groups)


GEOMETRIES = [(1, 0, 1), (1, 1, 1), (2, 1, 1), (2, 4, 2), (3, 2, (1, 2)), (1, 7, 1), ((2, 1), (0, 3), 2)]


@pytest.mark.parametrize(("stride", "padding", "dilation"), GEOMETRIES)
@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (16, 1), (16, 2), (4, 4)])
@pytest.mark.parametrize("sides", [(3, 3), (5, 3)])
def test_constant_guidance_is_convolution(stride, padding, dilation, channels, groups, sides):
    x, w, b = rand(2, channels, 11, 10), rand(8, channels // groups, *sides, seed=1), rand(8, seed=2)
    f = torch.full((2, 3, 11, 10), 3.7, dtype=torch.float64)
    out = pac(x, f, w, b, stride, padding, dilation, groups)
    close(out, F.conv2d(x, w, b, stride, padding, dilation, groups), 1e-11 if sum(sides) > 6 else 1e-12)


@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "dilation"),
    [
        (1, 0, 0, 1),
        (2, 1, 1, 1),
        (2, 2, 0, 1),
        (3, 1, 2, 1),
        (1, 2, 0, 2),
        (2, 2, 1, 2),
        (2, 5, 1, 1),
        ((2, 3), (1, 0), 1, 1),
    ],
)
@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (16, 2), (4, 4)])
def test_constant_guidance_is_transposed_convolution(stride, padding, output_padding, dilation, channels, groups):
    x, w, b = rand(2, channels, 6, 5), rand(channels, 8 // groups, 5, 5, seed=1), rand(8, seed=2)
    expected = F.conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation)
    f = torch.full((1, 2, *expected.shape[2:]), -1.3, dtype=torch.float64)
    kernel, _ = pac_kernel2d(f, 5, stride, padding, dilation, transposed=True, output_padding=output_padding)
    close(pac_conv_transpose2d(x, kernel, w, b, stride, padding, output_padding, groups, dilation), expected)


def test_rotated_and_moved_guidance_changes_nothing():
    x, f, w = rand(1, 16, 7, 7), rand(1, 4, 7, 7, seed=1), rand(4, 16, 3, 3, seed=2)
    rotation = torch.linalg.qr(rand(4, 4, seed=3)).Q
    turned = torch.einsum("de,nehw->ndhw", rotation, f) + 5.0
    close(pac(x, turned, w, padding=1), pac(x, f, w, padding=1))


def test_gaussian_kernel_is_symmetric_with_one_in_the_centre():
    kernel = pac_kernel2d(rand(1, 3, 9, 9), 5, padding=2)[0][0, 0]
    assert torch.equal(kernel[2, 2], torch.ones(9, 9, dtype=torch.float64))
    assert ((kernel > 0) & (kernel <= 1)).all()
    for a, b in ((0, 0), (1, 3), (4, 2), (2, 0)):
        dy, dx = a - 2, b - 2
        inner = slice(2, 7)
        moved = kernel[4 - a, 4 - b, 2 + dy : 7 + dy, 2 + dx : 7 + dx]
        close(kernel[a, b, inner, inner], moved)


def positions(height, width, scale):
    return position_color_features(torch.zeros(1, 0, height, width, dtype=torch.float64), scale)


def test_positions_as_guidance_are_a_gaussian_filter():
    x = rand(2, 16, 9, 8)
    w = torch.eye(16, dtype=torch.float64)[:, :, None, None].expand(-1, -1, 5, 5)
    offsets = torch.arange(-2.0, 3.0, dtype=torch.float64)
    gauss = torch.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.7**2))
    close(pac(x, positions(9, 8, 1.7), w, padding=2), F.conv2d(x, w * gauss, padding=2))


def bilateral(image, guide, s_range, s_space, radius):
    """Brute force, borders included: (1, 1, H, W) images."""
    height, width = image.shape[2:]
    out = torch.zeros_like(image)
    for y in range(height):
        for x in range(width):
            total = weight = 0.0
            for v in range(max(0, y - radius), min(height, y + radius + 1)):
                for u in range(max(0, x - radius), min(width, x + radius + 1)):
                    apart = ((v - y) ** 2 + (u - x) ** 2) / s_space**2
                    apart += float((guide[0, :, v, u] - guide[0, :, y, x]).square().sum()) / s_range**2
                    weight += math.exp(-apart / 2)
                    total += math.exp(-apart / 2) * float(image[0, 0, v, u])
            out[0, 0, y, x] = total / weight
    return out


@pytest.mark.parametrize("joint", [False, True])
def test_bilateral_filter(joint):
    image = rand(1, 1, 8, 7)
    guide = rand(1, 3, 8, 7, seed=1) if joint else image
    expected = bilateral(image, guide, 0.8, 1.5, 2)
    features = torch.cat((guide / 0.8, positions(8, 7, 1.5)), 1)
    kernel, _ = pac_kernel2d(features, 5, padding=2, normalize_kernel=True)
    close(pac_pool2d(image, kernel, 5, padding=2), expected)
    offsets = torch.arange(-2.0, 3.0, dtype=torch.float64)
    gauss = torch.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))[None, None]
    quotient = pac(image, guide / 0.8, gauss, padding=2) / pac(torch.ones_like(image), guide / 0.8, gauss, padding=2)
    close(quotient, expected)


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 1), (2, 0)])
def test_average_pool(stride, padding):
    x, f = rand(2, 3, 7, 8), torch.ones(1, 1, 7, 8, dtype=torch.float64)
    with_pad = F.avg_pool2d(x, 3, stride, padding, count_include_pad=True)
    inside = F.avg_pool2d(x, 3, stride, padding, count_include_pad=False)
    close(PacPool2d(3, stride, padding)(x, f), 9 * with_pad)
    close(PacPool2d(3, stride, padding, reduction="mean")(x, f), with_pad)
    close(PacPool2d(3, stride, padding, normalize_kernel=True)(x, f), inside)
    full = torch.eye(3, dtype=torch.float64)[:, :, None, None].expand(-1, -1, 3, 3) / 9
    close(pac(x, f, full, None, stride, padding), with_pad)


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("smoothing", ["average_3", "full_3"])
def test_detail_preserving_pooling(asymmetric, smoothing):
    x, alpha, lam = rand(1, 2, 8, 8), 0.4, 1.2
    kind = f"inv_{alpha}_{lam}" + ("_asym" if asymmetric else "")
    options = {
        "channel_wise": True,
        "kernel_channels": 2,
        "normalize_kernel": True,
        "smooth_kernel_type": smoothing,
        "dtype": torch.float64,
    }
    pool = PacPool2d(3, 2, kernel_type=kind, **options)
    if smoothing == "full_3":
        torch.nn.init.uniform_(pool.smooth_weight)
    lowpass = F.conv2d(x.transpose(0, 1), pool.smooth_weight[None, None]).transpose(0, 1)
    patches = x.unfold(2, 3, 2).unfold(3, 3, 2).flatten(4)
    difference = patches - lowpass[..., ::2, ::2, None]
    difference = difference.clamp(min=0) if asymmetric else difference
    weights = pool.inv_alpha[0] + (difference**2 + 1e-4) ** (pool.inv_lambda[0] / 2)
    close(pool(x, x), (weights * patches).sum(-1) / weights.sum(-1))


@pytest.mark.parametrize("kind", ["inv_0.7_0_fixed", "inv_1e15_1.3_fixed"])
def test_detail_preserving_pooling_without_preference_is_average(kind):
    x = rand(1, 2, 7, 7)
    pool = PacPool2d(3, 2, 1, kernel_type=kind, normalize_kernel=True, smooth_kernel_type="average_3").double()
    close(pool(x, x), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))


def test_guidance_far_apart_leaves_the_centre_tap():
    x, w = rand(1, 16, 6, 6), rand(4, 16, 3, 3, seed=1)
    f = 1e3 * torch.arange(36, dtype=torch.float64).view(1, 1, 6, 6)
    close(pac(x, f, w, padding=1), F.conv2d(x, w[:, :, 1:2, 1:2]))


def test_hot_swap_deviates_by_the_square_of_the_guidance():
    x, f, w = rand(1, 16, 12, 12), rand(1, 4, 12, 12, seed=1), rand(16, 16, 3, 3, seed=2)
    plain = F.conv2d(x, w, padding=1)
    small, smaller = ((pac(x, e * f, w, padding=1) - plain).norm() / plain.norm() for e in (1e-2, 1e-3))
    assert small / smaller == pytest.approx(100, rel=1e-3)
    assert (pac(x, 1e-4 * f, w, padding=1) - plain).norm() / plain.norm() < 1e-7


def test_linear_in_input_and_filter_but_not_in_guidance():
    x, y, f = rand(1, 16, 6, 6), rand(1, 16, 6, 6, seed=1), rand(1, 2, 6, 6, seed=2)
    w, u = rand(4, 16, 3, 3, seed=3), rand(4, 16, 3, 3, seed=4)
    close(pac(2 * x - 3 * y, f, w), 2 * pac(x, f, w) - 3 * pac(y, f, w))
    close(pac(x, f, 2 * w - 3 * u), 2 * pac(x, f, w) - 3 * pac(x, f, u))
    assert (pac(x, 2 * f, w) - 2 * pac(x, f, w)).abs().max() > 0.1


def test_equivariant_to_shifts_of_input_and_guidance_together_only():
    x, f, w = rand(1, 16, 10, 10), rand(1, 3, 10, 10, seed=1), rand(4, 16, 3, 3, seed=2)
    out, inner = pac(x, f, w, padding=1), (..., slice(4, 9), slice(4, 9))
    moved_x, moved_f = x.roll((2, 3), (2, 3)), f.roll((2, 3), (2, 3))
    close(pac(moved_x, moved_f, w, padding=1)[inner], out.roll((2, 3), (2, 3))[inner])
    assert (pac(moved_x, f, w, padding=1) - out.roll((2, 3), (2, 3)))[inner].abs().max() > 0.1


def test_circular_padding_is_equivariant_everywhere():
    x, f = rand(1, 16, 6, 6), rand(1, 3, 6, 6, seed=1)
    layer = PacConv2d(16, 4, 3, padding=1, padding_mode="circular").double()
    close(layer(x.roll((2, 3), (2, 3)), f.roll((2, 3), (2, 3))), layer(x, f).roll((2, 3), (2, 3)))


def test_joint_bilateral_upsampling_with_constant_guidance_is_box_upsampling():
    x = rand(1, 2, 5, 5)
    layer = PacConvTranspose2d(2, 2, 3, 2, 1, 1, shared_filters=True, filler="pool", normalize_kernel=True, bias=False)
    out = layer.double()(x, torch.ones(1, 1, 10, 10, dtype=torch.float64))
    ones = torch.ones(1, 1, 5, 5, dtype=torch.float64)
    box = torch.ones(2, 1, 3, 3, dtype=torch.float64)
    total, count = (F.conv_transpose2d(t, b, None, 2, 1, 1, g) for t, b, g in ((x, box, 2), (ones, box[:1], 1)))
    close(out, total / count)


def test_joint_bilateral_upsampling_is_the_weighted_mean_of_low_resolution_samples():
    x, guide = rand(1, 1, 4, 4), rand(1, 3, 8, 8, seed=1)
    f = torch.cat((guide / 0.7, positions(8, 8, 2.0)), 1)
    layer = PacConvTranspose2d(1, 1, 5, 2, 2, 1, shared_filters=True, filler="pool", normalize_kernel=True, bias=False)
    out = layer.double()(x, f)
    for i, j in ((0, 0), (3, 4), (5, 2), (7, 7)):
        weights, values = [], []
        for v, u in ((v, u) for v in range(4) for u in range(4) if max(abs(2 * v - i), abs(2 * u - j)) <= 2):
            weights.append(math.exp(-0.5 * float((f[0, :, 2 * v, 2 * u] - f[0, :, i, j]).square().sum())))
            values.append(float(x[0, 0, v, u]))
        expected = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
        assert out[0, 0, i, j].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("k", "stride"), [(3, 2), (5, 2), (5, 3), (7, 4)])
@pytest.mark.parametrize("normalize", [False, True])
def test_linear_filler_is_bilinear_interpolation(k, stride, normalize):
    x = rand(1, 3, 6, 7)
    layer = PacConvTranspose2d(
        3, 3, k, stride, k // 2, filler="linear", normalize_kernel=normalize, dtype=torch.float64
    )
    size = [(side - 1) * stride + 1 for side in x.shape[2:]]
    out = layer(x, torch.ones(1, 1, *size, dtype=torch.float64))
    expected = F.interpolate(x, size, mode="bilinear", align_corners=True)
    inner = (..., slice(k, -k), slice(k, -k))
    close(out[inner], expected[inner])
    assert expected[inner].numel() > 0
