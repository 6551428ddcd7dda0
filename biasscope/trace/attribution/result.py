"""Whether explanations move with the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from biasscope.core.results import Cell

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class MethodMeasured:
    """One measure of one method: value, interval over images, number of images with a value."""

    method: str
    measure: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str
    unit: str = ""


@dataclass(frozen=True, eq=False)
class SampleMaps:
    """Maps of one picture and one shift.

    Attributes
    ----------
    picture, shifted_picture
        As the network sees them, (C, H, W).
    reference, shifted, back
        Map of the picture, of the shifted one, and that moved back, (H, W).
    """

    image_id: str
    method: str
    dy: float
    dx: float
    picture: Tensor
    shifted_picture: Tensor
    reference: Tensor
    shifted: Tensor
    back: Tensor


@dataclass(frozen=True, eq=False)
class AttributionEquivariance:
    """Does the explanation move with the object?

    Attributes
    ----------
    methods
        Every measure of every method.
    samples
        Maps of a few pictures.
    layer
        The layer of Grad-CAM, empty without one.
    notes
        What people should know.
    model, protocol, images
        Label of the network, name of the protocol, number of images.
    parameters, problems
        What decided the numbers, pictures that were left out.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import attribution_equivariance
    >>> layers = torch.nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), torch.nn.AdaptiveAvgPool2d(1)
    >>> net = torch.nn.Sequential(*layers, torch.nn.Flatten())
    >>> found = attribution_equivariance(net, torch.rand(2, 1, 8, 8), (0, 3), methods=["saliency"])
    >>> ("saliency", "cosine") in found, found.images
    (True, 2)
    """

    methods: tuple[MethodMeasured, ...]
    samples: tuple[SampleMaps, ...]
    layer: str
    model: str
    protocol: str
    images: int
    parameters: Mapping[str, Cell] = field(default_factory=dict)
    problems: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Whether there is a measure by (method, measure)."""
        return any((one.method, one.measure) == key for one in self.methods)

    def __getitem__(self, key: tuple[str, str]) -> MethodMeasured:
        """Give a measure by (method, measure)."""
        for one in self.methods:
            if (one.method, one.measure) == key:
                return one
        raise KeyError(key)

    def frame(self) -> pl.DataFrame:
        """Tidy frame: one row a method and measure."""
        import polars as pl

        return pl.DataFrame([{"model": self.model, **vars(one)} for one in self.methods], infer_schema_length=None)
