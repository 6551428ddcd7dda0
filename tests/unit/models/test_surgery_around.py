"""What surrounds the layers that are replaced: hooks, weights made in every pass, copies, what is no subsampling."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations
from torchvision import transforms
from torchvision.transforms import v2

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, pac, polyphase, same_padding, surgery_table
from tests.unit.models.families import deviation, picture

OPERATIONS = [antialias, polyphase, pac, circular]


def net_with_pools():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, 2, 1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(4, 4, 3, padding=1), nn.AvgPool2d(2)).double().eval()


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_hooks_of_a_replaced_module_go_on_running(operation, inplace):
    net, seen = net_with_pools(), []
    handles = [
        module.register_forward_hook(lambda _module, _args, _out, name=name: seen.append(name))
        for name, module in net.named_children()
    ]
    changed = operation(net, inplace=inplace)
    seen.clear()
    changed(picture(32, 32))
    assert seen == list("0123456")
    if inplace:
        for handle in handles:
            handle.remove()
        changed(picture(32, 32))
        assert len(seen) == 7


@pytest.mark.usefixtures("no_gradients")
def test_a_hook_that_changes_the_output_still_does():
    net = net_with_pools()
    for name in ("2", "5"):
        net.get_submodule(name).register_forward_hook(lambda _module, _args, out: 3 * out)
    for operation in (lambda net: antialias(net, 1), pac):
        assert deviation(operation(net)(picture(32, 32)), net(picture(32, 32))) < 1e-5


@pytest.mark.usefixtures("no_gradients")
@pytest.mark.parametrize("guidance", ["2", "4"])
def test_guidance_of_a_module_that_is_replaced_later_is_found(guidance):
    net, x = net_with_pools(), picture(32, 32)
    guided = pac(net, layers="5", guidance=guidance)
    assert deviation(antialias(guided)(x), antialias(net)(x)) < 1e-5
    assert deviation(circular(guided)(x), circular(net)(x)) < 1e-5


def made_in_every_pass(kind):
    net = net_with_pools()
    if kind == "pruned":
        prune.l1_unstructured(net[5], "weight", 0.5)
    else:
        {"weight_norm": weight_norm, "spectral_norm": spectral_norm}[kind](net[5])
    return net


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.usefixtures("no_gradients")
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm", "pruned"])
def test_weights_that_are_made_in_every_pass_are_refused_by_pac_alone(kind):
    net, x = made_in_every_pass(kind), picture(32, 32)
    net(x)
    assert deviation(antialias(net, 1)(x), net(x)) == 0
    with pytest.raises(UsageError, match="5: its weight is made in every pass"):
        pac(net, layers="5")
    assert surgery_table(pac(net)).names == []


def parametrised_net(kind):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 1), *net_with_pools()[3:6], nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 1, 2))
    for number in (1, 3, 4, 5):
        getattr(parametrizations, kind)(net[number])
    return net.double().eval()


def permanent(net):
    for module in [one for one in net.modules() if is_parametrized(one)]:
        remove_parametrizations(module, "weight")
    return net


@pytest.mark.usefixtures("no_gradients")
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm", "orthogonal"])
@pytest.mark.parametrize("operation", [antialias, polyphase, circular, same_padding])
def test_parametrised_convolutions_are_operated_on_as_those_with_the_same_weights(operation, kind):
    net, x = parametrised_net(kind), picture(32, 32)
    changed, plain = operation(net), operation(permanent(parametrised_net(kind)))
    assert surgery_table(changed) == surgery_table(plain)
    assert changed.state_dict().keys() == net.state_dict().keys()
    assert deviation(copy.deepcopy(changed)(x), plain(x)) < 1e-12
    with pytest.raises(UsageError, match=r"its weight is made in every pass.*remove_parametrizations"):
        pac(net, layers="4")
    assert deviation(permanent(changed)(x), plain(x)) < 1e-12


@pytest.mark.usefixtures("no_gradients")
@pytest.mark.parametrize("normalise", [transforms.Normalize, v2.Normalize], ids=["first", "second"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_networks_that_normalise_their_pictures_are_followed(operation, normalise):
    net, first, x = net_with_pools(), normalise((0.4,) * 3, (0.2,) * 3), picture(32, 32)
    changed = operation(nn.Sequential(first, *net))
    assert surgery_table(changed).names == [f"{int(name) + 1}" for name in surgery_table(operation(net)).names]
    assert type(changed[0]) is normalise
    if operation is not pac:
        assert deviation(changed(x), operation(net)((x - 0.4) / 0.2)) < 1e-12


def test_a_compiled_model_is_followed_as_it_was_written():
    compiled = []
    net = torch.compile(net_with_pools(), backend=lambda graph, _inputs: compiled.append(graph) or graph.forward)
    changed = antialias(net)
    assert surgery_table(changed).names == ["_orig_mod.2", "_orig_mod.3", "_orig_mod.6"]
    assert compiled == []


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_cannot_be_copied_says_what_to_do(operation):
    net = net_with_pools()
    weight_norm(net[5])
    with pytest.raises(UsageError, match=r"Sequential cannot be copied .* run it once under torch.no_grad"):
        operation(net)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_traced_model_is_refused(operation):
    with pytest.raises(UsageError, match="a scripted or traced model cannot be changed"):
        operation(torch.jit.trace(net_with_pools(), picture(32, 32)))


class EveryOtherChannel(nn.Module):
    def forward(self, x):
        return torch.maximum(x[:, ::2], x[:, 1::2])


@pytest.mark.parametrize("operation", [antialias, polyphase, circular])
def test_steps_over_channels_are_no_subsampling(operation):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), EveryOtherChannel(), nn.MaxPool2d(2))
    assert "2" in surgery_table(operation(net)).names


def test_a_picture_of_three_channels_is_tried_where_the_first_convolution_has_others():
    class SpaceToDepth(nn.Module):
        def forward(self, x):
            n, c, height, width = x.shape
            return x.view(n, c, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4).flatten(1, 3)

    net = nn.Sequential(SpaceToDepth(), nn.Conv2d(12, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1))
    net[0].register_forward_pre_hook(lambda _module, args: None if args[0].shape[1] == 3 else 1 / 0)
    assert surgery_table(antialias(net)).names == ["2"]


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_blur_in_the_place_of_an_average_gives_maps_of_its_size(padding, stride, ceil_mode):
    net = nn.Sequential(nn.AvgPool2d(2 + padding, stride, padding, ceil_mode))
    for side in range(8, 16):
        x = torch.rand(1, 2, side, side + 1)
        out = antialias(net, example=(2, side, side))(x)
        assert out.shape == net(x).shape
        assert (antialias(net, example=(2, side, side))(torch.ones_like(x)) - 1).abs().max() < 1e-6


@pytest.mark.parametrize("operation", [*OPERATIONS, same_padding])
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_layers_without_shapes_yet_are_told_to_get_them(operation):
    net = nn.Sequential(nn.LazyConv2d(8, 3, 2), nn.ReLU())
    with pytest.raises(UsageError, match=r"0: LazyConv2d has no shapes yet. Run the model once on a batch of pictures"):
        operation(net)


def test_a_hook_that_needs_values_is_named_as_the_reason():
    seen, net = [], net_with_pools()
    hooked = net[0].register_forward_hook(lambda _module, _args, output: seen.append(output.detach().numpy()))
    with pytest.raises(UsageError, match=r"a hook of Sequential cannot .* Take hooks off before"):
        antialias(net)
    net(picture(32, 32))
    assert len(seen) == 1
    hooked.remove()
    assert surgery_table(antialias(net)).names
