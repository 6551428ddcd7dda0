"""What a trace found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Cell, Table, table
from biasscope.trace.layer_result import Lattice, LayerTrace, Sums
from biasscope.trace.layered import Layered


@dataclass(frozen=True, eq=False)
class Trace(Layered[LayerTrace]):
    """Measures at every layer of a network.

    Attributes
    ----------
    layers
        In order of execution.
    offsets, reference
        Shifts (dy, dx) of the S views in pixels against the reference, and which view that is.
    lattices
        By measure and layer.
    sums
        Global sums by layer.
    model, protocol, images
        Label of the network, name of the protocol, number of images.
    parameters, notes, problems
        What decided the numbers, what people should know, pictures that were left out.
    image_ids
        Names of the images, in order.
    by_image
        Values (layers, images) by measure, NaN where undefined, for `trace` with ``by_image``.
    infinite
        Names of the images for which the network's class scores are not finite (NaN, infinite), in some view.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import trace
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), torch.nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> [layer.name for layer in found.layers], [round(value, 6) for value in found.values("equivariance_l2")]
    (['0', '1'], [0.0, 0.0])
    """

    layers: tuple[LayerTrace, ...]
    offsets: NDArray[np.float64]
    reference: int
    lattices: Mapping[str, Mapping[str, Lattice]]
    sums: Mapping[str, Sums]
    model: str
    protocol: str
    images: int
    parameters: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[Any, ...] = ()
    image_ids: tuple[str, ...] = ()
    by_image: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    infinite: tuple[str, ...] = ()

    def values(self, measure: str) -> list[float | None]:
        """One measure at every layer, in order; ``None`` where it is undefined."""
        return [layer[measure] if measure in layer.measures else None for layer in self.layers]

    def table(self, name: str = "layers") -> Table:
        """Give the rows of `frame` as a table of the JSON contract."""
        rows = self._rows()
        columns = {key: [row[key] for row in rows] for key in (rows[0] if rows else ())}
        return table(name, columns, title="Measures at every layer", row="a layer and measure")

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"model": self.model, **layer.columns(), **vars(one)}
            for layer in self.layers
            for one in layer.measures.values()
        ]

    def __str__(self) -> str:
        names = list(dict.fromkeys(name for layer in self.layers for name in layer.measures))
        rows = [["layer", "stride", *names]]
        for layer in self.layers:
            mark = " v" if layer.subsampling else ""
            stride = "global" if layer.stride is None else f"{layer.stride[0]:g}{mark}"
            shown = [layer.measures[name].value if name in layer.measures else None for name in names]
            rows.append([layer.name, stride, *("-" if value is None else f"{value:.3g}" for value in shown)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
