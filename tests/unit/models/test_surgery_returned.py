"""Maps that a model returns are readers like any other: they keep their size."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from biasscope.core.errors import UsageError
from biasscope.models import antialias, pac, polyphase
from tests.unit.models.surgery_nets import resnet18

pytestmark = pytest.mark.usefixtures("no_gradients")


class Returns(nn.Module):
    """A strided convolution whose map, or activation, is returned beside the map of the next one."""

    def __init__(self, what, activation):
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)
        self.what, self.activation = what, activation

    def forward(self, x):
        plain = self.second(self.activation(self.first(x)))
        active = self.activation(plain)
        return {"early": plain if self.what == "plain" else active, "late": self.third(active)}


@pytest.mark.parametrize("operation", [lambda net: antialias(net, 1), pac])
def test_a_convolution_that_is_returned_keeps_its_size(operation):
    net, x = Returns("plain", F.relu).eval(), torch.rand(1, 3, 21, 20)
    got, expected = operation(net)(x), net(x)
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, msg=name)


@pytest.mark.parametrize("activation", [F.relu, nn.ReLU()])
def test_an_activation_that_is_returned_gets_a_module_and_keeps_its_size(activation):
    net, x = Returns("active", activation).eval(), torch.rand(1, 3, 21, 20)
    same, blurred, sampled, expected = antialias(net, 1)(x), antialias(net)(x), polyphase(net)(x), net(x)
    for name, value in expected.items():
        torch.testing.assert_close(same[name], value, msg=name)
        assert blurred[name].shape == value.shape
    assert sampled["early"].shape == (1, 4, 11, 10)


@pytest.mark.parametrize("operation", [antialias, polyphase])
def test_an_activation_that_is_returned_and_cannot_get_a_module_is_refused(operation):
    net = Returns("active", nn.ReLU())
    net.forward = net.forward
    with pytest.raises(UsageError, match=r"second: the model returns its activation \(ReLU in"):
        operation(net)


def test_last_levels_of_a_feature_pyramid_keep_their_sizes():
    class Pyramid(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.levels = nn.Conv2d(3, 8, 3, padding=1), LastLevelP6P7(8, 8)

        def forward(self, x):
            c5 = self.stem(x)
            return self.levels([c5], [c5], ["p5"])[0]

    net, x = Pyramid().eval(), torch.rand(1, 3, 16, 24)
    assert [p.shape for p in antialias(net)(x)] == [p.shape for p in net(x)]


def test_a_feature_extractor_keeps_its_mode_and_its_maps():
    net, x = create_feature_extractor(resnet18(), ["layer2", "layer4"]), torch.rand(2, 3, 64, 64)
    same = antialias(net, 1)
    assert not any(module.training for module in same.modules())
    for name, value in net(x).items():
        torch.testing.assert_close(same(x)[name], value)
    with pytest.raises(UsageError, match=r"layer2.0.conv1: the model returns"):
        antialias(create_feature_extractor(resnet18(), ["layer2.0.relu", "layer4"]))
