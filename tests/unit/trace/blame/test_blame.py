"""The layer that breaks shiftability gets the blame, and no other."""

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from biasscope.core.errors import InputError, UsageError
from biasscope.models import Preprocessing, polyphase
from biasscope.trace import blame
from tests.unit.trace.blame.nets import (
    Added,
    FromPieces,
    Residual,
    SidePath,
    Twice,
    aliased,
    aliased_then_linear,
    clean,
    head,
)
from tests.unit.trace.nets import conv, hooks, pictures, seeded

SHIFTS = [(0, 1), (1, 0), (1, 1), (3, 2)]


def blames(found):
    return {layer.name: layer.blame.value for layer in found.layers}


@pytest.mark.parametrize(
    ("build", "guilty", "between"), [(aliased_then_linear, "2", "fourier"), (aliased, "4", "nearest")]
)
def test_the_aliased_layer_and_no_other_gets_the_blame(build, guilty, between):
    found = blame(seeded(build), pictures(5), SHIFTS, between=between)
    for name, value in blames(found).items():
        assert value == pytest.approx(float(name == guilty), abs=2e-3), name
    assert found.ranking[0].name == guilty
    assert found[guilty].subsampling
    assert found.tail.value == pytest.approx(0, abs=2e-3)


def test_behind_the_aliased_layer_fractions_make_non_linear_layers_count_a_little():
    found = blame(seeded(aliased), pictures(8), SHIFTS)
    assert max(abs(found[name].blame.value) for name in "0123") < 1e-3
    assert found.ranking[0].name == "4"
    assert found.layers[-1].effect.value == pytest.approx(1, abs=1e-3)


def test_nothing_is_to_blame_in_a_network_of_stride_one():
    found = blame(seeded(clean), pictures(), SHIFTS)
    assert all(layer.effect.value is None and layer.rank is None for layer in found.layers)
    assert found.ranking == []
    assert "nothing to blame" in found.notes[0]


def test_polyphase_has_nothing_to_blame_where_its_baseline_has():
    net = seeded(aliased)
    assert blame(net, pictures(), SHIFTS).ranking
    assert not blame(polyphase(net, example=(1, 16, 16)), pictures(), SHIFTS).ranking


def test_whole_multiples_of_the_stride_change_nothing():
    assert not blame(seeded(aliased), pictures(), [(2, 0), (4, 6)]).ranking


def test_blames_and_the_tail_add_up_to_one():
    found = blame(seeded(aliased), pictures(6), SHIFTS)
    assert sum(blames(found).values()) + found.tail.value == pytest.approx(1)


def test_a_flattening_classifier_is_to_blame_itself():
    net = seeded(lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), nn.Flatten(),
                                       nn.Linear(512, 3)))  # fmt: skip
    found = blame(net, pictures(4), [(0, 1)])
    assert found.tail.value == pytest.approx(1, abs=1e-4)
    assert found.layers[-1].effect.value == pytest.approx(0, abs=1e-4)


def test_trunk_keeps_the_block_and_branches_are_marked():
    net = seeded(lambda: nn.Sequential(Residual()))
    trunk = blame(net, pictures(), SHIFTS)
    assert {layer.name for layer in trunk.layers if not layer.complete} == {"0.main", "0.norm", "0.shortcut"}
    assert [layer.name for layer in trunk.layers if layer.gathered] == ["0.relu#2"]
    assert trunk["0.relu#2"].rank is None
    blocks = blame(seeded(lambda: nn.Sequential(conv(1, 6), Added(), *head(6))), pictures(), SHIFTS)
    assert [layer.name for layer in blocks.layers] == ["0", "1", "2"]
    assert all(layer.complete and not layer.gathered for layer in blocks.layers)
    every = blame(net, pictures(), SHIFTS, layers="leaves")
    assert {layer.name for layer in every.layers if not layer.complete} == {"0.main", "0.norm", "0.shortcut"}
    assert every["0.main"].rank is None
    assert every["0.relu#2"].effect.value == pytest.approx(1, abs=1e-4)
    assert every["0.relu#2"].blame.value == pytest.approx(1 - every["0.relu#1"].effect.value, abs=1e-4)


def test_a_side_path_convicts_no_innocent_layer():
    found = blame(seeded(SidePath), torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)), (0, 1))
    assert [layer.name for layer in found.layers if not layer.complete] == ["a", "p", "r", "b", "sk"]
    assert found["c"].complete
    assert found["c"].gathered
    assert found["c"].rank is None
    assert not found["g"].gathered
    assert found["c"].blame.value == pytest.approx(1, abs=1e-3)
    assert abs(found["p"].effect.value) > 0.01  # what is left of the change is the other branch's
    assert any("everything up to here: a, p, r, b, sk lie in branches" in note for note in found.notes)
    row = found.frame().filter(pl.col("layer") == "c")
    assert row["gathered"].to_list() == [True]


def test_branches_that_no_layer_of_the_trunk_follows_are_named():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.f = conv(1, 2, 2), nn.AvgPool2d(2), nn.Linear(3, 4)

        def forward(self, x):
            return self.f(torch.cat([self.one(x).mean((2, 3)), self.two(x).amax((2, 3))], 1))

    found = blame(seeded(Both), pictures(), [(0, 1)])
    assert found.ranking == []
    assert any("behind the last layer" in note and "one, two" in note for note in found.notes)


@pytest.mark.parametrize("seed", range(4))
def test_whole_positions_give_one_layer_all_of_the_blame(seed):
    found = blame(seeded(aliased, seed), pictures(4, seed=seed), SHIFTS, between="nearest")
    for name, value in blames(found).items():
        assert value == pytest.approx(float(name == "4"), abs=1e-4), name
    assert [layer.name for layer in found.ranking] == ["4"]
    assert not any("Non-linear" in note for note in found.notes)
    assert any("less than half a position" in note for note in found.notes)


def test_only_blame_with_an_interval_above_zero_has_a_rank():
    found = blame(seeded(aliased), pictures(8), SHIFTS)
    assert any('between="nearest"' in note for note in found.notes)
    assert {layer.name for layer in found.ranking} == {one.name for one in found.layers if one.blame.low > 1e-3}
    assert found["5"].blame.value != pytest.approx(0, abs=1e-3)  # a ReLU between positions
    alone = blame(seeded(aliased), pictures(1), SHIFTS)
    assert alone.ranking == []
    assert any("One image gives no interval" in note for note in alone.notes)


def test_networks_without_gradients_are_refused_with_the_reason():
    class NoGrad(nn.Sequential):
        @torch.no_grad()
        def forward(self, x):
            return super().forward(x)

    with pytest.raises(UsageError, match="no gradient"):
        blame(seeded(lambda: NoGrad(*aliased())), pictures(), [(0, 1)])
    partly = seeded(lambda: nn.Sequential(NoGrad(conv(1, 2), nn.ReLU()), nn.MaxPool2d(2), *head(2)))
    with pytest.raises(UsageError, match="no gradient"):
        blame(partly, pictures(), [(0, 1)])


def test_second_call_of_a_shared_module_is_a_layer_of_its_own():
    found = blame(seeded(Twice), pictures(4), [(0, 1)])
    assert [layer.name for layer in found.layers][:4] == ["first", "shared#1", "pool", "shared#2"]
    assert [round(abs(value), 2) for value in blames(found).values()][:4] == [0, 0, 1, 0]


def test_a_tensor_inside_a_tuple_inside_a_dictionary_is_patched():
    found = blame(seeded(FromPieces), pictures(4), [(0, 1)], layers=["pieces", "rest.0"])
    assert found["rest.0"].blame.value == pytest.approx(1, abs=1e-3)
    assert abs(found.layers[0].effect.value) < 1e-3


def test_first_order_is_exact_where_the_rest_is_linear():
    found = blame(seeded(aliased_then_linear), pictures(4), SHIFTS)
    for name in ("2", "3", "4"):
        assert found[name].first_order.value == pytest.approx(found[name].effect.value, abs=1e-3)
    assert blame(seeded(aliased), pictures(), [(0, 1)], first_order=False)["4"].first_order.value is None


def test_batches_do_not_matter():
    one, many = (blame(seeded(aliased), pictures(5), SHIFTS, batch=batch) for batch in (1, 64))
    assert one.effects == pytest.approx(many.effects, abs=1e-5)
    assert [pair.image_id for pair in one.pairs] == [pair.image_id for pair in many.pairs]


@pytest.mark.parametrize("grad", [True, False])
def test_the_model_is_left_as_it_was(grad):
    net = seeded(aliased).train()
    net[3].eval()
    for parameter in net.parameters():
        parameter.requires_grad_(grad)
    modes = [module.training for module in net.modules()]
    before = {name: value.clone() for name, value in net.state_dict().items()}
    blame(net, pictures(2), [(0, 1)])
    assert hooks(net) == 0
    assert [module.training for module in net.modules()] == modes
    assert all(parameter.grad is None and parameter.requires_grad == grad for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_hooks_are_gone_after_an_exception():
    class Fails(nn.Module):
        count = 0

        def forward(self, x):
            Fails.count += 1
            if Fails.count > 6:
                raise RuntimeError("enough")
            return x

    net = seeded(lambda: nn.Sequential(*list(aliased())[:6], Fails(), *list(aliased())[6:])).train()
    with pytest.raises(UsageError, match=r"itself fails on a picture .* enough") as caught:
        blame(net, pictures(2), [(0, 1)])
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert hooks(net) == 0
    assert all(module.training for module in net.modules())


def test_half_precision():
    found = blame(seeded(aliased_then_linear).bfloat16(), 20 * pictures(4), [(0, 1), (1, 1)])
    assert found.ranking == [] or found.ranking[0].name == "2"
    assert len(found.pairs) == 8


def test_crop_windows_keep_the_border_of_the_shifted_response():
    from biasscope.images.picture import Picture
    from biasscope.transforms import Crop

    draw = np.random.default_rng(0)
    images = [Picture(str(n), draw.integers(0, 255, (20, 20, 3), np.uint8)) for n in range(3)]
    build = lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1),  # noqa: E731
                                  nn.Flatten(), nn.Linear(4, 3))  # fmt: skip
    found = blame(seeded(build), images, Crop("0,0;0,1;1,0"), preprocessing=Preprocessing((16, 16), None))
    assert found.protocol == "crop"
    assert found["0"].effect.value == pytest.approx(0, abs=1e-4)  # no padding: what both windows see is equal
    assert found.images == 3


def test_pairs_tell_answers_and_changes():
    net, x = seeded(aliased), pictures(3)
    found = blame(net, x, [(0, 1)])
    with torch.no_grad():
        before, after = net(x), net(x.roll(1, 3))
    targets = before.argmax(1)
    assert [pair.answer_before for pair in found.pairs] == targets.tolist()
    assert [pair.answer_after for pair in found.pairs] == after.argmax(1).tolist()
    change = (after - before).gather(1, targets[:, None])[:, 0]
    assert [pair.change for pair in found.pairs] == pytest.approx(change.tolist(), abs=1e-5)


def test_frame_has_a_row_a_layer():
    found = blame(seeded(aliased), pictures(3), [(0, 1)], label="toy")
    frame = found.frame()
    assert frame.height == len(found)
    assert {"model", "layer", "depth", "kind", "subsampling", "effect", "low", "high", "n", "first_order", "rank",
            "blame"} <= set(frame.columns)  # fmt: skip
    assert frame["model"][0] == "toy"


def test_refusals():
    net = seeded(aliased)
    with pytest.raises(UsageError, match="no shift beside"):
        blame(net, pictures(), [(0, 0)])
    with pytest.raises(UsageError, match="means no layer"):
        blame(net, pictures(), [(0, 1)], layers="nothing")
    with pytest.raises(UsageError, match="between"):
        blame(net, pictures(), [(0, 1)], between="linear")
    with pytest.raises(UsageError, match="not with"):
        blame(net[:4], pictures(), [(0, 1)])
    with pytest.raises(InputError, match="no picture"):
        blame(net, [], [(0, 1)], preprocessing=Preprocessing((16, 16), None))
