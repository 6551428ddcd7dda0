import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import mean_absolute_change, mean_absolute_change_from_reference

NAN = float("nan")
# two views of two images; image 0 answers class A with .8, then class B with .6 (A keeps .3); image 1 keeps its class
P_TOP = torch.tensor([[0.8, 0.5], [0.6, 0.7]])
P_STEP = torch.tensor([[[NAN, NAN], [0.3, 0.7]]])
STEPS = torch.tensor([[-1, 0]])


def test_the_class_is_that_of_the_first_view():
    assert mean_absolute_change(P_TOP, P_STEP, STEPS).item() == pytest.approx((0.5 + 0.2) / 2)


def test_backwards_it_is_another_number():
    back = torch.tensor([[[0.2, 0.5], [NAN, NAN]]])  # class B had .2 at view 0
    assert mean_absolute_change(P_TOP, back, torch.tensor([[1, -1]])).item() == pytest.approx((0.4 + 0.2) / 2)


def test_from_the_reference_by_hand():
    p = torch.tensor([[0.8, 0.5], [0.3, 0.7], [0.9, 0.5]])
    assert mean_absolute_change_from_reference(p).item() == pytest.approx((0.5 + 0.1 + 0.2 + 0.0) / 4)
    assert mean_absolute_change_from_reference(p, 1).item() == pytest.approx((0.5 + 0.6 + 0.2 + 0.2) / 4)


def test_missing_numbers_are_an_error_where_they_are_needed():
    with pytest.raises(UsageError, match="p_step: holds NaN"):
        mean_absolute_change(P_TOP, P_STEP * NAN, STEPS)


def test_probabilities_are_asked_for():
    with pytest.raises(UsageError, match="softmax"):
        mean_absolute_change_from_reference(torch.tensor([[3.0], [2.0]]))


def test_half_precision_is_summed_in_double():
    p = torch.full((3, 4000), 0.5).half()
    p[1] = 0.25
    assert mean_absolute_change_from_reference(p).item() == 0.125
