"""What surgery refuses, by name, and leaves as it was."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, load_model, pac, polyphase, same_padding, surgery_table
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
        return F.conv2d(F.pad(x, (1, 0, 1, 0)), self.weight - self.weight.mean(), self.bias, self.stride)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (Sliced(), "1: Sliced slices with a step"),
        (FunctionalPool(), "1: functions in its forward have to become modules, which is not done in place"),
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


class Volume(nn.Module):
    """A map as one volume, as lambda layers convolve it."""

    def __init__(self, stride=1):
        super().__init__()
        self.conv = nn.Conv3d(1, 2, 3, stride, 1)

    def forward(self, x):
        return self.conv(x.unsqueeze(1)).flatten(1, 2)


def test_a_convolution_of_volumes_is_refused_where_it_strides_or_should_wrap_around():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Volume(), nn.Conv2d(8, 4, 3, 2, 1), nn.ReLU())
    for operation in (antialias, lambda model: polyphase(model, circular=False)):
        assert surgery_table(operation(net)).names == ["2"]
    with pytest.raises(UsageError, match=r"1\.conv: Conv3d has no circular form"):
        circular(net)
    with pytest.raises(UsageError, match=r"1\.conv: Conv3d has no replacement"):
        antialias(nn.Sequential(nn.Conv2d(3, 4, 3), Volume(2)))


class Meeting(nn.Module):
    """Two branches that meet."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x):
        return self.first(x) + self.second(x)


@pytest.mark.parametrize("first", [nn.AvgPool2d(2), nn.MaxPool2d(2), nn.Conv2d(4, 4, 2, 2), nn.Conv2d(4, 4, 4, 2, 1)])
def test_branches_whose_maps_differ_in_size_at_stride_one_cannot_share_a_phase(first):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Meeting(first, nn.Conv2d(4, 4, 1, 2, 0)))
    x = torch.rand(4, 3, 32, 32)
    with pytest.raises(UsageError, match=r"1.second: its map has 32 x 32 pixels .* 1.first, which has 31 x 31"):
        polyphase(net, circular=False, example=(3, 32, 32))
    for sampled in (polyphase(net), polyphase(net, circular=False, uneven="pad", example=(3, 32, 32))):
        assert sampled(x).shape == net(x).shape


class PaddedConvolution(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight - self.weight.mean(), self.bias, padding=1)


class Attending(nn.Module):
    """Windows of one pixel and of the whole map have no edges to wrap around."""

    def forward(self, x):
        return F.avg_pool2d(F.conv2d(x, torch.eye(3)[..., None, None]), x.shape[-2:])


@pytest.mark.parametrize("form", [circular, polyphase])
def test_convolutions_called_as_functions_do_not_wrap_around_and_are_refused(form):
    with pytest.raises(
        UsageError, match="1: PaddedConvolution calls conv2d in its forward, whose windows cannot be made"
    ):
        form(nn.Sequential(nn.Conv2d(3, 3, 3), PaddedConvolution(3, 3, 3)))
    form(nn.Sequential(nn.Conv2d(3, 3, 3), Attending()))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("operation", [antialias, circular, pac, polyphase, same_padding])
@pytest.mark.parametrize("given", ["torchvision:resnet18", load_model(nn.Conv2d(3, 4, 3, 2))], ids=["name", "loaded"])
def test_what_is_no_module_is_refused(operation, inplace, given):
    with pytest.raises(UsageError, match=r"not on a (str|LoadedModel)\. Give the module of a loaded model"):
        operation(given, inplace=inplace)


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("operation", [circular, polyphase])
def test_a_head_that_reads_the_size_that_edges_leave_is_refused(operation, inplace):
    head = [nn.Flatten(), nn.Linear(4 * 5 * 5, 3)]
    net = nn.Sequential(nn.Conv2d(3, 4, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5), nn.MaxPool2d(2), *head)
    before = repr(net)
    with pytest.raises(UsageError, match=r"wrapped around, maps keep the size .* pass of Sequential cannot"):
        operation(net, example=(3, 32, 32), inplace=inplace)
    assert repr(net) == before
    changed = operation(net, skip=["0", "3"], example=(3, 32, 32), inplace=inplace)
    assert changed(torch.rand(1, 3, 32, 32)).shape == (1, 3)


class OfEight(nn.Module):
    """Eight pictures after one another are one film, whose maps are moved in time."""

    def forward(self, x):
        return x.unflatten(0, (-1, 8)).roll(1, 1).flatten(0, 1)


@pytest.mark.parametrize("operation", [circular, polyphase])
def test_a_model_that_reads_so_many_pictures_at_a_time_is_tried_on_as_many(operation):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), OfEight(), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1))
    changed = operation(net, example=torch.empty(8, 3, 32, 32))
    assert changed(torch.rand(16, 3, 32, 32)).shape == (16, 4, 1, 1)
