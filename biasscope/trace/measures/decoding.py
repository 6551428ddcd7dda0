"""Can the phase of a shift be read off a layer? If so, the layer still knows where the sampling grid lay."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.randomness import mix
from biasscope.trace.errors.sums import wide
from biasscope.trace.estimate import NOTHING, Estimate, ImageMeans
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan, phases

Features = Literal["pooled", "flattened"]


def phase_decoding(
    features: NDArray[np.float64], phase: NDArray[np.int64], picture: NDArray[np.int64], *, folds: int = 5
) -> NDArray[np.float64]:
    """Accuracy of a linear classifier that tells the phase from features of pictures it has not seen.

    Parameters
    ----------
    features
        One row a response, (R, D).
    phase, picture
        Phase and picture of each, (R,); pictures stay together in cross-validation.
    folds
        Number of folds, at most as many as there are pictures.

    Returns
    -------
        Share of right answers for every picture, in order of the picture's number; chance is 1 by the number of phases.

    Notes
    -----
    Standardised features, logistic regression (scikit-learn).

    Examples
    --------
    >>> told = np.array([[0.0], [1.0]] * 4)
    >>> phase_decoding(told, np.tile([0, 1], 4), np.repeat(np.arange(4), 2)).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    right = np.zeros(len(phase))
    for train, test in GroupKFold(min(folds, len(np.unique(picture)))).split(features, phase, picture):
        told = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            told.fit(features[train], phase[train])
        right[test] = told.predict(features[test]) == phase[test]
    return np.array([right[picture == number].mean() for number in np.unique(picture)])


def sketch(features: Tensor, size: int, seed: int = 0) -> Tensor:
    """Project (R, D) on ``size`` columns: every feature is added to one of them, or taken off (count sketch).

    Lengths and inner products stay what they are in the mean; narrower features stay as they are.
    """
    width = features.shape[1]
    if width <= size:
        return features
    hashed = mix(np.arange(width, dtype=np.uint64), seed)
    column = torch.as_tensor((hashed % np.uint64(size)).astype(np.int64), device=features.device)
    sign = torch.as_tensor((hashed >> np.uint64(63)).astype(np.float64) * 2 - 1, device=features.device)
    return features.new_zeros(len(features), size).index_add_(1, column, features * sign.to(features.dtype))


class PhaseDecoding(Measure):
    """How far above chance the phase (shift mod stride) is decoded: 0 = not at all, 1 = always.

    Parameters
    ----------
    features
        ``"pooled"`` means of maps, or ``"flattened"`` maps.
    size
        Columns that features are projected on.
    phases
        At most so many phases are told apart, those of the first shifts.
    pictures
        At most so many pictures are used, the first ones.
    folds
        As in `phase_decoding`.
    """

    def __init__(
        self, layers: Sequence[Layer], plan: Plan, *, features: Features = "pooled", size: int = 64, phases: int = 16,
        pictures: int = 64, folds: int = 5,
    ) -> None:  # fmt: skip
        super().__init__(layers, plan)
        if features not in ("pooled", "flattened") or min(size, phases, pictures) < 1 or folds < 2:
            raise UsageError(f"phase_decoding cannot use features={features!r}, {size}, {phases}, {pictures}, {folds}")
        self._features, self._size, self._pictures, self._folds = features, size, pictures, folds
        self._phase = [_few(plan, layer, phases) for layer in layers]
        self._kept: list[list[Tensor]] = [[] for _ in layers]
        self._labels: list[list[tuple[int, int]]] = [[] for _ in layers]
        self._notes = [""] * len(layers)

    def update(self, number: int, reading: Reading) -> None:
        """Keep the projected features of the first shift of every phase."""
        chunk, phase = reading.chunk, self._phase[number]
        places = [place for place in range(chunk.fresh.start, len(chunk.views)) if chunk.views[place] in phase]
        rows = [row for row, picture in enumerate(chunk.pictures) if picture < self._pictures]
        if not places or not rows or len(phase) < 2:
            return
        maps = reading.maps[: len(rows), places]
        flat = maps.mean((-2, -1), dtype=wide(maps.dtype)) if self._features == "pooled" else maps.flatten(2)
        kept = sketch(flat.flatten(0, 1).to(wide(maps.dtype)), self._size, self.plan.seed)
        self._kept[number].append(kept.cpu())
        pairs = [(chunk.pictures[row], phase[chunk.views[place]]) for row in rows for place in places]
        self._labels[number] += pairs

    def estimates(self) -> list[Estimate]:
        """Accuracy above chance, by what there is above chance; 0 where there is one phase only."""
        return [self._estimate(number) for number in range(len(self.layers))]

    def note(self, number: int) -> str:
        """Accuracy and chance as such."""
        return self._notes[number]

    def _estimate(self, number: int) -> Estimate:
        kinds, labels = len(self._phase[number]), self._labels[number]
        if kinds < 2:
            self._notes[number] = "one phase: nothing to decode"
            return Estimate(0.0, None, None, len({picture for picture, _ in labels}))
        if len({picture for picture, _ in labels}) < 2:
            self._notes[number] = "needs two images"
            return NOTHING
        picture, phase = np.array(labels).T
        features = torch.cat(self._kept[number]).double().numpy()
        accuracy = phase_decoding(features, phase, picture, folds=self._folds)
        self._notes[number] = f"accuracy {accuracy.mean():.3f}, chance {1 / kinds:.3f}, {kinds} phases"
        means = ImageMeans(-1, 1)
        means.add(torch.as_tensor((accuracy - 1 / kinds) / (1 - 1 / kinds))[None])
        return means.estimates()[0]


def _few(plan: Plan, layer: Layer, most: int) -> dict[int, int]:
    """First view of every phase, and the number of that phase."""
    found: dict[int, int] = {}
    for view, phase in enumerate(phases(plan.offsets, layer.grid).tolist()):
        if phase not in found.values() and len(found) < most:
            found[view] = phase
    return found
