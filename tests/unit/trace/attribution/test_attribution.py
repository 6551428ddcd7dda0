"""Explanations move with the picture exactly where nothing subsamples; measures of maps against closed forms."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Saliency
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace.attribution import (
    MAP_MEASURES,
    METHODS,
    attribution_equivariance,
    centre_drift,
    centre_of_mass,
    map_cosine,
    map_relative_l2,
    top_iou,
)
from biasscope.trace.blame import blame
from tests.unit.trace.blame.nets import Residual, aliased, clean
from tests.unit.trace.nets import hooks, pictures, seeded

SHIFTS = [(0, 1), (3, 2)]


def test_explanations_of_a_stride_one_network_move_exactly():
    found = attribution_equivariance(seeded(clean), pictures(3), SHIFTS)
    for method in METHODS:
        assert found[method, "cosine"].value == pytest.approx(1, abs=1e-4)
        assert found[method, "relative_l2"].value == pytest.approx(0, abs=1e-3)
        assert found[method, "drift"].value == pytest.approx(0, abs=1e-2)
        assert found[method, "iou"].value > 0.98
        assert found[method, "cosine"].n == 3


def test_explanations_of_an_aliased_network_do_not():
    found = attribution_equivariance(seeded(aliased), pictures(3), [(0, 1)])
    for method in ("saliency", "integrated_gradients"):
        assert found[method, "cosine"].value < 0.99
        assert found[method, "drift"].value > 0.01
        assert found[method, "cosine"].low <= found[method, "cosine"].value <= found[method, "cosine"].high


def test_values_are_those_of_captum_by_hand():
    net, x = seeded(aliased), pictures(1)
    found = attribution_equivariance(net, x, [(0, 1)], layer="6", samples=1)
    target = net(x).argmax(1)
    moved = x.roll(1, 3)
    gradients = [Saliency(net).attribute(one.clone().requires_grad_(), target=target) for one in (x, moved)]
    one, two = gradients[0][:, 0], gradients[1][:, 0].roll(-1, 2)
    expected = float((one * two).sum() / one.norm() / two.norm())
    assert found["saliency", "cosine"].value == pytest.approx(expected, abs=1e-5)
    sample = {sample.method: sample for sample in found.samples}
    cam = LayerGradCam(net, net[6]).attribute(moved, target=target, relu_attributions=True)
    large = torch.nn.functional.interpolate(cam, (16, 16), mode="bilinear")[0, 0].detach()
    assert torch.allclose(sample["gradcam"].shifted, large, atol=1e-6)
    assert torch.equal(sample["gradcam"].back, sample["gradcam"].shifted.roll(-1, 1))
    ig = IntegratedGradients(net).attribute(x, target=target, n_steps=200).sum(1)[0]
    assert float((sample["integrated_gradients"].reference - ig).norm() / ig.norm()) < 0.1
    assert torch.equal(sample["saliency"].shifted_picture, moved[0])


def test_the_layer_of_gradcam_is_the_last_map():
    assert attribution_equivariance(seeded(aliased), pictures(1), (0, 1), methods="gradcam").layer == "7"
    block = attribution_equivariance(nn.Sequential(seeded(Residual)), pictures(1), (0, 1), methods=["gradcam"])
    assert block.layer in ("0.relu", "0.stem")


def test_the_model_is_left_as_it_was():
    net = seeded(aliased).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = attribution_equivariance(net, pictures(2), [(0, 1)], label="toy")
    assert hooks(net) == 0
    assert net.training
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert found.frame().height == len(METHODS) * len(MAP_MEASURES)
    assert found.frame()["model"][0] == "toy"


def test_crop_windows_compare_what_both_show():
    from biasscope.images.picture import Picture
    from biasscope.models import Preprocessing
    from biasscope.transforms import Crop

    draw = np.random.default_rng(0)
    images = [Picture(str(n), draw.integers(0, 255, (20, 20, 3), np.uint8)) for n in range(2)]
    net = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Tanh(), nn.Conv2d(4, 3, 1), nn.AdaptiveAvgPool2d(1),
                                       nn.Flatten()))  # fmt: skip
    found = attribution_equivariance(
        net, images, Crop("0,0;0,1;2,0"), methods=["saliency"], preprocessing=Preprocessing((16, 16), None)
    )
    assert found["saliency", "cosine"].value == pytest.approx(1, abs=1e-5)
    assert found["saliency", "drift"].value == pytest.approx(0, abs=1e-4)


def test_refusals():
    with pytest.raises(UsageError, match="Did you mean 'saliency'"):
        attribution_equivariance(seeded(clean), pictures(1), (0, 1), methods=["salience"])
    with pytest.raises(UsageError, match="has no module"):
        attribution_equivariance(seeded(clean), pictures(1), (0, 1), layer="nothing")
    with pytest.raises(UsageError, match="share"):
        attribution_equivariance(seeded(clean), pictures(1), (0, 1), share=2)


def test_centres_on_a_line_and_on_a_circle():
    maps = torch.zeros(2, 5, 8)
    maps[0, 1, 7], maps[0, 1, 0] = 1, 1
    maps[1, 4, 2] = -3
    assert centre_of_mass(maps).tolist() == [[1, 3.5], [4, 2]]
    assert centre_of_mass(maps, wraps=True).flatten().tolist() == pytest.approx([1, 7.5, 4, 2])
    assert centre_drift(maps[:1], maps[:1].roll((4, 3), (1, 2)), wraps=True).item() == pytest.approx(10**0.5)
    assert torch.isnan(centre_of_mass(torch.zeros(1, 3, 3))).all()
    assert torch.isnan(centre_of_mass(torch.ones(1, 3, 3), wraps=True)).all()


def test_maps_without_content_have_no_value():
    zero, one = torch.zeros(1, 4, 4), torch.eye(4)[None]
    assert torch.isnan(map_cosine(zero, one)).all()
    assert torch.isnan(map_relative_l2(zero, one)).all()
    assert torch.isnan(top_iou(zero, one)).all()
    assert map_relative_l2(one, zero).item() == 1


def test_iou_against_sets():
    draw = torch.Generator().manual_seed(0)
    one, two = torch.randn(2, 3, 6, 5, generator=draw)
    found = top_iou(one, two, 0.2)
    for a, b, value in zip(one.flatten(1), two.flatten(1), found, strict=True):
        first, second = ({int(p) for p in m.argsort(descending=True)[:6]} for m in (a, b))
        assert value.item() == pytest.approx(len(first & second) / len(first | second))


class Also(nn.Module):
    """Gives its answer and something else."""

    def __init__(self, pack):
        super().__init__()
        self.net, self.pack = clean(), pack

    def forward(self, x):
        return self.pack(x, self.net(x))


def test_the_logits_among_several_tensors_are_explained():
    net, x = seeded(lambda: Also(lambda x, out: {"features": x.flatten(1), "logits": out})), pictures(2)
    found, plain = attribution_equivariance(net, x, SHIFTS), attribution_equivariance(net.net, x, SHIFTS)
    for method in METHODS:
        assert found[method, "cosine"].value == pytest.approx(plain[method, "cosine"].value)
    assert hooks(net) == 0


@pytest.mark.parametrize("ask", [attribution_equivariance, blame])
@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (lambda x, out: (x.flatten(1), out), "returns tuple"),
        (lambda x, out: {"features": x.flatten(1), "scores": out}, "returns dict"),
        (lambda x, out: out * 1j, "returns complex numbers"),
    ],
)
def test_which_tensor_is_the_answer_is_not_guessed(ask, pack, said):
    with pytest.raises(UsageError, match=f"the model {said}, not a tensor of class scores"):
        ask(seeded(lambda: Also(pack)), pictures(2), SHIFTS)


def test_gradients_that_cannot_be_gone_back_through_are_none():
    """A gradient function of autograd is recorded, as quantised layers have it, but nothing arrives."""

    class Refusing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return None

    class Quantised(nn.Module):
        def forward(self, x):
            return Refusing.apply(x)

    net = seeded(lambda: nn.Sequential(*clean(), Quantised()))
    for ask in (attribution_equivariance, blame):
        with pytest.raises(UsageError, match=r"no gradient of its answer by the picture\."):
            ask(net, pictures(2), SHIFTS)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("before", [0, 2])
def test_reentrant_checkpoints_cannot_be_gone_back_through(before):
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = clean()

        def forward(self, x):
            return checkpoint(self.net[before:], self.net[:before](x), use_reentrant=True)

    for ask in (attribution_equivariance, blame):
        with pytest.raises(UsageError, match=r"no gradient .* by the picture \(.*use_reentrant=True"):
            ask(seeded(Checkpointed), pictures(2), SHIFTS)


def test_networks_without_gradients_cannot_be_explained():
    class NoGrad(nn.Sequential):
        @torch.no_grad()
        def forward(self, x):
            return super().forward(x)

    with pytest.raises(UsageError, match="no gradient"):
        attribution_equivariance(seeded(lambda: NoGrad(*clean())), pictures(), SHIFTS)
