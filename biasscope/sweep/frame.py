"""A sweep as a tidy frame."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from biasscope.sweep.result import Sweep

INTEGERS = ("rank_true", "rank_reference")
PROBABILITIES = ("p_top", "p_true", "p_reference")


def frame(found: Sweep) -> pl.DataFrame:
    """One row a view and picture, view by view; probabilities and ranks that are not defined are null.

    Columns: ``image_id``, ``view``, the coordinates of the view, ``target``, ``prediction``, ``changed`` (whether it is
    not the reference's), ``p_top``, ``p_true``, ``p_reference``, ``rank_true``, ``rank_reference``, and for each way of
    stepping ``previous`` (a view) and ``p_step``, numbered from the second on.
    """
    views, pictures = found.predictions.shape
    columns: dict[str, pl.Series] = {
        "image_id": pl.Series(list(found.image_ids) * views, dtype=pl.String),
        "view": pl.Series(np.arange(views).repeat(pictures)),
        **{name: pl.Series(_per_view(values, pictures)) for name, values in found.coordinates.items()},
        "target": _known(np.tile(found.targets.numpy(), views)),
        "prediction": _flat(found.predictions),
        "changed": _flat(found.predictions != found.predictions[found.reference]),
    }
    columns |= {name: _flat(getattr(found, name)).fill_nan(None) for name in PROBABILITIES}
    columns |= {name: _known(getattr(found, name).reshape(-1).numpy()) for name in INTEGERS}
    for k in range(len(found.steps)):
        suffix = "" if k == 0 else f"_{k + 1}"
        columns[f"previous{suffix}"] = _known(found.steps[k].numpy().repeat(pictures))
        columns[f"p_step{suffix}"] = _flat(found.p_step[k]).fill_nan(None)
    return pl.DataFrame(columns)


def _per_view(values: NDArray[np.generic], pictures: int) -> NDArray[np.generic]:
    return np.asarray(values).repeat(pictures)


def _flat(table: Tensor) -> pl.Series:
    return pl.Series(table.reshape(-1).numpy())


def _known(values: NDArray[np.int64]) -> pl.Series:
    series = pl.Series(values)
    return series.set(series < 0, None)
