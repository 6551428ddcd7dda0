"""Tables of the estimate: curves, fits, residuals, needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from biasscope.core.results import Table, number, table
from biasscope.pipeline.augmentation.study import Estimate, Study

Row = Mapping[str, Any]


def of_rows(name: str, found: Sequence[Row], title: str, row: str = "") -> Table:
    """Table from rows that have the same keys; infinite numbers become undefined."""
    keys = list(dict.fromkeys(key for one in found for key in one))
    return table(name, {key: [_cell(one.get(key)) for one in found] for key in keys}, title=title, row=row)


def _cell(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return number(value) if isinstance(value, float) else value


def curves(studies: Sequence[Study]) -> Table:
    """Every measure against the number of copies, with its bootstrap interval over seeds and images."""
    found = [row for study in studies for one in study.estimates for row in _curve(study, one)]
    return of_rows("curves", found, "Measures by number of copies", "point")


def _curve(study: Study, one: Estimate) -> Iterator[Row]:
    steps = {run.total: int(count) for run, count in zip(study.sweep.runs, study.sweep.steps, strict=True)}
    shown = study.shown(one.train_images)
    needed = one.needed
    for place, n in enumerate(needed.copies.tolist()):
        yield {
            **_who(study, one),
            "transform": "+".join(study.sweep.axes),
            "n": n,
            "metric": one.measure,
            "value": float(needed.values[place]),
            "low": float(needed.values_low[place]),
            "high": float(needed.values_high[place]),
            "fitted": float(needed.predicted[place]),
            "learned": bool(needed.learned[place]),
            "target": needed.target,
            "s2": study.argument(one.variant),
            "seeds": needed.seeds,
            "images": needed.images,
            "steps": steps[n],
            "shown": shown[n],
        }


def _who(study: Study, one: Estimate) -> dict[str, Any]:
    return {
        "variant": one.label,
        "model": study.model,
        "form": one.variant,
        "train_images": one.train_images,
        "region": one.region,
    }


def summary(studies: Sequence[Study]) -> Table:
    """A row a network: consistency with one copy and with most, the need, and the argument."""
    found = [_row(study, one) for study in studies for one in study.main]
    return of_rows("summary", found, "Consistency and need of every network", "network")


def _row(study: Study, one: Estimate) -> Row:
    needed = one.needed
    ends = {
        f"{name}{end}": float(values[place])
        for name, place in (("one", 0), ("most", -1))
        for end, values in (("", needed.values), ("_low", needed.values_low), ("_high", needed.values_high))
    }
    return {
        "variant": one.label,
        "least_n": int(needed.copies[0]),
        "most_n": int(needed.copies[-1]),
        **ends,
        "target": needed.target,
        "n": needed.n,
        "n_low": needed.low,
        "n_high": needed.high,
        "s2": study.argument(one.variant),
        "size_ratio2": study.sweep.subsampling[one.variant].size_ratio ** 2,
        "status": needed.status,
        "statement": needed.text,
    }


def needs(studies: Sequence[Study]) -> Table:
    """Copies that the target needs, beside the argument."""
    found = [_need(study, one) for study in studies for one in study.estimates]
    return of_rows("needed", found, "Copies that the target needs", "estimate")


def _need(study: Study, one: Estimate) -> Row:
    needed, square = one.needed, study.argument(one.variant)
    return {
        **_who(study, one),
        "metric": one.measure,
        "target": needed.target,
        "n": needed.n,
        "n_low": needed.low,
        "n_high": needed.high,
        "status": needed.status,
        "reached": needed.reached,
        "measured": needed.measured,
        "law": needed.law or "none",
        "s2": square,
        "size_ratio2": study.sweep.subsampling[one.variant].size_ratio ** 2,
        "of_s2": needed.n / square,
        "statement": needed.text,
    }


def fits(studies: Sequence[Study]) -> Table:
    """Both laws of every curve: parameters, error of cross-validation, and what each says about the target."""
    found = [
        {
            **_who(study, one),
            "metric": one.measure,
            "law": law,
            "top": parameters["top"],
            "height": parameters["height"],
            "shape": ", ".join(f"{k} {v:.4g}" for k, v in parameters.items() if k not in ("top", "height")),
            "cv_error": one.needed.cv_error[law],
            "chosen": law == one.needed.law,
            "n_needed": one.needed.needed_by[law],
            "reached": one.needed.needed_by[law] <= one.needed.copies.max(),
        }
        for study in studies
        for one in study.estimates
        for law, parameters in one.needed.fits.items()
    ]
    return of_rows("fits", found, "Laws of growth", "fit")


def residuals(studies: Sequence[Study]) -> Table:
    """What was measured less what the chosen law says."""
    found = [
        {
            **_who(study, one),
            "metric": one.measure,
            "n": n,
            "value": value,
            "fitted": fitted,
            "residual": value - fitted,
        }
        for study in studies
        for one in study.estimates
        for n, value, fitted in zip(
            one.needed.copies.tolist(), one.needed.values.tolist(), one.needed.predicted.tolist(), strict=True
        )
        if np.isfinite(fitted)
    ]
    return of_rows("residuals", found, "Residuals of the chosen laws", "point")
