"""What surgery refuses, by name, and leaves as it was."""

import pytest
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, surgery_table
from tests.unit.models.surgery_nets import resnet18

pytestmark = pytest.mark.usefixtures("no_gradients")


class Sliced(nn.Module):
    def forward(self, x):
        return x[:, :, ::2, ::2]


class FunctionalPool(nn.Module):
    def forward(self, x):
        return F.max_pool2d(x, 2)


class Standardised(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight - self.weight.mean(), self.bias, self.stride)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (Sliced(), "1: Sliced slices with a step"),
        (FunctionalPool(), "1: FunctionalPool calls max_pool2d"),
        (nn.LPPool2d(2, 2), "1: LPPool2d has no replacement"),
        (Standardised(3, 3, 3, 2), "1: Standardised calls conv2d with a stride"),
        (nn.MaxPool2d(2, return_indices=True), "cannot be followed|returns indices"),
    ],
)
def test_what_cannot_be_replaced_is_refused_by_name_and_the_model_left(inner, message):
    net = nn.Sequential(nn.Conv2d(3, 3, 3), inner, nn.Conv2d(3, 3, 3, 2), nn.ReLU())
    before = repr(net)
    with pytest.raises(UsageError, match=message):
        antialias(net, inplace=True)
    assert repr(net) == before


def test_skipping_what_cannot_be_replaced():
    net = nn.Sequential(nn.Conv2d(3, 3, 3), Sliced(), nn.MaxPool2d(2))
    assert surgery_table(antialias(net, skip=["1"])).names == ["2"]


def test_branches_of_different_stride_are_refused_by_polyphase():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.once = nn.Conv2d(3, 3, 3, 4, 1)
            self.twice = nn.Sequential(nn.Conv2d(3, 3, 3, 2, 1), nn.Conv2d(3, 3, 3, 2, 1))

        def forward(self, x):
            return self.once(x) + self.twice(x)

    with pytest.raises(UsageError, match="meets"):
        polyphase(Net())


def test_functional_padding_is_refused_by_circular():
    class Padded(nn.Module):
        def forward(self, x):
            return F.pad(x, (1, 1, 1, 1))

    with pytest.raises(UsageError, match="1: Padded pads"):
        circular(nn.Sequential(nn.Conv2d(3, 3, 3), Padded()))


def test_model_that_cannot_be_followed_says_what_to_do():
    with pytest.raises(UsageError, match="example="):
        antialias(nn.Sequential(nn.Flatten(), nn.Linear(7, 2)))
    assert (
        len(surgery_table(antialias(nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 2)), example=(2, 4, 4))))
        == 1
    )


def test_guidance_behind_the_layer_is_refused():
    net = resnet18()
    with pytest.raises(UsageError, match=r"layer2.0.conv1: its guidance 'layer4' is made behind"):
        pac(net, layers=["layer2.0.conv1"], guidance="layer4")
    with pytest.raises(UsageError, match="not a module that runs"):
        pac(net, guidance="nothing")
    with pytest.raises(UsageError, match="no convolution is meant"):
        pac(net, layers=["fc"])
    with pytest.raises(UsageError, match="not a map"):
        pac(net, layers=["layer1.0.conv1"], guidance="fc")
