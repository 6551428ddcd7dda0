"""Linear discriminant analysis on splines of geometry: smooth, and cheap at a thousand classes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.leakage.score import CHUNK, Fitted, Floats, Ints, Score, Split, shares

Small = NDArray[np.float32]
STRENGTHS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 0.85, 1.0)
TUNING_ROWS, KNOTS, SHRINKAGE = 1_500, 5, 1e-3


def spline_features(values: Floats) -> Floats:
    """Cubic spline basis of each column with knots at quantiles (scikit-learn); a constant column is left out."""
    from sklearn.preprocessing import SplineTransformer

    made = [np.zeros((len(values), 0))]
    for column in values.T:
        knots = np.unique(np.quantile(column, np.linspace(0, 1, KNOTS)))
        if len(knots) > 1:
            basis = SplineTransformer(degree=3, knots=knots[:, None], include_bias=False, extrapolation="constant")
            made.append(basis.fit_transform(column[:, None]))
    return np.hstack(made)


def discriminant(features: Floats, label: Ints, classes: int, split: Split) -> Fitted:
    """Linear discriminant analysis (scikit-learn, least squares with a little shrinkage).

    Its evidence is scaled by one of ``STRENGTHS``, the one with the least cross-entropy on tuning rows: with few boxes
    a class the model is too sure of itself, and 0 falls back on the class shares.
    """
    from sklearn import config_context
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    prior = np.log(shares(label[split.training], classes)).astype(np.float32)
    weights, offset = np.zeros((features.shape[1], classes), np.float32), np.zeros(classes, np.float32)
    rows = split.fit[np.bincount(label[split.fit], minlength=classes)[label[split.fit]] > 1]
    if features.shape[1] and len(np.unique(label[rows])) > 1:
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE)
        with config_context(assume_finite=True, skip_parameter_validation=True):  # it validates every class anew
            weights, offset = _evidence(model.fit(features[rows], label[rows]), classes)
    rows = split.tune[:TUNING_ROWS]
    gains = [_score(features[rows], weights, offset, prior, by, label[rows]).bits.mean() for by in STRENGTHS]
    best = STRENGTHS[int(np.argmax(gains))]
    test, tune = (_score(features[at], weights, offset, prior, best, label[at]) for at in (split.test, split.tune))
    return Fitted(test, tune.bits, partial(_chances, features, weights, offset, prior, best))


def _evidence(model: Any, classes: int) -> tuple[Small, Small]:
    """Weights (features, classes) and offsets of the log likelihood ratios; classes never seen get the mean offset."""
    coefficients, intercept = model.coef_, model.intercept_ - np.log(model.priors_)
    if len(model.classes_) == 2:
        ratio = model.intercept_[0] - np.log(model.priors_[1] / model.priors_[0])
        coefficients, intercept = np.stack([0 * coefficients[0], coefficients[0]]), np.array([0.0, ratio])
    weights = np.zeros((coefficients.shape[1], classes), np.float32)
    offset = np.full(classes, intercept.mean(), np.float32)
    weights[:, model.classes_], offset[model.classes_] = coefficients.T, intercept
    return weights, offset


def _score(features: Floats, weights: Small, offset: Small, prior: Small, by: float, label: Ints) -> Score:
    """Scores from ``log p(y | x) = by * (x weights + offset) + prior``, normalised, a chunk of rows at a time."""
    guess, bits = np.empty(len(features), np.int64), np.empty(len(features))
    for start in range(0, len(features), CHUNK):
        part = slice(start, start + CHUNK)
        z = _logits(features[part], weights, offset, prior, by)
        rows, chosen = np.arange(len(z)), z.argmax(1)
        top, own = z[rows, chosen], z[rows, label[part]] - prior[label[part]]
        z -= top[:, None]
        np.exp(z, out=z)
        guess[part], bits[part] = chosen, (own - top - np.log(z.sum(1))) / np.log(2)
    return Score(guess, bits)


def _chances(features: Floats, weights: Small, offset: Small, prior: Small, by: float, rows: Ints) -> Small:
    """Probabilities (rows, classes) of the model that :func:`_score` scores."""
    z = _logits(features[rows], weights, offset, prior, by)
    z -= z.max(1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(1, keepdims=True)
    return z


def _logits(features: Floats, weights: Small, offset: Small, prior: Small, by: float) -> Small:
    z = features.astype(np.float32) @ (by * weights).astype(np.float32)
    z += (by * offset + prior).astype(np.float32)
    return np.asarray(z)
