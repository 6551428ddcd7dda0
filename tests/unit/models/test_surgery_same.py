"""TensorFlow's SAME padding."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, same_padding
from tests.unit.models.families import build, deviation, picture

pytestmark = pytest.mark.usefixtures("no_gradients")


@pytest.mark.parametrize("side", range(5, 12))
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 2, 1), (5, 2, 1), (2, 2, 1), (3, 3, 1), (3, 2, 2), (7, 4, 1)]
)
def test_same_padding_against_tensorflow_rule(side, kernel, stride, dilation):
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 1, kernel, stride, kernel // 2, dilation).double()
    x = picture(side, side, channels=1)
    outputs = -(-side // stride)
    total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - side, 0)
    front, behind = total // 2, total - total // 2
    expected = F.conv2d(F.pad(x, (front, behind, front, behind)), conv.weight, conv.bias, stride, 0, dilation)
    changed = same_padding(nn.Sequential(conv))
    torch.testing.assert_close(changed(x), expected)
    assert changed(x).shape[-1] == outputs


def test_timm_networks_with_same_padding_become_known():
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    net, x = timm.create_model("tf_mobilenetv3_small_minimal_100", num_classes=10).double().eval(), picture(65, 64)
    with pytest.raises(UsageError, match="Apply same_padding first"):
        antialias(net)
    known = same_padding(net)
    assert deviation(known(x), net(x)) < 1e-12
    assert deviation(antialias(known, 1, stem=True)(x), net(x)) < 1e-12


def test_one_tap_keeps_same_padding():
    net = same_padding(build("mobilenet_v1"))
    for x in (picture(), picture(65, 63)):
        assert deviation(antialias(net, 1, stem=True)(x), net(x)) < 1e-12
