"""Receptive fields, position grids and tails against known figures and against gradients."""

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from biasscope.core.errors import UsageError
from biasscope.models import antialias, polyphase
from biasscope.nn import PolyphaseSampling2d
from biasscope.trace import structure
from biasscope.trace.layer import Place
from biasscope.trace.structure import Window, position_grid, receptive_field
from biasscope.trace.structure.impulse import seen_pixels
from tests.unit.models.families import build
from tests.unit.trace.nets import hooks, seeded


def torchvision_net(name, **options):
    return seeded(lambda: torchvision.models.get_model(name, weights=None, num_classes=4, **options))


@pytest.mark.parametrize(
    ("name", "layers", "field", "stride"),
    [("resnet18", "layer4", 435, 32), ("mobilenet_v2", "features.18", 491, 32)],
)
def test_published_receptive_fields(name, layers, field, stride):
    found = structure(torchvision_net(name), 64, layers=layers)
    assert found.layers[-1].receptive_field == (field, field)
    assert found.layers[-1].stride == (stride, stride)
    assert found.layers[-1].method == "graph"
    assert found.tail.kind == "pooling"
    assert found.tail.swap_error == 0
    assert found.invariant_share == 1 / stride**2


@pytest.mark.parametrize("operation", [nn.Identity(), antialias, polyphase], ids=["plain", "antialias", "polyphase"])
def test_fields_of_parametrised_convolutions_are_those_of_plain_ones(operation):
    def net():
        return nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1), nn.AdaptiveAvgPool2d(1))

    own = net()
    weight_norm(own[2])
    one, two = (structure(operation(made), (1, 32, 32)) for made in (own, net()))
    assert one.layers == two.layers
    assert one.layers[2].method == "graph"


def test_vgg16_flattens_its_seven_by_seven_map():
    net = torchvision_net("vgg16")
    net.classifier = nn.Linear(512 * 49, 4)
    found = structure(net, 224, layers=["features.30", "features.4"])
    assert found["features.30"].receptive_field == (212, 212)
    assert found["features.4"].receptive_field == (6, 6)
    assert found.stride_product == 32
    assert (found.last.height, found.tail.kind) == (7, "flatten")
    assert found.tail.swap_error > 0.01
    assert "the classifier tells positions apart" in found.statement


@pytest.mark.parametrize(
    ("name", "layers"), [("resnet18", ["layer2.0", "layer1"]), ("mobilenet_v2", ["features.3", "features.5"])]
)
def test_the_graph_and_gradients_agree(name, layers):
    net = torchvision_net(name)
    known = structure(net, 96, layers=layers)
    for layer in known.layers:
        seen = seen_pixels(net, torch.zeros(1, 3, 96, 96), Place(layer.name))
        assert layer.method == "graph"
        rows, columns = torch.nonzero(seen.any(1)).flatten(), torch.nonzero(seen.any(0)).flatten()
        assert (len(rows), len(columns)) == layer.receptive_field
        assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == layer.receptive_field
        centre = float(rows[0] + rows[-1]) / 2  # of the position in the middle of the map
        assert centre == layer.offset[0] + layer.stride[0] * (layer.height // 2)


def test_vgg_by_gradients():
    net = torchvision_net("vgg11")
    net.classifier = nn.Linear(512 * 49, 4)
    known = structure(net, 64, layers=["features.2", "features.10"])
    for layer in known.layers:
        seen = seen_pixels(net, torch.zeros(1, 3, 64, 64), Place(layer.name))
        assert int(seen.any(1).sum()) == layer.receptive_field[0]


@pytest.mark.parametrize(("dilations", "share"), [((2, 2, 2), 7 / 13), ((1, 2, 3), 1), ((1, 2, 4), 1)])
def test_gridding_of_dilated_stacks(dilations, share):
    net = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=d, dilation=d) for d in dilations))
    layer = structure(net, 40, layers="2").layers[0]
    assert layer.gridding == pytest.approx(1 - share**2)
    assert layer.seen == pytest.approx(share**2)
    assert layer.receptive_field == (1 + 2 * sum(dilations),) * 2
    assert layer.offset == (0, 0)
    field = receptive_field([Window(3, 1, d, d, d) for d in dilations])
    sums = {sum(j * d for j, d in zip(js, dilations, strict=True)) for js in torch.cartesian_prod(
        *[torch.tensor([-1, 0, 1])] * 3).tolist()}  # fmt: skip
    assert 1 - field.gridding == pytest.approx(share)
    assert len(sums) / field.size == share
    seen = seen_pixels(net, torch.zeros(1, 1, 40, 40), Place("2"))
    assert int(seen.any(0).sum()) == len(sums)


def test_position_grids_are_those_of_the_network():
    windows = [Window(7), Window(2, 2)] * 4
    net = nn.Sequential(*(layer for _ in range(4) for layer in (nn.Conv2d(1, 1, 7), nn.MaxPool2d(2))))
    found = structure(net, 300)
    assert position_grid(300, windows) == found.last.height == 13
    assert found.size_ratio == pytest.approx(23.08, abs=0.01)
    assert found.stride_product == 16
    assert position_grid(3, windows) == 0
    assert position_grid(6, [Window(3, 2)], ceil_mode=True) == 3


def test_both_subsampling_factors_differ():
    convolutions = [nn.Conv2d(1 if n == 0 else 2, 2, 3, 2) for n in range(5)]
    found = structure(nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)), 299)
    assert found.stride_product == 32
    assert found.size_ratio == pytest.approx(299 / 8)
    assert (found.tail.layer, found.tail.kind, found.tail.swap_error) == ("4", "pooling", 0)


@pytest.mark.parametrize("name", ["densenet", "mobilenet_v3_small", "shufflenet_v2_x0_5", "convnext"])
def test_families_are_known_along_the_graph(name):
    net = torchvision_net(name) if name.startswith("shufflenet") else build(name)
    found = structure(net, 64, gradients=False)
    maps = [layer for layer in found.layers if layer.stride is not None and max(layer.height, layer.width) > 1]
    assert all(layer.method == "graph" for layer in maps)
    assert found.tail.swap_error == pytest.approx(0, abs=1e-12)
    sizes = [layer.receptive_field[0] for layer in maps]
    assert max(sizes) == sizes[-1]


def test_blur_widens_the_field_and_keeps_the_stride():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3, 2, 1))
    before, after = structure(net, 32), structure(antialias(net, 3, example=(1, 32, 32)), 32)
    assert before.last.receptive_field == (8, 8)
    assert after.last.receptive_field == (14, 14)  # 2 more by the first blur, and 2 positions of 2 pixels by the second
    assert after.last.method == "graph"
    assert before.stride_product == after.stride_product == 4


def test_unknown_operations_fall_back_on_gradients():
    class Own(nn.Module):
        def forward(self, x):
            return x + torch.roll(x, (2, 0), (2, 3))

    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), Own())
    layer = structure(net, 20, layers="1").layers[0]
    assert (layer.method, layer.receptive_field) == ("gradient", (5, 3))
    assert structure(net, 20, layers="1", gradients=False).layers[0].receptive_field is None


def test_behind_a_global_pool_there_is_no_stride():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 2, 1))
    found = structure(net, 20)
    assert [layer.stride for layer in found.layers] == [(2, 2), None, None]
    assert found.layers[-1].invariant_share is None
    assert found.last.name == "0"


def test_frame_and_refusals():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.ReLU()).train()
    found = structure(net, (16, 24), label="toy")
    assert {"model", "layer", "height", "width", "stride_y", "stride_x", "offset_y", "ratio_x", "receptive_field_y",
            "gridding", "invariant_share"} <= set(found.frame().columns)  # fmt: skip
    assert found.size == (16, 24)
    assert net.training
    assert hooks(net) == 0
    with pytest.raises(UsageError, match="not known"):
        structure(net)
    with pytest.raises(UsageError, match="fails on a picture"):
        structure(net, (3, 16, 16))


def circular(incoming, stride=1, outgoing=4):
    return nn.Conv2d(incoming, outgoing, 3, stride, 1, padding_mode="circular")


def test_polyphase_layers_choose_the_phase_by_the_content():
    torch.manual_seed(0)
    net = nn.Sequential(
        circular(1), nn.ReLU(), PolyphaseSampling2d(2), circular(4), nn.ReLU(), PolyphaseSampling2d(2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
    )  # fmt: skip
    found = structure(net, (1, 16, 16))
    assert (found.phase, found.invariant_share, found.stride_product) == ("content", 1.0, 4)
    assert found["5"].invariant_share == 1.0
    assert "under every circular shift" in found.statement
    assert structure(net, (1, 18, 18)).exact  # windows wrap around where the stride does not divide the side
    net[5] = PolyphaseSampling2d(2, uneven="pad")
    odd = structure(net, (1, 18, 18))
    assert odd.invariant_share == 1 / 16
    assert "18 x 18 pixels are no multiple of 4" in odd.statement
    net[0] = nn.Conv2d(1, 4, 3, 1, 1)
    padded = structure(net, (1, 16, 16))
    assert padded.circular_error > 1e-4
    assert "padding that is not circular" in padded.statement
    net[2] = nn.MaxPool2d(2)
    assert structure(net, (1, 16, 16)).phase == "fixed"


def test_upsampling_brings_no_phase_back():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 4, 2, 1), nn.ConvTranspose2d(2, 2, 2, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(2, 2),
    )  # fmt: skip
    found = structure(net, (1, 16, 16))
    assert (found.last.stride, found.stride_product, found.invariant_share) == ((1, 1), 2, 0.25)
    assert found.last.invariant_share == 0.25
    assert "product of strides 2, size ratio 1.0" in found.statement
    assert "at 1 in 4 translations (25 %)" in found.statement


class Pooled(nn.Module):
    def __init__(self, flat):
        super().__init__()
        self.conv, self.head, self.flat = circular(1), nn.Linear(4 * 64 if flat else 4, 3), flat

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.conv(x)), 2)
        return self.head(x.flatten(1) if self.flat else x.mean((2, 3)))


@pytest.mark.parametrize(("flat", "kind"), [(False, "pooling"), (True, "flatten")])
def test_functions_that_pool_are_told_by_the_swap_test(flat, kind):
    found = structure(seeded(lambda: Pooled(flat)), (1, 16, 16))
    assert (found.tail.kind, found.tail.layer) == (kind, ":max_pool2d")
    assert (found.stride_product, found.last.height) == (2, 8)
    assert any(":max_pool2d (by 2)" in note for note in found.notes)
    assert ("the classifier tells positions apart" in found.statement) == flat


def test_an_adaptive_pool_that_enlarges_is_not_divided_out():
    net = torchvision_net("vgg11")
    found = structure(net, 64, gradients=False, layers="features.20")
    assert found.stride_product == 32
    assert "product of strides 32" in found.statement


def test_sides_that_are_no_multiple_are_said():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    assert "no multiple" not in structure(net, (1, 16, 32)).statement
    assert "at no circular shift: 16 x 30 pixels are no multiple of 4" in structure(net, (1, 16, 30)).statement
