"""Own patching against captum's layer ablation, and the gradient's guess against captum's."""

import numpy as np
import pytest
import torch
from captum.attr import LayerFeatureAblation, LayerGradientXActivation
from torch import nn

from biasscope.trace import blame, layer_strides
from biasscope.trace.blame import moved, steps_of
from tests.unit.trace.blame.nets import Residual, aliased, aliased_then_linear
from tests.unit.trace.nets import pictures, seeded

SHIFTS = [(0, 1), (1, 0), (2, 3)]


def responses(net, module, x):
    found = []
    handle = module.register_forward_hook(lambda _module, _args, output: found.append(output.clone()))
    with torch.no_grad():
        net(x)
    handle.remove()
    return found[0]


CASES = [
    (aliased, ["0", "1", "3", "4", "6"]),
    (aliased_then_linear, ["0", "1", "2", "3", "4"]),
    (lambda: nn.Sequential(Residual()), ["0.stem", "0.main", "0.norm", "0.shortcut"]),
]


@pytest.mark.parametrize(("build", "layers"), CASES)
def test_patching_and_its_first_order_are_those_of_captum(build, layers):
    net, x = seeded(build), pictures(3)
    found = blame(net, x, SHIFTS, layers=layers, batch=4)
    strides = layer_strides(net, x[:1])
    targets = net(x).argmax(1)
    change = np.array([pair.change for pair in found.pairs]).reshape(3, len(SHIFTS))
    for depth, name in enumerate(layers):
        module = net.get_submodule(name)
        reference = responses(net, module, x)
        first = np.zeros_like(change)
        for number, shift in enumerate(SHIFTS):
            views = x.roll(shift, (2, 3))
            ideal = moved(reference, steps_of(shift, strides[name].product)[0])
            ablation = LayerFeatureAblation(net, module)
            mask = torch.zeros(1, *ideal.shape[1:], dtype=torch.long)
            with torch.no_grad():
                lost = ablation.attribute(views, layer_baselines=ideal, layer_mask=mask, target=targets)
            removed = -lost.flatten(1)[:, 0].numpy()  # captum: own answer minus the answer with the replacement
            own = -np.sign(change[:, number]) * removed
            assert found.effects[depth, :, number] == pytest.approx(own, abs=1e-5), (name, shift)
            slope = LayerGradientXActivation(net, module, multiply_by_inputs=False)
            guess = slope.attribute(views.clone().requires_grad_(), target=targets)
            difference = ideal - responses(net, module, views)
            first[:, number] = (guess.detach() * difference).flatten(1).sum(1).numpy()
        expected = (-np.sign(change) * first).sum() / np.abs(change).sum()
        assert found.layers[depth].first_order.value == pytest.approx(expected, rel=1e-3, abs=1e-4), name


def test_effects_are_ratios_of_sums():
    net, x = seeded(aliased), pictures(4)
    found = blame(net, x, SHIFTS)
    change = np.array([abs(pair.change) for pair in found.pairs])
    for depth, layer in enumerate(found.layers):
        assert layer.effect.value == pytest.approx(found.effects[depth].sum() / change.sum(), abs=1e-6)
