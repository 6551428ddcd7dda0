"""Two laws of growth with the number of copies n, fitted by least squares to many curves at once.

Both are linear in two parameters once their shape is fixed, so every shape of a grid is solved in closed form and the
best one is taken; no starting values, no local optimum, and a bootstrap of a thousand curves is one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Fit(NamedTuple):
    """Parameters of D curves.

    Attributes
    ----------
    top
        What the curve tends to, in [0, 1], (D,).
    height
        What separates its start from that, not negative, (D,).
    shape
        Parameters of the shape, (D, Q).
    error
        Mean squared residual, (D,).
    """

    top: Floats
    height: Floats
    shape: Floats
    error: Floats


@dataclass(frozen=True)
class SaturatingPower:
    """``top - height n^-exponent``: what is missing shrinks as a power of n.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.array([1.0, 2, 4, 8, 16])
    >>> law = SaturatingPower()
    >>> fit = law.fit(n, (0.9 - 0.4 * n**-0.8)[None])
    >>> round(float(fit.top[0]), 2), round(float(law.solve(fit, np.array([0.85]))[0]), 1)
    (0.9, 13.5)
    """

    name: str = "saturating power"
    parameters: tuple[str, ...] = ("exponent",)

    def shapes(self, n: Floats) -> Floats:
        """Exponents that are tried, (G, 1)."""
        return np.geomspace(0.02, 5, 240)[:, None]

    def missing(self, n: Floats, shape: Floats) -> Floats:
        """Share of ``height`` that is missing at n, in [0, 1]; shapes (..., 1) and n (P,) give (..., P)."""
        return np.asarray(n ** -shape[..., :1])

    def at(self, missing: Floats, shape: Floats) -> Floats:
        """Number of copies at which a share in (0, 1] is missing."""
        with np.errstate(over="ignore"):
            return np.asarray(missing ** (-1 / shape[..., 0]))

    def fit(self, n: Floats, curves: Floats) -> Fit:
        """Fit curves (D, P) at n (P,)."""
        return _fit(self, n, curves)

    def solve(self, fit: Fit, target: Floats) -> Floats:
        """Copies from which on the curves reach targets (D,): at least 1; infinite where they never do."""
        return _solve(self, fit, target)


@dataclass(frozen=True)
class Logistic:
    """``top - height (1 - 1 / (1 + exp(-slope (log n - middle))))``: an S-shaped rise in log n.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.array([1.0, 2, 4, 8, 16, 32])
    >>> curve = 0.3 + 0.6 / (1 + np.exp(-2 * (np.log(n) - np.log(6))))
    >>> fit = Logistic().fit(n, curve[None])
    >>> bool(abs(Logistic().solve(fit, np.array([0.6]))[0] - 6) < 0.2)
    True
    """

    name: str = "logistic"
    parameters: tuple[str, ...] = ("slope", "middle")

    def shapes(self, n: Floats) -> Floats:
        """Slopes and middles that are tried, (G, 2); the middle lies between the first and the last n."""
        logs = np.log(n)
        middles = np.linspace(logs.min(), logs.max(), 41)
        slopes = np.geomspace(0.3, 8, 32)
        return np.stack([grid.ravel() for grid in np.meshgrid(slopes, middles, indexing="ij")], 1)

    def missing(self, n: Floats, shape: Floats) -> Floats:
        """Share of ``height`` that is missing at n, in [0, 1]; shapes (..., 2) and n (P,) give (..., P)."""
        return np.asarray(1 / (1 + np.exp(shape[..., :1] * (np.log(n) - shape[..., 1:2]))))

    def at(self, missing: Floats, shape: Floats) -> Floats:
        """Number of copies at which a share in (0, 1) is missing."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(np.exp(shape[..., 1] + np.log(1 / missing - 1) / shape[..., 0]))

    def fit(self, n: Floats, curves: Floats) -> Fit:
        """Fit curves (D, P) at n (P,)."""
        return _fit(self, n, curves)

    def solve(self, fit: Fit, target: Floats) -> Floats:
        """Copies from which on the curves reach targets (D,): at least 1; infinite where they never do."""
        return _solve(self, fit, target)


Law = SaturatingPower | Logistic
LAWS: dict[str, Law] = {law.name: law for law in (SaturatingPower(), Logistic())}
"""Laws by name."""


def predict(law: Law, fit: Fit, n: Floats) -> Floats:
    """Values of fitted curves at n (P,), (D, P)."""
    return fit.top[:, None] - fit.height[:, None] * law.missing(n, fit.shape)


def _fit(law: Law, n: Floats, curves: Floats) -> Fit:
    """Least squares over a grid of shapes with 0 <= top <= 1 and height >= 0."""
    shapes = law.shapes(n)
    missing = law.missing(n, shapes)
    top, height = _linear(missing, curves)
    parts = [np.square(curves[None, :, p] - top + height * missing[:, None, p]) for p in range(len(n))]
    errors = np.sum(parts, axis=0) / len(n)
    best = errors.argmin(0)
    here = np.arange(len(curves))
    return Fit(top[best, here], height[best, here], shapes[best], errors[best, here])


def _linear(missing: Floats, curves: Floats) -> tuple[Floats, Floats]:
    """Best top and height for shapes (G, P) and curves (D, P): the free solution, or the one on the bound it leaves."""
    centred = missing - missing.mean(1, keepdims=True)
    spread = np.maximum((centred**2).sum(1), 1e-12)[:, None]
    mean = curves.mean(1)[None]
    height = np.maximum(-(centred @ curves.T) / spread, 0.0)
    top = mean + height * missing.mean(1)[:, None]
    full = np.maximum((missing @ (1 - curves).T) / np.maximum((missing**2).sum(1), 1e-12)[:, None], 0.0)
    return np.where(top > 1, 1.0, np.maximum(top, 0.0)), np.where(top > 1, full, height)


def _solve(law: Law, fit: Fit, target: Floats) -> Floats:
    """Copies at which a curve crosses its target."""
    start = fit.top - fit.height * law.missing(np.ones(1), fit.shape)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        missing = (fit.top - target) / fit.height
        crossing = law.at(np.clip(missing, 1e-300, 1.0), fit.shape)
    never = (missing <= 0) | np.isnan(missing)
    found = np.where(never, np.inf, np.maximum(crossing, 1.0))
    return np.where(start >= target - 1e-12, 1.0, found)
