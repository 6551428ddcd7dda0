"""Results of the question of upsampling for tests of the report: a small network that is really looked at."""

from functools import cache

import msgspec
import torch
from torch import nn

from biasscope import analyze_upsampling
from biasscope.core.results import Column, Result, Table, table
from biasscope.models import Preprocessing, load_model

KINDS = ("patterns", "overlap", "remedies", "gradients", "weights", "coverage")


@cache
def results() -> tuple[Result, ...]:
    """Everything that a network with strided layers in front of transposed ones gives."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(3, 1, 3, 2, 1, 1))
    model = load_model(net, preprocessing=Preprocessing((32, 32), None, (0.5,), (0.5,)))
    found = analyze_upsampling(model, images="scenes:3", remedies=["equal-phases", "hold", "icnr"], draws=19)
    return tuple(_bent(item) if item.kind == "coverage" else item for item in found.results)


def _bent(item: Result) -> Result:
    """The same with the accuracy of a network that knows shifts of up to 2 pixels."""
    distance = [0.0, 1.0, 2.0, 3.0, 4.0]
    accuracy = [0.9, 0.9, 0.9, 0.7, 0.5]
    columns = {
        "variant": ["plain"] * 5, "n": [25] * 5, "axis": ["shift (px)"] * 5, "distance": distance,
        "inside": [place <= 2 for place in distance], "versions": [1, 2, 2, 2, 2], "accuracy": accuracy,
        "accuracy_low": [value - 0.05 for value in accuracy], "accuracy_high": [value + 0.05 for value in accuracy],
    }  # fmt: skip
    knee = table("knee", columns, title="Inside and outside the trained range", row="distance")
    return msgspec.structs.replace(item, tables=[knee, *item.tables])


def one(kind: str) -> Result:
    """Result of a kind."""
    return next(item for item in results() if item.kind == kind)


def called(item: Result, name: str) -> Result:
    """The same of a model with another name."""
    return Result(item.kind, item.finding, tables=[_called(table, name) for table in item.tables])


def _called(table: Table, name: str) -> Table:
    columns = [
        Column(column.name, column.kind, [name] * len(column.values)) if column.name == "model" else column
        for column in table.columns
    ]
    return Table(table.name, columns)
