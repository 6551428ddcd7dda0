"""Where surgery cuts, what it refuses, and that what it leaves behind is an ordinary module."""

import copy
import io
import pickle

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, same_padding, surgery_table
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.nn import BlurPool2d, MaxBlurPool2d
from tests.unit.models.families import build, deviation, picture

RESNET18 = {
    "maxpool": "max pool",
    **{
        f"layer{i}.0.{conv}": kind
        for i in (2, 3, 4)
        for conv, kind in (("conv1", "convolution"), ("downsample.0", "shortcut"))
    },
}
MOBILENET_V2 = {f"features.{i}.conv.1.0": "depthwise convolution" for i in (2, 4, 7, 14)}


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def resnet18():
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=10).eval()


def blurs(model):
    return [m for m in model.modules() if isinstance(m, BlurPool2d)]


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


def test_inplace_changes_the_model_itself():
    for operation in (antialias, circular, polyphase, pac, same_padding):
        net, other = resnet18(), resnet18()
        assert operation(net, inplace=True) is net
        x = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(net(x), operation(other)(x))
        assert surgery_table(net).names == surgery_table(operation(other)).names


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


SURVIVORS = {
    "antialias": antialias,
    "circular": circular,
    "polyphase": polyphase,
    "pac": pac,
    "pac guided by a layer": lambda net: pac(net, layers=["layer3.0.conv2"], guidance="layer1"),
    "all": lambda net: pac(circular(antialias(net))),
}


@pytest.mark.parametrize("operation", SURVIVORS)
def test_survives_copy_pickle_and_torch_save(operation):
    net, x = SURVIVORS[operation](resnet18()), torch.rand(2, 3, 64, 64)
    expected = net(x)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), torch.load(file, weights_only=False)):  # noqa: S301
        assert torch.equal(twin(x), expected)
        assert surgery_table(twin) == surgery_table(net)
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(net(x), expected)


@pytest.mark.parametrize("operation", ["antialias", "polyphase", "pac"])
def test_compiles_without_graph_breaks(operation):
    net, x = SURVIVORS[operation](CifarResNet(8).eval()), torch.rand(1, 3, 16, 16)
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), net(x), rtol=1e-4, atol=1e-5)


def test_anti_aliased_resnet18_runs_in_onnxruntime_and_agrees():
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    net, x = antialias(resnet18(), stem=True), torch.rand(1, 3, 64, 64)
    file = io.BytesIO()
    torch.onnx.export(net, (x,), dynamo=True, verbose=False).save(file)
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(out), net(x), rtol=1e-3, atol=1e-4)


def test_gradients_reach_every_parameter():
    with torch.enable_grad():
        for operation in (antialias, polyphase, pac):
            net = operation(CifarResNet(8))
            net(torch.rand(2, 3, 16, 16)).square().sum().backward()
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
            copy.deepcopy(net)


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


def test_pixel_adaptive_layer_reads_the_guidance_it_was_given():
    net, x = resnet18().double(), picture()
    guided = pac(net, layers=["layer2.0.conv2"], guidance="layer1", scale=0.5)
    maps = {}
    handle = net.layer1.register_forward_hook(lambda _, __, out: maps.update(guide=out))
    inputs = net.layer2[0].conv2.register_forward_hook(lambda _, args, __: maps.update(x=args[0]))
    net(x)
    handle.remove()
    inputs.remove()
    found = []
    guided.layer2[0].conv2.register_forward_hook(lambda _, __, out: found.append(out))
    guided(x)
    features = F.interpolate(maps["guide"], size=maps["x"].shape[-2:], mode="bilinear") * 0.5
    patches = F.unfold(features, 3, padding=1).view(1, 64, 9, -1)
    kernel = torch.exp(-0.5 * (patches - features.flatten(2)[:, :, None]).square().sum(1))
    values = F.unfold(maps["x"], 3, padding=1).view(1, 128, 9, -1) * kernel[:, None]
    expected = net.layer2[0].conv2.weight.flatten(1) @ values.flatten(1, 2)
    torch.testing.assert_close(found[0].flatten(2), expected, rtol=1e-9, atol=1e-9)


def test_default_scale_is_divided_by_the_spread_of_the_guidance():
    net, x = resnet18().double(), 50 * picture()
    changed = pac(net, layers=["layer2.0.conv2", "layer3.0.conv2"], guidance="layer1", example=x)
    maps = []
    handle = net.layer1.register_forward_hook(lambda _, __, out: maps.append(out))
    expected = net(x)
    handle.remove()
    for name, side in (("layer2.0.conv2", 8), ("layer3.0.conv2", 4)):
        guide = F.interpolate(maps[0], size=(side, side), mode="bilinear")
        down, right = guide[..., 1:, :] - guide[..., :-1, :], guide[..., 1:] - guide[..., :-1]
        squares = torch.cat([d.square().sum(1).flatten() for d in (down, right)])
        scale = changed.get_submodule(name).scale
        assert scale == pytest.approx(1e-4 / float(squares.mean().sqrt()))
        assert f"scale={scale:.4g}" in str(surgery_table(changed))
    assert deviation(changed(x), expected) < 1e-5
    fixed = pac(net, layers=["layer2.0.conv2"], guidance="layer1", example=x, scale=1e-4)
    assert fixed.layer2[0].conv2.scale == 1e-4
    assert pac(net, layers=["layer2.0.conv2"], example=x).layer2[0].conv2.scale == 1e-4
    assert all(link.value is None for link in (changed.layer2[0].conv2.link, fixed.layer2[0].conv2.link))


def test_even_guidance_keeps_the_default_scale():
    net = resnet18()
    torch.nn.init.zeros_(net.bn1.weight)
    assert pac(net, layers=["layer2.0.conv2"], guidance="bn1").layer2[0].conv2.scale == 1e-4


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
