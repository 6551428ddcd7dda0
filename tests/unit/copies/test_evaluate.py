import numpy as np
import pytest
import torch

from biasscope import metrics
from biasscope.copies.evaluate import MEASURES, by_image
from biasscope.core.errors import UsageError


@pytest.mark.parametrize("name", MEASURES)
def test_means_over_images_are_the_metrics(name: str) -> None:
    rng = np.random.default_rng(0)
    predictions, targets = torch.from_numpy(rng.integers(0, 3, (7, 40))), torch.from_numpy(rng.integers(0, 3, 40))
    predictions[:, :10] = targets[:10]
    function = getattr(metrics, name)
    want = function(predictions) if name == "consistency" else function(predictions, targets)
    found = by_image(name, predictions.to(torch.int16), targets)
    assert found.shape == (40,)
    assert found.mean() == pytest.approx(want.item(), abs=1e-6)


def test_unknown_measure() -> None:
    with pytest.raises(UsageError, match="jaggedness"):
        by_image("jaggedness", torch.zeros(2, 1), torch.zeros(1))
