"""Metrics that were given a block of images."""

import torch

from biasscope.metrics import METRICS
from tests.unit.metrics.tables import grid_steps, inputs, tables


def make(name, **options):
    return METRICS.load(name)(**options)


def filled(name, found, **options):
    metric = make(name, **options)
    metric.update(**inputs(METRICS[name], found))
    return metric


def same(one, other):
    return torch.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)


def perfect():
    """A model that is right and sure at every view."""
    p = torch.zeros(11, 8, 8)
    p[:, torch.arange(8), torch.arange(8)] = 1.0
    return tables(p, torch.arange(8), 5, grid_steps(11))
