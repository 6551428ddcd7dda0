"""Every metric of the registry, and tables of a sweep for it."""

import pytest

from biasscope.metrics import METRICS
from tests.unit.metrics.tables import block


@pytest.fixture(scope="module")
def found():
    return block(images=10, views=11, seed=5)


@pytest.fixture(params=METRICS)
def name(request):
    return request.param
