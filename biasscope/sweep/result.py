"""What a sweep found: one entry a view and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.results import Cell
from biasscope.images.picture import ImageProblem

if TYPE_CHECKING:
    import polars as pl

    from biasscope.sweep.measure import Measured


@dataclass(frozen=True)
class Floor:
    """How far answers move although nothing was shifted: what a measured change has to be compared with.

    Attributes
    ----------
    changed
        Share of answers that changed.
    mean_absolute_change
        Mean absolute change of the probability of the answer.
    n
        Number of pictures.
    detail
        What was compared, in words.

    Examples
    --------
    >>> from biasscope.sweep import sweep
    >>> model = "torchvision:squeezenet1_1@none?classes=10&size=32"
    >>> found = sweep(model, "scenes:3", "circular", floor=2)
    >>> found.floors["batch layout"].n
    2
    """

    changed: float
    mean_absolute_change: float
    n: int
    detail: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Answers of a model to S views of N pictures. Tensors are on the CPU.

    Attributes
    ----------
    predictions
        Answer (index of the largest output, the first of equals), int64 (S, N).
    targets
        True class as an index of the model's outputs, -1 where it is not known, int64 (N,).
    p_top
        Probability of the view's own answer, float32 (S, N).
    p_true
        Probability of the true class, NaN without target, (S, N).
    p_reference
        Probability of the class that the reference view answered, (S, N).
    p_step
        At view ``s``, the probability of the class that view ``steps[k, s]`` answered; NaN without predecessor;
        (K, S, N).
    rank_true, rank_reference
        Number of classes that are strictly more probable than the true class or the reference's answer; 0 is top 1, -1
        without target; int64 (S, N).
    steps
        Predecessors of the views, -1 for none, int64 (K, S).
    reference
        Index of the reference view.
    tta
        Test-time augmentation: answers after averaging the probabilities of k views, for G disjoint random groups of
        views: k -> int64 (G, N).
    image_ids
        Names of the pictures, N of them.
    indices
        Number of each picture in the order in which the source gives its pictures, int64 (N,): of a sample the place
        in the sample, not the row of the table (`image_ids` name the rows). Refused pictures leave gaps; shards are
        joined by it.
    coordinates
        Columns of the views, each (S,): ``dy`` and ``dx``, ``size``, ``angle`` and so on.
    transformation, parameters
        Name of the protocol and everything that decides its views.
    model
        Label of the model.
    class_names
        Names of the model's outputs, where they are known.
    problems
        Pictures that were left out or had to be converted.
    floors
        Numerical floors by name: ``batch layout``, ``bf16``, ``interpolation``.
    settings
        How the model was run: batch, device, precision and so on.
    notes
        What should be said with the numbers.

    Examples
    --------
    >>> from biasscope.sweep import sweep
    >>> model = "torchvision:squeezenet1_1@none?classes=10&size=32"
    >>> found = sweep(model, "scenes:3", "circular", floor=2)
    >>> found.predictions.shape, found.coordinates["dy"][:8].tolist()
    (torch.Size([49, 3]), [-3, -3, -3, -3, -3, -3, -3, -2])
    """

    predictions: Tensor
    targets: Tensor
    p_top: Tensor
    p_true: Tensor
    p_reference: Tensor
    p_step: Tensor
    rank_true: Tensor
    rank_reference: Tensor
    steps: Tensor
    reference: int
    image_ids: tuple[str, ...]
    indices: Tensor
    coordinates: Mapping[str, NDArray[np.generic]]
    transformation: str
    parameters: Mapping[str, Cell]
    model: str
    tta: Mapping[int, Tensor] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    problems: tuple[ImageProblem, ...] = ()
    floors: Mapping[str, Floor] = field(default_factory=dict)
    settings: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def views(self) -> int:
        """Number of views S."""
        return int(self.predictions.shape[0])

    @property
    def offsets(self) -> NDArray[np.generic] | None:
        """Shifts (dy, dx) of the views, (S, 2), positive down and right; ``None`` where views are no shifts."""
        if not {"dy", "dx"} <= self.coordinates.keys():
            return None
        return np.stack([self.coordinates["dy"], self.coordinates["dx"]], 1)

    def __len__(self) -> int:
        """Give the number of pictures N."""
        return len(self.image_ids)

    def __repr__(self) -> str:
        labelled = int((self.targets >= 0).sum())
        known = "" if labelled == len(self) else f", {labelled} labelled"
        return f"Sweep({self.model}, {self.transformation}: {self.views} views x {len(self)} pictures{known})"

    def frame(self) -> pl.DataFrame:
        """Tidy frame, a row a view and picture (S x N rows): coordinates of the view, answers and probabilities."""
        from biasscope.sweep.frame import frame

        return frame(self)

    def measure(self, names: Sequence[str] | None = None, *, level: float = 0.95) -> list[Measured]:
        """Values of metrics with their cluster intervals, by the names of `biasscope.metrics.METRICS`.

        Without names: every metric for which this sweep has what it needs.
        """
        from biasscope.sweep.measure import measure

        return measure(self, names, level=level)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file; everything that is no tensor is JSON in its header."""
        from biasscope.sweep.store import save

        return save(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Sweep:
        """Read what `save` wrote; an `InputError` when the file is something else or damaged."""
        from biasscope.sweep.store import load

        return load(Path(path))

    @staticmethod
    def concatenate(parts: Sequence[Sweep]) -> Sweep:
        """Join the shards of one sweep; pictures come in the order of the source, whatever that of the shards."""
        from biasscope.sweep.join import concatenate

        return concatenate(parts)
