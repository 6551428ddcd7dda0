"""Where surgery cuts."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, polyphase, surgery_table
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.nn import BlurPool2d, MaxBlurPool2d
from tests.unit.models.families import deviation, picture
from tests.unit.models.surgery_nets import blurs, resnet18

pytestmark = pytest.mark.usefixtures("no_gradients")

RESNET18 = {
    "maxpool": "max pool",
    **{
        f"layer{i}.0.{conv}": kind
        for i in (2, 3, 4)
        for conv, kind in (("conv1", "convolution"), ("downsample.0", "shortcut"))
    },
}
MOBILENET_V2 = {f"features.{i}.conv.1.0": "depthwise convolution" for i in (2, 4, 7, 14)}


@pytest.mark.parametrize(("name", "expected"), [("resnet18", RESNET18), ("mobilenet_v2", MOBILENET_V2)])
def test_exactly_the_strided_positions_of_the_table_are_replaced(name, expected):
    model = torchvision.models.get_model(name, weights=None)
    changed = antialias(model)
    table = surgery_table(changed)
    assert {row.name: row.kind for row in table} == expected
    assert [row.name for row in table.kept] == ["conv1" if name == "resnet18" else "features.0.0"]
    assert len(blurs(changed)) == len(expected)
    strided = {
        n for n, m in model.named_modules() if isinstance(m, (nn.Conv2d, nn.MaxPool2d)) and max(_pair(m.stride)) > 1
    }
    left = {
        n for n, m in changed.named_modules() if isinstance(m, (nn.Conv2d, nn.MaxPool2d)) and max(_pair(m.stride)) > 1
    }
    assert strided - left == set(expected)
    assert left == {row.name for row in table.kept}


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


def test_residual_block_against_its_formula():
    net = resnet18()
    block, changed = net.layer2[0].double(), antialias(net).layer2[0].double()
    x = picture(9, 10, channels=64)
    blur = BlurPool2d(128, 4, 2).double()
    conv = block.conv1
    main = F.relu(block.bn1(F.conv2d(x, conv.weight, padding=1)))
    main = block.bn2(F.conv2d(blur(main), block.conv2.weight, padding=1))
    short = block.downsample[1](F.conv2d(BlurPool2d(64, 4, 2).double()(x), block.downsample[0].weight))
    torch.testing.assert_close(changed(x), F.relu(main + short), rtol=1e-12, atol=1e-12)


def test_activation_module_that_runs_once_is_followed_by_the_blur():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 4, 3, 2), nn.BatchNorm2d(4), nn.SiLU()).double().eval()
    x = picture(20, 21, channels=1)
    expected = BlurPool2d(4, 5, 2).double()(F.silu(net[2](F.conv2d(net[0](x), net[1].weight, net[1].bias))))
    torch.testing.assert_close(antialias(net, 5)(x), expected, rtol=1e-12, atol=1e-12)


def test_max_pool_becomes_dense_maximum_and_blur():
    net = nn.Sequential(nn.MaxPool2d(3, 2, 1)).double()
    x = picture(11, 8)
    expected = BlurPool2d(3, 3, 2).double()(F.max_pool2d(x, 3, 1, 1))
    torch.testing.assert_close(antialias(net, 3)(x), expected)


@pytest.mark.parametrize(
    ("pool", "dense"), [(nn.AvgPool2d(2), None), (nn.AvgPool2d(5, 2, 1), 5), (nn.AvgPool2d(3, 2), 3)]
)
def test_average_pool_becomes_a_blur_or_dense_average_and_blur(pool, dense):
    x = picture(13, 12)
    expected = x if dense is None else F.avg_pool2d(x, dense, 1, pool.padding)
    expected = BlurPool2d(3, 4, 2).double()(expected)
    changed = antialias(nn.Sequential(pool).double())(x)
    torch.testing.assert_close(changed, expected[..., : changed.shape[-2], : changed.shape[-1]])
    assert changed.shape == pool(x).shape


def test_slicing_shortcut_is_blurred():
    net = CifarResNet(8).double().eval()
    shortcut = antialias(net).layer2[0].shortcut
    x = picture(8, 8, channels=16)
    torch.testing.assert_close(shortcut(x)[:, 8:24], BlurPool2d(16, 4, 2).double()(x))
    assert float(shortcut(x)[:, :8].abs().max()) == 0


def test_one_pool_used_on_two_widths():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.pool = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3), nn.MaxPool2d(2)

        def forward(self, x):
            return self.pool(self.b(self.pool(self.a(x))))

    net, x = Net().double(), picture(22, 22)
    assert deviation(antialias(net, 1)(x), net(x)) < 1e-13
    assert {m.channels for m in blurs(antialias(net))} == {4, 6}


def test_nothing_to_replace_leaves_the_model_equal():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    for changed in (antialias(net), polyphase(net, circular=False)):
        assert repr(changed) == repr(net)
        assert str(surgery_table(changed)) == "nothing was replaced"
        assert torch.equal(changed(torch.ones(1, 3, 8, 8)), net(torch.ones(1, 3, 8, 8)))


def test_vision_transformer_has_nothing_but_its_stem():
    net = torchvision.models.VisionTransformer(32, 16, 1, 1, 8, 8)
    assert surgery_table(antialias(net, example=(3, 32, 32))).names == []


def test_layers_by_name_pattern_and_type_and_skip():
    net = resnet18()
    assert surgery_table(antialias(net, layers="maxpool")).names == ["maxpool"]
    assert surgery_table(antialias(net, layers=nn.MaxPool2d)).names == ["maxpool"]
    assert surgery_table(antialias(net, layers=["conv1", "layer4.*"])).names == [
        "conv1",
        "layer4.0.conv1",
        "layer4.0.downsample.0",
    ]
    assert surgery_table(antialias(net, skip=["layer2", "layer3"])).names == [
        n for n in RESNET18 if "2" not in n[:6] and "3" not in n[:6]
    ]
    with pytest.raises(UsageError, match="'fc' is not a module that subsamples"):
        antialias(net, layers="fc")


def test_table_is_readable():
    text = str(surgery_table(antialias(resnet18())))
    assert "layer2.0.conv1" in text
    assert "in front of layer2.0.conv2" in text
    assert "kept: conv1 (convolution): reads the picture, and stem=False" in text
    assert surgery_table(antialias(resnet18())).rows()[0]["kind"] == "max pool"


def test_max_blur_keeps_the_models_type_and_place():
    net = antialias(resnet18().double())
    assert isinstance(net.maxpool, MaxBlurPool2d)
    assert {blur.kernel.dtype for blur in blurs(net)} == {torch.float64}
    assert not net.maxpool.training
