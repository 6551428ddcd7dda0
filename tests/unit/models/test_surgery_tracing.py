"""What surgery leaves behind can be traced wherever the original can: torch.fx, feature extraction, jit, export."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, same_padding
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.surgery.layers import GuidedPacConv2d
from biasscope.nn import BlurPool2d
from tests.unit.models.families import FLAT, GLOBAL, build, deviation, picture

OPERATIONS = {
    "antialias": lambda net: antialias(net, stem=True),
    "circular": lambda net: circular(antialias(net, 3)),
    "polyphase": polyphase,
    "pac": lambda net: pac(net, scale=0.3),
    "pac, own input": lambda net: pac(net, guidance="self", scale=0.01),
    "pac of polyphase": lambda net: pac(polyphase(net), scale=0.3),
}


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def resnet():
    torch.manual_seed(0)
    return CifarResNet(8).double().eval()


@pytest.fixture(params=OPERATIONS)
def surgered(request):
    return OPERATIONS[request.param](resnet())


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        *((name, "circular") for name in (*GLOBAL, *FLAT)),
        *((name, "pac of polyphase") for name in ("resnet", "densenet")),
    ],
)
def test_symbolic_trace_computes_the_same_in_every_family(name, operation):
    net, x = OPERATIONS[operation](build(name)), picture(*((64, 64) if name in FLAT else (66, 75)))
    graph, expected = torch.fx.symbolic_trace(net), net(x)
    assert torch.equal(graph(x), expected)
    assert torch.equal(net(x), expected)


def test_symbolic_trace_of_every_operation(surgered):
    assert torch.equal(torch.fx.symbolic_trace(surgered)(picture(33, 40)), surgered(picture(33, 40)))


def test_features_are_extracted_by_the_names_that_the_layers_had(surgered):
    names = ["layer2.0.conv2", "layer3.0.conv1", "linear"]
    taken = {}
    for name in names:
        surgered.get_submodule(name).register_forward_hook(lambda *args, name=name: taken.update({name: args[-1]}))
    x = picture(32, 32)
    surgered(x)
    expected, extract = dict(taken), create_feature_extractor(surgered, names)
    found = extract(x)
    assert list(found) == names
    assert all(torch.equal(found[name], expected[name]) for name in names)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:.*is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
def test_jit_trace_computes_the_same(surgered):
    traced = torch.jit.trace(surgered, picture(32, 32, batch=2), check_trace=False)
    fresh = picture(32, 32, batch=2).flip(3)
    torch.testing.assert_close(traced(fresh), surgered(fresh), rtol=1e-12, atol=1e-12)


def test_export_computes_the_same(surgered):
    exported = torch.export.export(surgered, (picture(32, 32, batch=2),)).module()
    fresh = picture(32, 32, batch=2).flip(3)
    torch.testing.assert_close(exported(fresh), surgered(fresh), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("guidance", ["layer1", "bn1", "layer1.0.conv2"])
def test_guidance_from_inside_is_an_edge_of_the_graph(guidance):
    net = pac(resnet(), layers="layer3.0.conv2", guidance=guidance, scale=0.5)
    graph, x = torch.fx.symbolic_trace(net), picture(32, 32)
    (node,) = (node for node in graph.graph.nodes if node.target == "layer3.0.conv2")
    assert len(node.all_input_nodes) == 2
    assert torch.equal(graph(x), net(x))
    assert not torch.equal(graph(x.flip(2)), graph(x))
    assert graph.get_submodule("layer3.0.conv2").link.value is None


def test_a_surgered_model_inside_another():
    inner = pac(resnet(), scale=0.5)
    outer, x = nn.Sequential(nn.BatchNorm2d(3).double().eval(), inner, nn.ReLU()), picture(32, 32)
    graph = torch.fx.symbolic_trace(outer)
    assert torch.equal(graph(x), outer(x))
    again = torch.fx.symbolic_trace(copy.deepcopy(outer))
    assert torch.equal(again(x), outer(x))


def test_tracing_in_training_mode_keeps_gradients():
    net = antialias(resnet()).train()
    graph = torch.fx.symbolic_trace(net)
    with torch.enable_grad():
        graph(picture(32, 32, batch=2)).sum().backward()
    assert all(p.grad is not None for p in graph.parameters())


def test_state_dict_of_the_graph_is_that_of_the_model(surgered):
    assert set(torch.fx.symbolic_trace(surgered).state_dict()) == set(surgered.state_dict())


def test_same_padding_is_traced():
    net = same_padding(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU())).double()
    assert torch.equal(torch.fx.symbolic_trace(net)(picture(9, 8)), net(picture(9, 8)))


def test_a_layer_alone_and_one_cut_off_from_its_guidance_are_refused_with_the_reason():
    with pytest.raises(ValueError, match="trace a model that contains it"):
        torch.fx.symbolic_trace(BlurPool2d(3))
    net = pac(resnet(), layers="layer3.0.conv2")
    with pytest.raises(UsageError, match="not in the traced model"):
        torch.fx.symbolic_trace(net.layer3)
    torch.fx.symbolic_trace(pac(resnet(), guidance="layer1"))
    layer = next(m for m in net.modules() if isinstance(m, GuidedPacConv2d))
    with pytest.raises(UsageError, match="Run the whole model"):
        layer(torch.zeros(1, 64, 8, 8).double())


def test_a_sampling_without_the_branch_that_chooses_is_refused():
    net, x = polyphase(resnet()), picture(32, 32)
    extract = create_feature_extractor(net, ["layer2.0.shortcut"])
    with pytest.raises(UsageError, match="without the branch that chooses"):
        extract(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert deviation(net(x), polyphase(resnet())(x)) == 0
    with pytest.raises(UsageError, match="without the branch that chooses"):
        extract(x)
