"""Where surgery meets parameters in activations, hidden subsampling, and earlier surgery."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, surgery_table
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.surgery.layers import GuidedPacConv2d
from biasscope.nn import BlurPool2d
from tests.unit.models.families import build, deviation, picture


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def parametric():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3, 2, 1), nn.PReLU(6), nn.AdaptiveAvgPool2d(1))
    nn.init.uniform_(net[2].weight)
    return net.double().eval()


@pytest.mark.parametrize("operation", [antialias, polyphase, lambda net: circular(antialias(net))])
def test_state_dicts_fit_where_the_activation_has_parameters(operation):
    net = parametric()
    changed = operation(net)
    assert list(changed.state_dict()) == list(net.state_dict())
    assert [n for n, _ in changed.named_parameters()] == [n for n, _ in net.named_parameters()]
    changed.load_state_dict(net.state_dict(), strict=True)
    assert type(net[2]) is nn.PReLU


def test_blur_sits_behind_the_parametric_activation():
    net, x = parametric()[:3], picture(20, 21)
    dense = F.prelu(F.conv2d(net[0](x), net[1].weight, net[1].bias, padding=1), net[2].weight)
    torch.testing.assert_close(antialias(net, 3)(x), BlurPool2d(6, 3, 2).double()(dense))


def test_parametric_network_is_consistent_under_polyphase():
    net, x = polyphase(parametric()), picture(21, 16)
    assert deviation(net(x.roll((3, 5), (2, 3))), net(x)) < 1e-12


class Adaptive(nn.Module):
    def forward(self, x):
        return F.adaptive_max_pool2d(x, 3)


class Does(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


EVERY_OTHER = list(range(0, 224, 2))


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (Does(lambda x: F.unfold(x, 2, stride=2)), "cuts patches at stride 2 in its forward"),
        (Does(lambda x: F.unfold(x, kernel_size=3, padding=1, stride=(1, 2))), "cuts patches at stride (1, 2)"),
        (Does(lambda x: x.unfold(2, 3, 2)), "cuts patches at stride 2 in its forward"),
        (Does(lambda x: x[:, :, EVERY_OTHER]), "takes pixels with __getitem__"),
        (Does(lambda x: x[..., torch.tensor(EVERY_OTHER)]), "takes pixels with __getitem__"),
        (Does(lambda x: x.index_select(3, torch.tensor(EVERY_OTHER))), "takes pixels with index_select"),
        (Does(lambda x: x.as_strided((1, 4, 112, 112), (1, 1, 448, 2))), "takes pixels with as_strided"),
        (
            Does(lambda x: F.grid_sample(x, torch.zeros(1, 9, 9, 2), align_corners=False)),
            "takes pixels with grid_sample in its forward, (224, 224) to (9, 9)",
        ),
        (Does(lambda x: F.fractional_max_pool2d(x, 2, 100)), "takes pixels with fractional_max_pool2d"),
        (nn.AdaptiveAvgPool2d(7), "adaptive pool"),
        (nn.AdaptiveMaxPool2d((1, 5)), "adaptive pool"),
        (Adaptive(), "adaptive pool"),
        (nn.Upsample(scale_factor=0.5), "shrinks the map"),
        (nn.Unfold(2, stride=2), "cuts patches at stride"),
    ],
)
def test_subsampling_without_replacement_is_kept_with_its_reason_or_refused(inner, reason):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), inner)
    for operation in (antialias, circular):
        (kept,) = surgery_table(operation(net)).kept
        assert kept.name == "1"
        assert reason in kept.reason
        assert not surgery_table(operation(net, skip="1")).kept
    with pytest.raises(UsageError, match=f"1: .*{re.escape(reason)}"):
        polyphase(net)


def test_pixels_moved_into_channels_by_a_function_are_refused_as_by_the_module():
    for inner in (Does(lambda x: F.pixel_unshuffle(x, 2)), nn.PixelUnshuffle(2)):
        for operation in (antialias, circular, polyphase):
            with pytest.raises(UsageError, match="1: "):
                operation(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), inner))


@pytest.mark.parametrize(
    "inner",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d(224),
        nn.Upsample(scale_factor=2),
        Does(lambda x: F.unfold(x, 3, padding=1)),
        Does(lambda x: x.unfold(2, 3, 1)),
        Does(lambda x: x[:, [0, 2]]),
        Does(lambda x: x[:, :, 1:-1, 1:-1]),
        Does(lambda x: x.index_select(1, torch.tensor([0, 2]))),
    ],
)
def test_what_does_not_subsample_is_not_listed(inner):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), inner)
    assert not surgery_table(antialias(net)).kept
    assert not surgery_table(polyphase(net)).kept


def resnet():
    torch.manual_seed(0)
    return CifarResNet(8).double().eval()


def test_surgery_after_surgery():
    net, x = resnet(), picture(32, 32)
    names = surgery_table(antialias(net)).names
    after = antialias(pac(net))
    assert [row.name for row in surgery_table(after) if row.surgery == "antialias"] == names
    assert deviation(after(x), antialias(net)(x)) < 1e-5
    assert deviation(antialias(polyphase(net))(x), polyphase(net)(x)) == 0
    assert deviation(pac(polyphase(net))(x), polyphase(net)(x)) < 1e-5
    assert deviation(pac(pac(net))(x), net(x)) < 1e-5


def test_circular_after_pac_wraps_the_pixel_adaptive_layers_too():
    net, x = resnet(), picture(32, 32)
    wrapped = circular(pac(net, scale=0.3))
    assert deviation(wrapped(x.roll((4, 8), (2, 3))), wrapped(x)) < 1e-9
    assert deviation(wrapped(x), circular(net)(x)) > 1e-6
    assert surgery_table(circular(wrapped)).names == surgery_table(wrapped).names


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (antialias, polyphase, "a blur subsamples here already"),
        (pac, polyphase, "its guidance would not follow"),
        (lambda net: pac(net, layers="layer2.0.conv1"), antialias, "layer2.0.conv1: GuidedPacConv2d subsamples"),
    ],
)
def test_orders_that_cannot_work_are_refused_with_the_reason(first, second, message):
    with pytest.raises(UsageError, match=message):
        second(first(resnet()))


def test_adaptive_pool_that_shrinks_only_because_of_circular_padding_is_kept():
    (kept,) = {row for row in surgery_table(polyphase(build("alexnet"))).kept if row.surgery == "polyphase"}
    assert (kept.name, kept.reason) == ("avgpool", "an adaptive pool from (7, 7) to (6, 6) pixels has no fixed stride")


@pytest.mark.parametrize("operation", [antialias, circular, polyphase, pac])
@pytest.mark.parametrize("skip", ["typo", ["conv1", "layer9.*"], nn.LSTM])
def test_skipping_what_is_not_there_is_refused(operation, skip):
    with pytest.raises(UsageError, match="means no module"):
        operation(resnet(), skip=skip)


@pytest.mark.parametrize("options", [{"kernel": "x"}, {"kernel_type": "x"}, {"scale": float("inf")}, {"scale": 0}])
def test_pac_refuses_options_it_does_not_have_and_leaves_the_model(options):
    net = resnet()
    before = repr(net)
    with pytest.raises(UsageError):
        pac(net, inplace=True, **options)
    assert repr(net) == before


@pytest.mark.parametrize("options", [{}, {"layers": "layer3.0.conv2", "guidance": "layer1"}])
def test_guidance_by_name_is_used_and_let_go_after_the_pass(options):
    net, x = pac(resnet(), scale=0.5, **options), picture(32, 32)
    expected = net(x)
    assert torch.equal(net(x=x), expected)
    links = [m.link for m in net.modules() if isinstance(m, GuidedPacConv2d)]
    assert links
    assert all(link.value is None for link in links)
    net.linear.register_forward_pre_hook(_fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        net(x)
    assert all(link.value is None for link in links)


def _fail(*_):
    raise RuntimeError("in the middle")


def test_stem_is_replaced_only_when_asked_for():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1), nn.ReLU())
    asked = antialias(net, stem=True)
    assert surgery_table(asked).names == ["0", "2"]
    assert asked[0].stride == (1, 1)
    assert not surgery_table(asked).kept
    left = antialias(net)
    assert surgery_table(left).names == ["2"]
    assert left[0].stride == (2, 2)


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        (nn.Upsample(scale_factor=2, mode="bilinear"), True),
        (nn.UpsamplingBilinear2d(scale_factor=2), True),
        (Does(lambda x: F.interpolate(x, scale_factor=2, mode="bicubic")), True),
        (Does(lambda x: F.interpolate(x, (448, 448), None, "bilinear")), True),
        (nn.Upsample(scale_factor=2), False),
        (Does(lambda x: F.interpolate(x, scale_factor=2)), False),
        (Does(lambda x: F.interpolate(x, (224, 224), mode="bilinear")), False),
    ],
)
def test_circular_lists_enlargements_whose_edges_do_not_wrap(inner, kept):
    changed = circular(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), inner))
    assert [row.name for row in surgery_table(changed).kept] == ["1"] * kept
    assert not surgery_table(circular(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), inner), skip="1")).kept
    x = torch.rand(1, 3, 224, 224)
    out = changed(x)
    factor = out.shape[-1] // 224
    assert (deviation(changed(x.roll(3, 3)), out.roll(3 * factor, 3)) > 1e-4) == kept
