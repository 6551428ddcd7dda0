"""Classifiers whose layer to blame is known, and forms of them that are awkward to patch."""

import torch
from torch import nn

from tests.unit.trace.nets import conv


def head(channels):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4)]


def clean():
    return nn.Sequential(conv(1, 6), nn.ReLU(), conv(6, 8), nn.ReLU(), *head(8))


def aliased_then_linear():
    """The pool at "2" alone is aliased; behind it everything is linear."""
    return nn.Sequential(conv(1, 6), nn.ReLU(), nn.MaxPool2d(2), conv(6, 8), *head(8))


def aliased():
    """The strided convolution at "4" alone is aliased; non-linear layers follow."""
    return nn.Sequential(
        conv(1, 6), nn.BatchNorm2d(6), nn.ReLU(inplace=True), conv(6, 6), conv(6, 8, 2), nn.ReLU(inplace=True),
        conv(8, 8), nn.ReLU(inplace=True), *head(8),
    )  # fmt: skip


class Residual(nn.Module):
    """A block with a strided main path and a strided shortcut, in place."""

    def __init__(self):
        super().__init__()
        self.stem = conv(1, 6)
        self.main, self.norm, self.shortcut = conv(6, 8, 2), nn.BatchNorm2d(8), nn.Conv2d(6, 8, 1, 2)
        self.relu = nn.ReLU(inplace=True)
        self.tail = nn.Sequential(*head(8))

    def forward(self, x):
        x = self.relu(self.stem(x))
        out = self.norm(self.main(x))
        out += self.shortcut(x)
        return self.tail(self.relu(out))


class Added(nn.Module):
    """A block that adds what it read."""

    def __init__(self):
        super().__init__()
        self.main, self.relu = conv(6, 6), nn.ReLU(inplace=True)

    def forward(self, x):
        return x + self.relu(self.main(x))


class SidePath(nn.Module):
    """The guilty pool "p" lies in a branch; everything passes through "c" for the first time, which is innocent."""

    def __init__(self):
        super().__init__()
        self.a, self.p, self.r, self.b, self.sk = conv(3, 6), nn.MaxPool2d(2), nn.ReLU(), conv(6, 6), nn.AvgPool2d(2)
        self.c, self.g, self.f = conv(9, 8), nn.AdaptiveAvgPool2d(1), nn.Linear(8, 4)

    def forward(self, x):
        y = self.b(self.r(self.p(self.a(x))))
        return self.f(self.g(self.c(torch.cat([y, self.sk(x)], 1))).flatten(1))


class Twice(nn.Module):
    """One convolution that is called twice, and pooling in between; the same weights under a second name."""

    def __init__(self):
        super().__init__()
        self.first, self.shared, self.pool = conv(1, 4), conv(4, 4), nn.MaxPool2d(2)
        self.again = self.shared
        self.tail = nn.Sequential(*head(4))

    def forward(self, x):
        return self.tail(self.again(self.pool(torch.relu(self.shared(self.first(x))))))


class Pieces(nn.Module):
    """Gives a tuple of which the second part goes on."""

    def __init__(self):
        super().__init__()
        self.conv = conv(1, 4)

    def forward(self, x):
        return {"number": x.mean(), "maps": (self.conv(x), torch.relu(self.conv(x)))}


class FromPieces(nn.Module):
    def __init__(self):
        super().__init__()
        self.pieces, self.rest = Pieces(), nn.Sequential(nn.MaxPool2d(2), *head(4))

    def forward(self, x):
        return self.rest(self.pieces(x)["maps"][1])


class Binary(nn.Module):
    """One number a picture, the logit of yes; with ``both`` half of it for yes, and against yes for no."""

    def __init__(self, both=False):
        super().__init__()
        self.net, self.both = (
            nn.Sequential(conv(1, 6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(384, 1)),
            both,
        )

    def forward(self, x):
        z = self.net(x)
        return torch.cat([-z / 2, z / 2], 1) if self.both else z
