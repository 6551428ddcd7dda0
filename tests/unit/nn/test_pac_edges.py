"""Masks, layouts, precision and options at their edges."""

import pytest
import torch
from torch import nn

from biasscope.nn import (
    PacConv2d,
    PacConvTranspose2d,
    PacCRFLoose,
    PacPool2d,
    icnr_,
    position_color_features,
)
from biasscope.nn.pac.message import blur_down, blur_up

LAYERS = {
    "conv": (lambda: PacConv2d(16, 8, 3, padding=1), 16, 1),
    "few channels": (lambda: PacConv2d(4, 8, 3, padding=1), 4, 1),
    "native": (lambda: PacConv2d(16, 8, 3, padding=1, native_impl=True), 16, 1),
    "normalised": (lambda: PacConv2d(16, 8, 3, padding=1, normalize_kernel=True), 16, 1),
    "transpose": (lambda: PacConvTranspose2d(16, 8, 3, 2, 1, 1), 16, 2),
    "thin transpose": (lambda: PacConvTranspose2d(4, 8, 3, 2, 1, 1), 4, 2),
    "pool": (lambda: PacPool2d(3, padding=1), 4, 1),
}


@pytest.fixture(params=LAYERS)
def case(request):
    make, channels, scale = LAYERS[request.param]
    torch.manual_seed(0)
    return make(), torch.rand(2, channels, 6, 6), torch.rand(2, 3, 6 * scale, 6 * scale)


def test_output_keeps_channels_last(case):
    layer, x, guide = case
    out = layer(x.contiguous(memory_format=torch.channels_last), guide)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, layer(x, guide))


def test_mask_of_the_output_has_the_batch_of_the_output(case):
    layer, x, guide = case
    mask = torch.ones(1, 1, 6, 6)
    mask[..., :3] = 0
    out, out_mask = layer(x, guide[:1], mask=mask)
    assert out_mask.shape == (2, 1, *out.shape[2:])
    both = layer(x, guide[:1].expand(2, -1, -1, -1), mask=mask.expand(2, -1, -1, -1))
    torch.testing.assert_close(out, both[0])
    assert torch.equal(out_mask, both[1])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_the_mask_hides_does_not_count(case, bad):
    layer, x, guide = case
    mask = torch.ones(2, 1, 6, 6, dtype=torch.bool)
    mask[0, 0, 2, 3] = mask[1, 0, 0, 0] = False
    spoilt = torch.where(mask, x, bad).requires_grad_()
    out, out_mask = layer(spoilt, guide, mask=mask)
    expected, expected_mask = layer(x, guide, mask=mask)
    torch.testing.assert_close(out, expected)
    assert torch.equal(out_mask, expected_mask)
    out.sum().backward()
    assert spoilt.grad.isfinite().all()
    assert not spoilt.grad[(~mask).expand_as(x)].any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.uint8])
def test_positions_tell_every_pixel_apart(dtype):
    features = position_color_features(torch.zeros(1, 3, 600, 300, dtype=dtype))
    assert features.dtype == torch.float32
    torch.testing.assert_close(features[0, 0, :, 7], torch.arange(600) / 100)
    torch.testing.assert_close(features[0, 1, 5], torch.arange(300) / 100)
    assert position_color_features(torch.zeros(1, 3, 2, 2, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("factor", [2.5, True, 0])
def test_icnr_refuses(factor):
    with pytest.raises(ValueError, match="upscale_factor"):
        icnr_(nn.Conv2d(3, 25, 3).weight, factor)


@pytest.mark.parametrize("text", ["inv_nan_inf", "inv_nan_1", "inv_1_inf", "inv_-inf_1", "inv_a_1"])
def test_inverse_kernels_start_at_finite_numbers(text):
    with pytest.raises(ValueError, match="kernel_type"):
        PacPool2d(3, kernel_type=text)


def test_every_loose_step_weighs_the_unary_by_its_own_weight():
    unary, guide = torch.randn(1, 3, 5, 5), torch.rand(1, 2, 5, 5)
    crf = PacCRFLoose(3, 3, pairwise_kernels=[{"compat_type": "potts"}])
    with torch.no_grad():
        crf.unary_weight.copy_(torch.tensor([0.5, 2.0, -1.5]))
    kernel, log_q = crf.steps[0][0].kernel(guide), unary
    for messages, weight in zip(crf.steps, (0.5, 2.0, -1.5), strict=True):
        log_q = weight * unary - messages[0](log_q.softmax(1), kernel)
    torch.testing.assert_close(crf(unary, guide), log_q)


@pytest.mark.parametrize(("factor", "size"), [(2, (5, 7)), (2, (6, 5)), (4, (7, 9)), (4, (5, 6)), (3, (7, 7))])
def test_blocks_start_half_the_missing_pixels_outside(factor, size):
    x = torch.rand(1, 1, *size, dtype=torch.float64)
    first = [-(-side % factor // 2) for side in size]
    down, counts = blur_down(x, factor), [-(-side // factor) for side in size]
    assert list(down.shape[2:]) == counts
    for i in range(counts[0]):
        for j in range(counts[1]):
            top, left = first[0] + i * factor, first[1] + j * factor
            block = x[0, 0, max(top, 0) : top + factor, max(left, 0) : left + factor]
            torch.testing.assert_close(down[0, 0, i, j], block.mean())


@pytest.mark.parametrize(("factor", "size"), [(2, (9, 10)), (2, (10, 11)), (4, (17, 19)), (4, (18, 17))])
def test_blur_goes_back_to_where_it_came_from(factor, size):
    rows, columns = (torch.arange(side, dtype=torch.float64) for side in size)
    x = 3 * rows[:, None] + 10 * columns
    back = blur_up(blur_down(x[None, None], factor), factor, size)[0, 0]
    inner = (slice(2 * factor, size[0] - 2 * factor), slice(2 * factor, size[1] - 2 * factor))
    assert x[inner].numel()
    torch.testing.assert_close(back[inner], x[inner])
