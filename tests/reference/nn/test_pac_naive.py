"""The pixel-adaptive operations against loops over pixels and taps that know nothing of tiles, padding or autograd."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from biasscope.nn import PacConv2d, PacConvTranspose2d, PacPool2d, pac_conv2d, pac_kernel2d
from biasscope.nn.pac import tiling


def rand(*shape, scale=1.0, seed=0):
    return scale * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def at(x, y, z):
    """Pixel (C,) of (C, H, W), the border repeated."""
    return x[:, min(max(y, 0), x.shape[1] - 1), min(max(z, 0), x.shape[2] - 1)]


def affinity(tap, centre, inverse, asymmetric, channel_wise):
    difference = (tap - centre).clamp(min=0) if asymmetric else tap - centre
    square = difference**2 if channel_wise else (difference**2).sum(0, keepdim=True)
    return torch.exp(-square / 2) if inverse is None else inverse[0] + (square + 1e-4) ** (inverse[1] / 2)


def smooth(f, filt):
    """Filter every channel, the border repeated."""
    if filt is None:
        return f
    out = torch.zeros_like(f)
    r = filt.shape[0] // 2
    for y, z in itertools.product(range(f.shape[1]), range(f.shape[2])):
        for a, b in itertools.product(range(-r, r + 1), repeat=2):
            out[:, y, z] += filt[a + r, b + r] * at(f, y + a, z + b)
    return out


def weights(values, valid, mask, normalize):
    """Apply validity, mask and normalisation to one window of kernel values (taps, channels)."""
    counted = valid if mask is None else mask
    values = values * counted[:, None]
    if normalize:
        total = values.sum(0)
        return torch.where(total == 0, torch.zeros_like(values), values / total)
    if mask is not None:
        values = values * (valid.sum() / counted.sum() if counted.sum() > 0 else 0)
    return values


def naive(
    x, f, k, stride=1, padding=0, dilation=1, *, mask=None, normalize=False, filt=None, kind=(None, False, False)
):
    """Give kernel values (taps, channels, H, W) and taps of the input (taps, C, H, W) of one image."""
    centres = smooth(f, filt)
    height, width = ((side + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for side in x.shape[1:])
    kernels, patches = [], []
    for i, j in itertools.product(range(height), range(width)):
        values, valid, masked, pixels = [], [], [], []
        for a, b in itertools.product(range(k), repeat=2):
            y, z = i * stride - padding + a * dilation, j * stride - padding + b * dilation
            cy, cz = (v * stride - padding + k // 2 * dilation for v in (i, j))
            inside = 0 <= y < x.shape[1] and 0 <= z < x.shape[2]
            values.append(affinity(at(f, y, z), at(centres, cy, cz), *kind))
            pixels.append(x[:, y, z] if inside else torch.zeros_like(x[:, 0, 0]))
            valid.append(float(inside))
            masked.append(float(mask[y, z]) if mask is not None and inside else 0.0)
        window = None if mask is None else torch.tensor(masked, dtype=x.dtype)
        plain = normalize or mask is not None
        values = torch.stack(values)
        kernels.append(weights(values, torch.tensor(valid, dtype=x.dtype), window, normalize) if plain else values)
        patches.append(torch.stack(pixels))
    kernels, patches = torch.stack(kernels, -1), torch.stack(patches, -1)
    return kernels.unflatten(-1, (height, width)), patches.unflatten(-1, (height, width))


def naive_conv(x, f, w, b=None, groups=1, **options):
    k = w.shape[-1]
    outs = []
    for image, guide in zip(x, f.expand(len(x), -1, -1, -1), strict=True):
        kernel, patches = naive(image, guide, k, **options)
        modulated = (kernel * patches).unflatten(1, (groups, -1))
        filters = w.unflatten(0, (groups, -1)).flatten(3)
        outs.append(torch.einsum("gocs,sgchw->gohw", filters, modulated).flatten(0, 1))
    out = torch.stack(outs)
    return out if b is None else out + b.view(-1, 1, 1)


GEOMETRIES = [(3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1), (3, 1, 2, 2), (3, 2, 3, 1), (5, 2, 0, 1), (1, 1, 0, 1)]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (16, 1), (16, 2), (4, 4)])
@pytest.mark.parametrize("native_impl", [False, True])
def test_convolution(geometry, channels, groups, native_impl):
    k, stride, padding, dilation = geometry
    x, f = rand(2, channels, 6, 7), rand(2, 3, 6, 7, seed=1, scale=0.5)
    w, b = rand(8, channels // groups, k, k, seed=2), rand(8, seed=3)
    kernel, mask = pac_kernel2d(f, k, stride, padding, dilation, native_impl=native_impl)
    out = pac_conv2d(x, kernel, w, b, stride, padding, dilation, groups, native_impl=native_impl)
    expected = naive_conv(x, f, w, b, groups, stride=stride, padding=padding, dilation=dilation)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    assert mask is None


@pytest.mark.parametrize("pixels", [16, 32, 100])
@pytest.mark.parametrize("stride", [1, 2])
def test_tiles_of_any_size_give_the_same_values_and_gradients(monkeypatch, pixels, stride):
    x, f, w = (t.requires_grad_() for t in (rand(5, 16, 9, 7), rand(5, 2, 9, 7, seed=1), rand(4, 8, 3, 3, seed=2)))

    def run(native_impl):
        kernel, _ = pac_kernel2d(f, 3, stride, 1)
        out = pac_conv2d(x, kernel, w, None, stride, 1, groups=2, native_impl=native_impl)
        return out, *torch.autograd.grad(out.square().sum(), (x, f, w))

    expected = run(True)
    monkeypatch.setattr(tiling, "CPU_TILE_PIXELS", (pixels, pixels))
    torch.testing.assert_close(run(False), expected, rtol=1e-12, atol=1e-12)


def test_float32_is_as_close_as_float32_can_be():
    x, f, w = rand(2, 32, 12, 12), rand(2, 4, 12, 12, seed=1, scale=0.3), rand(16, 32, 3, 3, seed=2)
    exact = pac_conv2d(x, pac_kernel2d(f, 3, padding=1)[0], w, padding=1)
    single = pac_conv2d(x.float(), pac_kernel2d(f.float(), 3, padding=1)[0], w.float(), padding=1)
    assert (single - exact).norm() / exact.norm() < 1e-6
    assert (single - exact).abs().max() / exact.abs().max() < 1e-5


@pytest.mark.parametrize("kind", ["gaussian", "inv_0.5_-0.7", "inv_0.3_1.5_asym_fixed"])
@pytest.mark.parametrize("smoothing", ["none", "gaussian", "average_3", "full_5"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_every_kernel_option(kind, smoothing, normalize, masked):
    x, f = rand(1, 16, 6, 5), rand(1, 2, 6, 5, seed=1)
    mask = (rand(1, 1, 6, 5, seed=4) > -0.3).double()
    mask[:, :, :3, :3] = 0
    layer = PacConv2d(
        16,
        4,
        3,
        padding=1,
        kernel_type=kind,
        smooth_kernel_type=smoothing,
        normalize_kernel=normalize,
        dtype=torch.float64,
    )
    if smoothing == "full_5":
        torch.nn.init.normal_(layer.smooth_weight)
    parts = kind.split("_")
    inverse = None if kind == "gaussian" else (float(parts[1]), float(parts[2]))
    options = {"normalize": normalize, "filt": layer.smooth_weight, "kind": (inverse, "asym" in kind, False)}
    expected = naive_conv(x, f, layer.weight, layer.bias, padding=1, mask=mask[0, 0] if masked else None, **options)
    out = layer(x, f, mask=mask if masked else None)
    out, out_mask = out if masked else (out, None)
    torch.testing.assert_close(out, expected, rtol=1e-11, atol=1e-11)
    if masked:
        assert torch.equal(out_mask, F.max_pool2d(mask, 3, 1, 1))
        assert out_mask[0, 0, 0, 0] == 0
        torch.testing.assert_close(out[0, :, 0, 0], layer.bias)


@pytest.mark.parametrize("channel_wise", [False, True])
@pytest.mark.parametrize("kind", ["gaussian", "inv_0.2_0.8", "inv_0.2_0.8_asym_fixed"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("normalize", [False, True])
def test_pool(channel_wise, kind, reduction, normalize):
    x, f = rand(1, 3, 6, 5), rand(1, 3, 6, 5, seed=1)
    pool = PacPool2d(
        3, 2, 1, kernel_type=kind, channel_wise=channel_wise, kernel_channels=3 if channel_wise else None,
        normalize_kernel=normalize, reduction=reduction, dtype=torch.float64,
    )  # fmt: skip
    inverse = None if kind == "gaussian" else (0.2, 0.8)
    kernel, patches = naive(x[0], f[0], 3, 2, 1, normalize=normalize, kind=(inverse, "asym" in kind, channel_wise))
    expected = (kernel * patches).sum(0)[None] / (9 if reduction == "mean" else 1)
    torch.testing.assert_close(pool(x, f), expected, rtol=1e-12, atol=1e-12)
    if channel_wise and kind == "inv_0.2_0.8":
        assert pool.inv_alpha.shape == pool.inv_lambda.shape == (3,)


def test_shared_filter_is_the_same_filter_in_every_channel():
    x, f = rand(2, 4, 5, 5), rand(2, 2, 5, 5, seed=1)
    layer = PacConv2d(4, 4, 3, padding=1, shared_filters=True).double()
    expected = naive_conv(x, f, layer.weight.expand(4, 1, 3, 3), layer.bias, 4, padding=1)
    torch.testing.assert_close(layer(x, f), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding", "output_padding"), [(2, 2, 1), (1, 1, 0), (3, 0, 2), (2, 4, 1)])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("channels", [2, 16])
def test_transposed_convolution(stride, padding, output_padding, normalize, channels):
    """The zero-inserted input is convolved at stride 1 with the flipped filter; f lies at the output."""
    k, x = 5, rand(1, channels, 4, 3)
    layer = PacConvTranspose2d(
        channels, 3, k, stride, padding, output_padding, normalize_kernel=normalize, bias=False
    ).double()
    size = F.conv_transpose2d(x, layer.weight, None, stride, padding, output_padding).shape[2:]
    f = rand(1, 2, *size, seed=1, scale=0.6)
    expected = torch.zeros(1, 3, *size, dtype=torch.float64)
    for i, j in itertools.product(*map(range, size)):
        terms = []
        for y, z in itertools.product(range(4), range(3)):
            a, b = i + padding - y * stride, j + padding - z * stride
            if 0 <= a < k and 0 <= b < k:
                # The tap at filter position (a, b) lies at offset k // 2 - a from the output pixel.
                near = at(f[0], i + k // 2 - a, j + k // 2 - b)
                terms.append(
                    (affinity(near, f[0, :, i, j], None, False, False), x[0, :, y, z] @ layer.weight[:, :, a, b])
                )
        total = sum(value for value, _ in terms) if normalize else 1.0
        if terms:
            expected[0, :, i, j] = sum(value * term for value, term in terms) / total
    torch.testing.assert_close(layer(x, f), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", ["reflect", "circular", "replicate"])
def test_padding_modes_pad_input_and_guidance(mode):
    x, f, w = rand(1, 16, 5, 6), rand(1, 2, 5, 6, seed=1), rand(4, 16, 3, 3, seed=2)
    kernel, _ = pac_kernel2d(f, 3, padding=1, padding_mode=mode, normalize_kernel=True)
    out = pac_conv2d(x, kernel, w, padding=1, padding_mode=mode)
    wide = [F.pad(t, (1, 1, 1, 1), mode=mode) for t in (x, f)]
    torch.testing.assert_close(out, naive_conv(*wide, w, normalize=True), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("pixels", [16, 100, 1024])
@pytest.mark.parametrize("geometry", [(3, 1, 1, 1), (5, 2, 3, 1), (3, 1, 2, 2), ((3, 5), (2, 1), (0, 2), (1, 2))])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("channels", [16, 128])
def test_single_precision_takes_another_way_to_the_same_values(monkeypatch, pixels, geometry, groups, batch, channels):
    monkeypatch.setattr(tiling, "CPU_TILE_BYTES", 64 << 10)
    monkeypatch.setattr(tiling, "CPU_TILE_PIXELS", (pixels, pixels))
    k, stride, padding, dilation = geometry
    x, f = rand(batch, channels, 9, 8).float(), rand(1, 2, 9, 8, seed=1, scale=0.5).float()
    w, b = rand(6, channels // groups, *((k, k) if isinstance(k, int) else k), seed=2).float(), rand(6, seed=3).float()
    single, double = ([t.to(d).requires_grad_() for t in (x, f, w, b)] for d in (torch.float32, torch.float64))
    outs = []
    for values in (single, double):
        kernel, _ = pac_kernel2d(values[1], k, stride, padding, dilation)
        out = pac_conv2d(values[0], kernel, *values[2:], stride, padding, dilation, groups)
        outs.append([out, *torch.autograd.grad(out.square().sum(), values)])
    for one, other in zip(*outs, strict=True):
        assert (one - other).abs().max() / other.abs().max() < 1e-5


@pytest.mark.parametrize("mode", ["zeros", "replicate", "reflect", "circular"])
@pytest.mark.parametrize("shape", [(3, 5), (5, 1), (1, 3)])
def test_the_centre_is_smoothed_with_the_edges_of_its_mode(mode, shape):
    """Zeros outside would make the edge of constant guidance an edge: there the border is repeated."""
    f, filt = rand(2, 3, 7, 8), rand(*shape, seed=1)
    kernel, _ = pac_kernel2d(f, 3, smooth_weight=filt, padding_mode=mode)
    rows, columns = shape[0] // 2, shape[1] // 2
    around = F.pad(f, (columns, columns, rows, rows), "replicate" if mode == "zeros" else mode)
    expected = torch.zeros(2, 1, 3, 3, 5, 6, dtype=torch.float64)
    for n, a, b, y, z in itertools.product(range(2), range(3), range(3), range(5), range(6)):
        patch = around[n, :, y + 1 : y + 1 + shape[0], z + 1 : z + 1 + shape[1]]
        centre = (patch * filt).sum((1, 2))
        expected[n, 0, a, b, y, z] = torch.exp(-((f[n, :, y + a, z + b] - centre) ** 2).sum() / 2)
    assert torch.allclose(kernel, expected)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3,), (1, 3, 3)])
def test_filters_without_a_centre_are_refused(shape):
    with pytest.raises(ValueError, match="odd"):
        pac_kernel2d(rand(1, 2, 6, 6), 3, smooth_weight=rand(*shape))


@pytest.mark.parametrize(("masks", "images", "fits"), [(1, 4, True), (4, 4, True), (4, 1, True), (2, 4, False)])
def test_masks_fit_one_image_or_all(masks, images, fits):
    f, mask = rand(images, 2, 6, 6), (rand(masks, 1, 6, 6, seed=2) > 0).double()
    if not fits:
        with pytest.raises(ValueError, match="mask of batch 2 does not fit guidance of 4"):
            pac_kernel2d(f, 3, mask=mask)
        return
    kernel, out = pac_kernel2d(f, 3, mask=mask, normalize_kernel=True)
    for image in range(max(masks, images)):
        one, valid = pac_kernel2d(f[[image % images]], 3, mask=mask[[image % masks]], normalize_kernel=True)
        assert torch.allclose(kernel[[image]], one)
        assert torch.equal(out[[image % len(out)]], valid)
