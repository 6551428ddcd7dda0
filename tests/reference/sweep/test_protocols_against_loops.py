"""For every protocol: the table of the batched sweep equals a loop over single pictures and single views."""

import numpy as np
import pytest

from biasscope.models import Preprocessing
from biasscope.sweep import sweep
from biasscope.transforms import PROTOCOLS, make
from tests.reference.sweep import naive
from tests.reference.sweep.test_sweep_against_loops import INTEGERS, NUMBERS
from tests.unit.sweep.toys import TinyNet, loaded, source

SMALL = {"crop": "5x5", "circular": "5x5", "embed": "diagonal:6", "box": "3x3", "pairs": None}
SIZE = Preprocessing((24, 24), 28, (0.5, 0.4, 0.3), (0.25, 0.2, 0.3))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_gives_the_table_of_the_loop(protocol):
    shape = (20, 40, 48, 3) if PROTOCOLS[protocol].facts.get("clips") else (40, 48, 3)
    pictures, model = source(5, shape=shape), loaded(TinyNet(channels=3), SIZE)
    made = make(protocol, grid=SMALL.get(protocol), seed=3)
    found = sweep(model, pictures, made, batch=7, floor=2)
    expected = naive.table(model, pictures, made)
    assert found.problems == ()
    assert len(found) == 5
    assert found.views == len(expected["predictions"]) > 1
    assert np.ptp(expected["p_top"], axis=0).max() > 1e-4
    for name in INTEGERS:
        np.testing.assert_array_equal(getattr(found, name).numpy(), expected[name], err_msg=name)
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(found, name).numpy(), expected[name], atol=1e-5, err_msg=name)
    interpolates = made.for_model(SIZE).round_trip() is not None
    assert ("interpolation" in found.floors) == interpolates
