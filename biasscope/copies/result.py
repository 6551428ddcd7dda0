"""What an augmentation sweep found: one row a network, one answer a network, version and held-out image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.copies.evaluate import MEASURES, by_image
from biasscope.copies.run import Run
from biasscope.copies.subsampling import Subsampling
from biasscope.core.results import Cell

if TYPE_CHECKING:
    import polars as pl

    from biasscope.copies.law.need import CopiesNeeded

REGIONS = ("inside", "outside", "all")


@dataclass(frozen=True, eq=False, repr=False)
class CopiesSweep:
    """Answers of R networks to P versions of N held-out images. Tensors are on the CPU.

    Attributes
    ----------
    runs
        Networks, R of them.
    predictions
        Answers, int16 (R, P, N).
    targets
        Classes of the held-out images, int64 (N,).
    losses
        Training losses, float32 (R, most steps), NaN after the last step of a network.
    seconds
        Training time of each network; that of a group that was trained at once is shared out, (R,).
    steps
        Gradient steps of each network, (R,).
    engines
        ``sequential`` or ``vectorised``, R of them.
    coordinates
        Columns of the versions, each (P,): ``dy``, ``dx``, ``angle``, ``scale``.
    inside
        Whether a version lies in the range that was trained, bool (P,).
    axes
        Axes of the transformation: ``shift``, ``rotate``, ``scale``.
    available
        Number of different versions to train on, an axis each.
    subsampling
        Stride product and size ratio, by variant.
    parameters
        Everything that decides the result.
    settings
        How it was computed: device, engine and why, precision, plan and budget.
    notes
        What should be said with the numbers.

    Examples
    --------
    >>> from biasscope.copies import augmentation_sweep
    >>> small = {"copies": [1, 4], "variants": ["plain"], "seeds": 1, "steps": 2, "batch": 8, "shifts": "2x2"}
    >>> found = augmentation_sweep("small:4:4", "scenes:60@24", **small)
    >>> found.predictions.shape, found.runs[0].copies, found.available
    (torch.Size([2, 4, 12]), (1,), (4,))
    """

    runs: tuple[Run, ...]
    predictions: Tensor
    targets: Tensor
    losses: Tensor
    seconds: Tensor
    steps: Tensor
    engines: tuple[str, ...]
    coordinates: Mapping[str, NDArray[np.generic]]
    inside: NDArray[np.bool_]
    axes: tuple[str, ...]
    available: tuple[int, ...]
    subsampling: Mapping[str, Subsampling]
    parameters: Mapping[str, Cell] = field(default_factory=dict)
    settings: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[str, ...]:
        """Forms of the network, in the order of the plan."""
        return tuple(dict.fromkeys(run.variant for run in self.runs))

    @property
    def chance(self) -> float:
        """Share of the largest class among the held-out images: what a constant answer is right in."""
        return float(np.bincount(self.targets.numpy()).max() / len(self.targets))

    @property
    def shown(self) -> NDArray[np.float64]:
        """Different versions of a training image that each network saw, mean over the images, (R,).

        A pass over the images shows each of them in one version, so that these are fewer than n where the steps end
        before n passes.
        """
        n, images = (np.array([getattr(run, name) for run in self.runs]) for name in ("total", "train_images"))
        passes = self.steps.numpy() * int(str(self.settings["batch"])) / images
        whole = np.floor(passes)
        some = passes - whole
        return np.asarray((1 - some) * np.minimum(n, whole) + some * np.minimum(n, whole + 1))

    def __repr__(self) -> str:
        size = f"{len(self.runs)} networks, {self.predictions.shape[1]} versions x {len(self.targets)} images"
        return f"CopiesSweep({', '.join(self.variants)}: {size})"

    def views(self, region: str) -> NDArray[np.int64]:
        """Indices of the versions ``inside`` the trained range, ``outside`` of it, or ``all``."""
        if region not in REGIONS:
            raise ValueError(f"region is one of {REGIONS}, got {region!r}")
        chosen = {"inside": self.inside, "outside": ~self.inside, "all": np.ones_like(self.inside)}[region]
        return np.flatnonzero(chosen)

    def by_image(self, measure: str = "consistency", region: str = "inside") -> NDArray[np.float64]:
        """Measure of every network and image, (R, N); NaN where the region holds too few versions.

        Parameters
        ----------
        measure
            ``consistency``, ``accuracy`` or ``worst_case`` (right in all versions).
        region
            ``inside`` the trained range, ``outside``, or ``all``.
        """
        views = self.views(region)
        if len(views) < (2 if measure == "consistency" else 1):
            return np.full((len(self.runs), len(self.targets)), np.nan)
        return np.stack([by_image(measure, answers[views], self.targets) for answers in self.predictions])

    def maps(self, measure: str = "accuracy") -> NDArray[np.float64]:
        """Accuracy of every network in every version, or ``agreement`` with the unmoved version, (R, P)."""
        if measure == "accuracy":
            return np.asarray((self.predictions == self.targets).double().mean(2))
        reference = self.predictions[:, int(str(self.settings["reference"])), None]
        return np.asarray((self.predictions == reference).double().mean(2))

    def frame(self) -> pl.DataFrame:
        """Tidy frame: a row a network, region and measure."""
        import polars as pl

        rows = []
        for region in REGIONS:
            for measure in MEASURES:
                for index, value in enumerate(self.by_image(measure, region).mean(1)):
                    rows.append({**self._row(index), "region": region, "metric": measure, "value": float(value)})
        return pl.DataFrame(rows)

    def _row(self, index: int) -> dict[str, Cell]:
        """Give the columns that say which network it is."""
        run = self.runs[index]
        each: dict[str, Cell] = {f"copies_{name}": number for name, number in zip(self.axes, run.copies, strict=True)}
        return {
            "variant": run.variant,
            "copies": run.total,
            **(each if len(each) > 1 else {}),
            "train_images": run.train_images,
            "seed": run.seed,
            "steps": int(self.steps[index]),
            "shown": float(self.shown[index]),
            "seconds": float(self.seconds[index]),
            "engine": self.engines[index],
            "loss": float(self.losses[index, int(self.steps[index]) - 1]),
        }

    def needed(
        self,
        target: float | str = 0.95,
        *,
        measure: str = "consistency",
        region: str = "inside",
        train_images: int | None = None,
        level: float = 0.95,
        draws: int = 400,
        seed: int = 0,
    ) -> dict[str, CopiesNeeded]:
        """Copies that reach a target, by variant.

        Parameters
        ----------
        target
            A value of the measure, or ``antialias@1``: what that variant reaches with one copy.
        measure, region
            As in `by_image`.
        train_images
            Training-set size; the largest one without.
        level, draws, seed
            Of the bootstrap interval, over seeds and images.
        """
        from biasscope.copies.law.sweep import needed

        return needed(self, target, measure, region, train_images, level=level, draws=draws, seed=seed)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file; everything that is no tensor is JSON in its header."""
        from biasscope.copies.store import save

        return save(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> CopiesSweep:
        """Read what `save` wrote; an `InputError` when the file is something else or damaged."""
        from biasscope.copies.store import load

        return load(Path(path))
