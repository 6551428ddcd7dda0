from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.nn import PacConv2d, PacConvTranspose2d, PacJointUpsample2d, PacPool2d, pac_kernel2d
from biasscope.nn.pac.fillers import crf_filter


@pytest.mark.parametrize("groups", [1, 2])
def test_state_dicts_of_the_plain_layers_fit(groups):
    smooth = {"smooth_kernel_type": "gaussian", "kernel_type": "inv_0.1_0.2_fixed"}
    conv = nn.Conv2d(4, 6, 3, groups=groups)
    assert PacConv2d(4, 6, 3, groups=groups, **smooth).load_state_dict(conv.state_dict())
    transposed = nn.ConvTranspose2d(4, 6, 3, groups=groups)
    layer = PacConvTranspose2d(4, 6, 3, groups=groups, **smooth)
    assert layer.load_state_dict(transposed.state_dict())
    assert set(layer.state_dict()) == {"weight", "bias"}


@pytest.mark.parametrize("padding", [1, "same", "valid"])
def test_hot_swap_starts_as_the_convolution(padding):
    conv = nn.Conv2d(16, 8, 3, padding=padding, dilation=2, padding_mode="zeros").eval()
    layer = PacConv2d.from_conv(conv)
    x, f = torch.randn(2, 16, 12, 12), 1e-4 * torch.randn(2, 5, 12, 12)
    assert not layer.training
    torch.testing.assert_close(layer(x, f), conv(x), rtol=0, atol=1e-5)


def test_kernel_may_be_shared_by_layers():
    first, second = PacConv2d(8, 8, 3, padding=1), PacConv2d(8, 4, 3, padding=1)
    x, f = torch.rand(1, 8, 5, 5), torch.rand(1, 2, 5, 5)
    kernel, _ = first.compute_kernel(f)
    torch.testing.assert_close(second(first(x, kernel=kernel), kernel=kernel), second(first(x, f), f))


def test_mask_is_ignored_beside_a_precomputed_kernel():
    layer = PacConv2d(8, 4, 3, padding=1)
    x, f = torch.rand(1, 8, 5, 5), torch.rand(1, 2, 5, 5)
    kernel, _ = layer.compute_kernel(f)
    assert torch.equal(layer(x, kernel=kernel, mask=torch.zeros(1, 1, 5, 5)), layer(x, f))


def test_layout_and_precision_are_kept():
    layer = PacConv2d(16, 8, 3, padding=1)
    x, f = torch.rand(2, 16, 6, 6), torch.rand(2, 2, 6, 6)
    out = layer(x.contiguous(memory_format=torch.channels_last), f)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert layer(x, f).is_contiguous()
    torch.testing.assert_close(out, layer(x, f))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(x, f)
    assert low.dtype == torch.bfloat16
    torch.testing.assert_close(low.float(), layer(x, f), rtol=0.05, atol=0.05)


def test_autocast_trains():
    layer = PacConv2d(16, 8, 3, padding=1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = layer(torch.rand(2, 16, 6, 6), torch.rand(2, 2, 6, 6)).float().square().mean()
    loss.backward()
    assert layer.weight.grad.dtype == torch.float32
    assert layer.weight.grad.abs().sum() > 0


def test_half_precision_guidance_is_compared_in_full_precision():
    f = torch.tensor([300.0, 300.5, 301.0]).view(1, 1, 1, 3).to(torch.float16)
    kernel, _ = pac_kernel2d(f, (1, 3), padding=(0, 1))
    torch.testing.assert_close(kernel[0, 0, 0, 0, 0, 1].float(), torch.tensor(0.125).neg().exp(), rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("filler", "expected"),
    [("pool", [[1.0, 1, 1], [1, 1, 1], [1, 1, 1]]), ("crf_pool", [[1.0, 1, 1], [1, 0, 1], [1, 1, 1]])],
)
def test_fixed_fillers_are_buffers(filler, expected):
    layer = PacConv2d(4, 4, 3, shared_filters=True, filler=filler)
    assert layer.weight.tolist() == [[expected]]
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
    assert not layer.bias.any()


def test_crf_filler():
    layer = PacConv2d(3, 3, 3, filler="crf")
    assert layer.weight[0, 1, 0, 0].item() == pytest.approx(0.4581, abs=5e-5)
    assert layer.weight[2, 0, 0, 1].item() == pytest.approx(1.1143, abs=5e-5)
    assert layer.weight[2, 0, 1, 1] == 0
    assert not layer.weight[range(3), range(3)].any()
    assert not layer.bias.any()
    perturbed = PacConv2d(3, 3, 3, filler="crf_perturbed")
    assert 0 < (perturbed.weight - layer.weight).abs().max() <= 5e-4
    grouped = PacConv2d(4, 4, 3, groups=2, filler="crf")
    assert [[bool(w.any()) for w in row] for row in grouped.weight] == [[False, True], [True, False]] * 2


def test_shared_uniform_filler_grows_with_the_channels():
    torch.manual_seed(0)
    layer = PacConv2d(16, 16, 7, shared_filters=True)
    assert 0.9 * 4 / 7 < layer.weight.abs().max() <= 4 / 7


def test_linear_filler_example():
    layer = PacConvTranspose2d(2, 2, 5, 2, filler="linear")
    assert layer.weight[0, 0, 2].tolist() == [0, 0.5, 1, 0.5, 0]
    assert not layer.weight[0, 1].any()
    normalised = PacConvTranspose2d(2, 2, 5, 2, filler="linear", normalize_kernel=True)
    assert normalised.weight[1, 1, 2].tolist() == [0, 3, 9, 3, 0]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"kernel_size": 4}, "odd"),
        ({"kernel_size": (3, 2)}, "odd"),
        ({"groups": 3}, "groups"),
        ({"shared_filters": True, "out_channels": 6}, "in_channels = out_channels"),
        ({"shared_filters": True, "groups": 2}, "groups must be 1"),
        ({"filler": "pool"}, "shared_filters"),
        ({"filler": "linear"}, "transposed"),
        ({"filler": "random"}, "filler"),
        ({"kernel_type": "inv_1"}, "kernel_type"),
        ({"kernel_type": "inv_a_b"}, "kernel_type"),
        ({"smooth_kernel_type": "average_4"}, "smooth_kernel_type"),
        ({"padding_mode": "same"}, "padding_mode"),
        ({"padding": -1}, "padding"),
    ],
)
def test_convolution_refuses(arguments, word):
    with pytest.raises(ValueError, match=word):
        PacConv2d(**{"in_channels": 4, "out_channels": 4, "kernel_size": 3, **arguments})


def test_transposed_convolution_refuses():
    with pytest.raises(ValueError, match="output_padding"):
        PacConvTranspose2d(2, 2, 3, 2, output_padding=2)
    with pytest.raises(ValueError, match="2 \\* stride - 1"):
        PacConvTranspose2d(2, 2, 3, 3, filler="linear")
    with pytest.raises(ValueError, match="no input"):
        pac_kernel2d(torch.rand(1, 1, 6, 6), 3, 2, 1, transposed=True)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "either guidance or"),
        ({"guidance": torch.rand(1, 2, 5, 5), "kernel": torch.rand(1, 1, 3, 3, 5, 5)}, "either guidance or"),
        ({"guidance": torch.rand(1, 2, 4, 5)}, "guidance must have shape"),
        ({"guidance": torch.rand(3, 2, 5, 5)}, "guidance must have shape"),
        ({"guidance": torch.rand(1, 2, 5, 5), "mask": torch.ones(1, 2, 5, 5)}, "mask must have 1 channels"),
        ({"guidance": torch.rand(1, 2, 5, 5), "mask": torch.ones(1, 1, 4, 4)}, "mask must have the size"),
        ({"kernel": torch.rand(1, 1, 3, 3, 4, 4)}, "kernel must have shape"),
    ],
)
def test_forward_refuses(arguments, word):
    with pytest.raises(ValueError, match=word):
        PacConv2d(8, 2, 3, padding=1)(torch.rand(2, 8, 5, 5), **arguments)


def test_pool_refuses():
    with pytest.raises(ValueError, match="together"):
        PacPool2d(3, channel_wise=True)
    with pytest.raises(ValueError, match="2 channels"):
        PacPool2d(3, channel_wise=True, kernel_channels=2)(torch.rand(1, 3, 5, 5), torch.rand(1, 3, 5, 5))
    with pytest.raises(ValueError, match="reduction"):
        PacPool2d(3, reduction="max")
    with pytest.raises(ValueError, match="exceeds the padded map"):
        PacPool2d(5)(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4))


@pytest.mark.parametrize("factor", [2, 8])
def test_joint_upsampling_learns_from_map_and_guide(factor):
    net = PacJointUpsample2d(factor, channels=2, width=8, guidance_channels=4)
    assert len(net.stages) == factor.bit_length() - 1
    out = net(torch.rand(1, 2, 3, 4), torch.rand(1, 3, 3 * factor, 4 * factor))
    out.square().sum().backward()
    assert out.shape == (1, 2, 3 * factor, 4 * factor)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_joint_upsampling_follows_its_recipe():
    net = PacJointUpsample2d(2, width=8).double()
    x, guide = torch.rand(1, 1, 4, 4, dtype=torch.float64), torch.rand(1, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        for layer in net.guide:
            if isinstance(layer, nn.Conv2d):
                layer.weight.zero_()
    stage = net.stages[0]
    plain = F.conv_transpose2d(net.target(x), stage.weight, stage.bias, 2, 2, 1).relu()
    torch.testing.assert_close(net(x, guide), net.head(plain))


def test_joint_upsampling_refuses():
    for factor in (0, 1, 3, 6):
        with pytest.raises(ValueError, match="power of two"):
            PacJointUpsample2d(factor)
    with pytest.raises(ValueError, match="guide must have the size"):
        PacJointUpsample2d(2, width=8)(torch.rand(1, 1, 4, 4), torch.rand(1, 3, 9, 8))


def test_crf_filter_is_a_gaussian_of_a_quarter_of_its_side():
    filt = crf_filter((5, 5))
    assert (filt[2, 1] / filt[2, 0]).item() == pytest.approx(float(torch.tensor(3 / (2 * 1.25**2)).exp()))
    assert filt[2, 2] == 0
    centre = 25 - filt.sum()
    assert (filt[2, 1] / centre).item() == pytest.approx(float(torch.tensor(-1 / (2 * 1.25**2)).exp()))


def test_scratch_array_survives_inference_mode_and_threads():
    layer = PacConv2d(8, 8, 3, padding=1)
    x, f = torch.rand(2, 8, 20, 20), torch.rand(2, 2, 20, 20)
    with torch.inference_mode():
        first = layer(x, f)
    out = layer(x.requires_grad_(), f)
    out.sum().backward()
    torch.testing.assert_close(out.detach(), first.clone())
    with ThreadPoolExecutor(4) as pool:
        outs = list(pool.map(lambda _: layer(x, f), range(16)))
    assert all(torch.equal(o, out) for o in outs)
