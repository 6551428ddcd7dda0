"""What surgery promises, for every family of networks."""

import pytest
import torch

from biasscope.models import antialias, circular, pac, polyphase, surgery, surgery_table
from tests.unit.models.families import FLAT, GLOBAL, build, deviation, picture

OPERATIONS = {
    "antialias": lambda net: antialias(net, 4),
    "antialias, stem": lambda net: antialias(net, 3, stem=True),
    "circular": circular,
    "polyphase": polyphase,
    "pac": pac,
}


ELSEWHERE = {"same_padding", "surgery_table"}
"""Names of the package that are no operation on any network: the one writes padding down, the other tells."""


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(params=[*GLOBAL, *FLAT])
def name(request):
    return request.param


@pytest.fixture(params=GLOBAL)
def global_name(request):
    return request.param


def test_every_surgery_is_held_to_these_promises():
    operations = {name for name in surgery.__all__ if name.islower()}
    assert {name.partition(",")[0] for name in OPERATIONS} == operations - ELSEWHERE


def test_one_tap_equals_the_original(name):
    net, x = build(name), picture(65, 70)
    changed = antialias(net, 1, stem=True)
    assert len(surgery_table(changed)) > 0
    assert deviation(changed(x), net(x)) < 1e-12


def test_four_taps_do_not(name):
    net, x = build(name), picture()
    assert deviation(antialias(net)(x), net(x)) > 1e-6


@pytest.mark.parametrize("operation", OPERATIONS)
def test_state_dicts_fit_both_ways(name, operation):
    net = build(name)
    changed = OPERATIONS[operation](net)
    assert len(surgery_table(changed)) > 0
    assert list(changed.state_dict()) == list(net.state_dict())
    assert [n for n, _ in changed.named_parameters()] == [n for n, _ in net.named_parameters()]
    assert str(changed.load_state_dict(net.state_dict(), strict=True)) == "<All keys matched successfully>"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_original_is_untouched_and_shares_nothing(name, operation):
    net, x = build(name), picture()
    before, text = net(x), repr(net)
    changed = OPERATIONS[operation](net)
    for parameter in changed.parameters():
        parameter.zero_()
    assert torch.equal(net(x), before)
    assert repr(net) == text
    assert not surgery_table(net).replacements


@pytest.mark.parametrize("order", ["circular", "antialias, then circular", "circular, then antialias"])
def test_circular_shift_by_the_product_of_strides_leaves_logits_equal(global_name, order):
    net, x = build(global_name), picture()
    changed = circular(antialias(net, 3, stem=True)) if order.startswith("antialias") else circular(net)
    changed = antialias(changed, 3, stem=True) if order.endswith("antialias") else changed
    assert deviation(changed(x.roll((32, 32), (2, 3))), changed(x)) < 1e-12
    assert deviation(changed(x.roll((1, 0), (2, 3))), changed(x)) > 1e-9


@pytest.mark.parametrize("name", FLAT)
def test_features_of_flat_families_move_with_the_picture(name):
    features, x = circular(build(name)).features, picture()
    moved = features(x.roll((32, 32), (2, 3)))
    assert deviation(moved, features(x).roll((1, 1), (2, 3))) < 1e-12


@pytest.mark.parametrize(("height", "width"), [(64, 64), (67, 75)])
def test_untrained_polyphase_network_is_consistent_at_every_circular_shift(global_name, height, width):
    net, x = polyphase(build(global_name)), picture(height, width)
    logits = torch.cat([net(x.roll(shift, (2, 3))) for shift in ((0, 0), (1, 0), (5, 3), (30, 17))])
    assert deviation(logits, logits[:1]) < 1e-9
    assert len(set(logits.argmax(1).tolist())) == 1


def test_pixel_adaptive_network_starts_out_equal(name):
    net, x = build(name), picture()
    assert deviation(pac(net)(x), net(x)) < 1e-5
    assert deviation(pac(net, scale=0.3)(x), net(x)) > 1e-6


def test_pixel_adaptive_network_guided_by_its_own_maps_starts_out_equal(name):
    net, x = build(name), picture()
    changed = pac(net, guidance="self")
    assert deviation(changed(x), net(x)) < 1e-5
    assert deviation(changed(100 * x), net(100 * x)) > 0


def test_pixel_adaptive_deviation_is_quadratic_in_the_scale(name):
    net, x = build(name), picture()
    larger, smaller = (deviation(pac(net, guidance="self", scale=scale)(x), net(x)) for scale in (1e-4, 1e-5))
    assert smaller < 2e-5
    assert larger / smaller == pytest.approx(100, rel=0.1)


def test_nothing_is_left_to_do_afterwards(name):
    once = antialias(build(name), stem=True)
    twice = antialias(once, stem=True)
    assert surgery_table(twice).replacements == surgery_table(once).replacements
