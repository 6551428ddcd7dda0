"""Tensors with four axes that are no maps of positions are told apart: attention, windows, tokens."""

import pytest
import torch
from torch import nn

from biasscope.trace import trace
from biasscope.trace.maps import CHANNELS_FIRST, CHANNELS_LAST, Maps
from biasscope.trace.structure import layer_strides
from tests.unit.trace.nets import conv, pictures, seeded

GIVEN = {"measures": ["sum_variation"], "batch": 16}


class Attention(nn.Module):
    """Attention between all positions, as vision transformers have it."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads, self.qkv, self.softmax = heads, nn.Linear(channels, 3 * channels), nn.Softmax(-1)

    def forward(self, x):
        tokens = x.flatten(2).mT
        q, k, v = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        made = torch.matmul(self.softmax(q @ k.mT), v).transpose(1, 2).flatten(2)
        return made.mT.unflatten(2, x.shape[2:])


@pytest.mark.parametrize(
    ("shape", "after", "axes"),
    [
        ((2, 8, 16, 16), (1, 8, 64, 64), CHANNELS_FIRST),
        ((2, 16, 16, 8), (1, 64, 64, 8), CHANNELS_LAST),
        ((2, 8, 1, 1), (1, 8, 7, 7), CHANNELS_FIRST),
        ((2, 8, 1, 1), (1, 8, 1, 1), CHANNELS_FIRST),
        ((2, 8, 128, 128), (1, 8, 512, 512), CHANNELS_FIRST),
        ((2, 3, 257, 32), (1, 3, 4097, 32), None),  # heads x tokens x channels
        ((2, 257, 3, 32), (1, 4097, 3, 32), None),
        ((2, 3, 256, 256), (1, 3, 4096, 4096), None),  # tokens x tokens
        ((2, 7, 2, 7), (14, 7, 14, 7), None),  # windows
        ((2, 4, 49, 49), (9, 4, 49, 49), None),
        ((3, 4, 16, 16), (1, 4, 64, 64), None),
        ((2, 8, 16), (1, 8, 64), None),
    ],
)
def test_maps_grow_with_the_picture(shape, after, axes):
    assert Maps((64, 64)).axes(shape, after, "reshape", module=False) == axes


@pytest.mark.parametrize("functional", [False, True])
def test_attention_between_convolutions_is_skipped_with_a_note(functional):
    net = seeded(lambda: nn.Sequential(conv(1, 6), nn.MaxPool2d(2), Attention(6, 2), conv(6, 8)))
    found = trace(net, pictures(2), 3, functional=functional, layers="*" if functional else None, **GIVEN)
    assert all((layer.height, layer.width) in ((16, 16), (8, 8)) for layer in found.layers)
    assert {"0", "1", "3"} <= {layer.name for layer in found.layers}
    assert not any("softmax" in layer.name or "matmul" in layer.name for layer in found.layers)
    assert any("are no maps of positions" in note and "2.softmax" in note for note in found.notes)
    assert any("2.qkv" in note for note in found.notes)
    assert any("is not seen" in note for note in found.notes) != functional


@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_vision_transformer_has_maps_at_its_first_layer_only(functional):
    timm = pytest.importorskip("timm")
    net = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=1)
    found = trace(net, torch.rand(1, 3, 64, 64), 2, functional=functional, **GIVEN)
    assert [layer.name for layer in found.layers] == ["patch_embed.proj"]
    assert any("give tokens" in note for note in found.notes)
    assert any("tensors of attention" in note for note in found.notes)


@pytest.mark.parametrize("functional", [False, True])
def test_windows_of_a_shifted_window_transformer_are_no_maps(functional):
    from torchvision.models.swin_transformer import SwinTransformer

    net = SwinTransformer([4, 4], 8, [1, 2], [2, 2], [4, 4])
    found = trace(net, torch.rand(1, 3, 64, 64), 2, functional=functional, **GIVEN)
    assert {(layer.height, layer.width) for layer in found.layers} <= {(16, 16), (8, 8), (1, 1)}
    assert {layer.stride[0] for layer in found.layers if layer.stride} == {4, 8}
    assert {layer.channels for layer in found.layers if layer.name == "features.1.0.mlp.0"} == {32}
    assert any("tensors of attention" in note for note in found.notes) == functional


def test_networks_of_one_size_keep_their_maps_with_channels_last():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.attention = nn.Conv2d(1, 6, 4, 4), nn.LayerNorm(6), Attention(6, 2)
            self.pool = nn.MaxPool2d(2)

        def forward(self, x):
            assert x.shape[2:] == (32, 32)
            y = self.norm(self.conv(x).permute(0, 2, 3, 1))
            return self.pool(self.attention(y.permute(0, 3, 1, 2)))

    strides = layer_strides(seeded(Fixed), torch.zeros(1, 1, 32, 32))
    assert {name: stride.product for name, stride in strides.items()} == {
        "": (8, 8), "conv": (4, 4), "norm": (4, 4), "attention": (4, 4), "pool": (8, 8),
    }  # fmt: skip
    assert strides["norm"].axes == CHANNELS_LAST
