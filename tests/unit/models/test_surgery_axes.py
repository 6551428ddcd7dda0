"""Steps of a slice are a subsampling where they go over rows or columns, in whatever order the axes are."""

import pytest
import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models import antialias, circular, polyphase, surgery_table
from biasscope.models.surgery.reading.axes import stepped

pytestmark = pytest.mark.usefixtures("no_gradients")


class Around(nn.Module):
    """A function between two convolutions."""

    def __init__(self, function, channels=8):
        super().__init__()
        self.function, self.first, self.last = function, nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(channels, 4, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.last(self.function(self.pool(self.first(x))))


def rotary(x):
    """Every second feature of 4 heads, as rotary embeddings take it, and back to a map."""
    n, _, height, width = x.shape
    heads = x.flatten(2).transpose(1, 2).reshape(n, height * width, 2, 4).permute(0, 2, 1, 3)
    turned = torch.stack((-heads[..., 1::2], heads[..., ::2]), -1).reshape(heads.shape)
    return (heads + turned).permute(0, 2, 1, 3).reshape(n, height * width, 8).transpose(1, 2).reshape(x.shape)


SUBSAMPLING = {
    "rows and columns": lambda x: x[:, :, ::2, ::2],
    "rows alone": lambda x: x[:, :, ::2],
    "rows where channels are last": lambda x: x.permute(0, 2, 3, 1)[:, ::2].permute(0, 3, 1, 2),
    "rows by movedim": lambda x: torch.movedim(torch.movedim(x, 1, -1)[:, ::2], -1, 1),
    "columns where channels are last": lambda x: x.transpose(1, 3)[:, ::2].transpose(1, 3),
}


@pytest.mark.parametrize("name", SUBSAMPLING)
def test_steps_over_rows_and_columns_are_refused(name):
    with pytest.raises(UsageError, match="slices with a step"):
        antialias(Around(SUBSAMPLING[name]))


@pytest.mark.parametrize(
    ("function", "channels"),
    [
        (rotary, 8),
        (lambda x: x[:, ::2], 4),
        (lambda x: x.permute(0, 2, 3, 1)[..., ::2].permute(0, 3, 1, 2), 4),
    ],
)
def test_steps_over_features_are_none(function, channels):
    assert surgery_table(antialias(Around(function, channels))).names == ["pool"]


def test_an_ellipsis_stands_for_the_axes_between():
    every = slice(None, None, 2)
    assert stepped((0, ..., every, None), 4) == {3}
    assert stepped((slice(None), torch.ones(2, 2, dtype=torch.bool), every), 4) == {3}
    assert stepped(every, 4) == {0}


def shuffled(x):
    n, c, height, width = x.shape
    return x.view(n, 2, c // 2, height, width).transpose(1, 2).reshape(n, c, height, width)


class Tokens(nn.Module):
    """One embedding a position."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.rand(256, 4))

    def forward(self, x):
        return (x.flatten(2).transpose(1, 2) + self.place).mean(1)


@pytest.mark.parametrize("operation", [circular, polyphase, lambda net: polyphase(net, circular=False)])
@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ((nn.Flatten(), nn.Linear(4 * 16 * 16, 3)), True),
        ((Tokens(),), True),
        ((nn.Conv2d(4, 3, 1), Around(shuffled), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), False),
        ((nn.Flatten(2), nn.AdaptiveAvgPool1d(1)), False),
    ],
)
def test_where_a_map_is_taken_apart_is_told(operation, rest, told):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), *rest)
    found = [row.reason for row in surgery_table(operation(net)).kept]
    assert [reason.startswith("takes the rows and columns of a map of 16 x 16 apart") for reason in found] == [
        True
    ] * told


def test_a_step_in_the_forward_of_the_model_itself_has_a_name_in_the_table():
    table = surgery_table(circular(Around(lambda x: torch.relu(x.flatten(1)).view(x.shape))))
    assert str(table).splitlines()[-1].startswith("kept: the model itself (flatten): takes the rows and columns")


class Merging(nn.Module):
    def forward(self, x):
        n, rows, columns, channels = x.shape
        return x.reshape(n, rows // 2, 2, columns // 2, 2, channels).permute(0, 1, 3, 4, 2, 5).flatten(3)


class Patches(nn.Module):
    """Blocks of pixels moved into channels in the middle of a network, channels last."""

    def __init__(self):
        super().__init__()
        self.stem, self.merge, self.head = nn.Conv2d(3, 4, 4, 4), Merging(), nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.merge(self.stem(x).permute(0, 2, 3, 1))).mean((1, 2))


def test_pixels_that_are_moved_into_channels_by_reshaping_are_listed():
    kept = surgery_table(antialias(Patches())).kept
    reason = "moves blocks of 2 x 2 pixels into channels, in front of which no blur is put"
    assert [(row.name, row.kind, row.reason) for row in kept if row.name != "stem"] == [("merge", "flatten", reason)]
    assert [row.name for row in surgery_table(antialias(Patches(), skip="merge")).kept] == ["stem"]
