"""One model, looked at: what every table and sentence starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from biasscope.pipeline.common.forms import Subject
from biasscope.upsampling import Analysis, LayerPattern, Row, Single
from biasscope.upsampling.interval import Interval

ALPHA = 0.05
GONE = 1e-3
"""Relative ripple on constant pictures below which a pattern counts as removed."""
OUTPUT = "output"


@dataclass(frozen=True)
class Measurement:
    """A model with its analysis.

    Attributes
    ----------
    subject
        The model.
    found
        What was measured.
    inputs
        What the model was given, (N, C, ...), on the CPU.
    remedies
        The model as it is, then every remedy.
    pictures
        Whether the inputs are pictures (and not latents or tensors of one's own).
    singles
        One layer at a time repaired by the best remedy, and last all of them; nothing where there is nothing to repair.
    """

    subject: Subject
    found: Analysis
    inputs: Tensor
    remedies: tuple[Row, ...]
    pictures: bool
    singles: tuple[Single, ...] = ()

    @property
    def label(self) -> str:
        """Label of the model."""
        return self.subject.label

    @property
    def output(self) -> LayerPattern | None:
        """Pattern of the model's output."""
        return next((one for one in self.found.patterns if one.name == OUTPUT), None)

    @property
    def measured(self) -> bool:
        """Whether any maps could be looked at."""
        return any(one.anova is not None for one in self.found.patterns)

    @property
    def strongest(self) -> LayerPattern | None:
        """Layer in whose maps the phase explains most, among those where it is more than chance and peaks rise.

        The output only where there is no such layer.
        """
        known = [one for one in self.found.patterns if one.anova is not None and _beyond(one)]
        layers = [one for one in known if one.name != OUTPUT] or known
        return max(layers, key=lambda one: (one.anova and one.anova.eta_squared) or 0.0, default=None)

    @property
    def ripple(self) -> float | None:
        """Largest relative ripple on constant pictures."""
        return None if self.found.response is None else float(self.found.response.relative.max())

    @property
    def best(self) -> Row | None:
        """Remedy that `best` chooses."""
        return best(self.remedies)


def best(remedies: Sequence[Row]) -> Row | None:
    """Remedy that keeps the weights, removes the answer to constants and changes the output least; else the strongest.

    The first row is the model as it is; nothing is chosen where it answers constants evenly. Where there is no answer
    to constants, as of generators, or none behind remedies, as of networks that draw noise, the peaks of the output
    count instead, if they certainly rise; up to 0 dB they are gone. Where they do not rise together, the one frequency
    that certainly stands out by itself counts.
    """
    tried = [row for row in remedies[1:] if row.strength is not None and row.trained and forward(row)]
    before = _ripple(remedies[0]) if remedies else 0.0
    if before == float("inf"):
        return _by_peaks(remedies[0], tried)
    if before <= GONE:
        return None
    gone = [row for row in tried if _ripple(row) <= GONE and row.change[0] is not None]
    if gone:
        return min(gone, key=lambda row: row.change[0] or 0.0)
    weaker = min((row for row in tried if _ripple(row) < before), key=_ripple, default=None)
    return weaker or _by_peaks(remedies[0], [row for row in tried if _ripple(row) == float("inf")])


def _by_peaks(first: Row, tried: Sequence[Row]) -> Row | None:
    if first.strength is None or first.strength.decibels[0] is None:
        return None
    peak = _peak if together(first.strength.decibels) else _highest
    if peak(first) <= 0:
        return None
    lower = [row for row in tried if peak(row) < peak(first)]
    gone = [row for row in lower if peak(row) <= 0 and row.change[0] is not None]
    if gone:
        return min(gone, key=lambda row: row.change[0] or 0.0)
    return min(lower, key=peak, default=None)


def together(decibels: Interval) -> bool:
    """Whether peaks certainly rise in the mean over frequencies.

    >>> together((2.0, 1.0, 3.0)), together((2.0, -1.0, 5.0)), together((2.0, None, None))
    (True, False, True)
    """
    value, least, _ = decibels
    return value is not None and (value if least is None else least) > 0


def _peak(row: Row) -> float:
    """Peaks of the output in dB; infinite where they are not known."""
    found = row.strength.decibels[0] if row.strength is not None else None
    return float("inf") if found is None else found


def _highest(row: Row) -> float:
    """Decibels of the frequency that certainly stands out by itself, 0 where none does."""
    if row.strength is None or row.strength.decibels[0] is None:
        return float("inf")
    return row.strength.highest.decibels if row.strength.highest is not None else 0.0


def forward(row: Row) -> bool:
    """Whether a remedy is one of the forward pass."""
    from biasscope.upsampling import REMEDIES

    return row.name in REMEDIES and REMEDIES[row.name].facts["of"] == "forward"


def _beyond(layer: LayerPattern) -> bool:
    """Whether the phase matters more than by chance, and frequencies are not known to stay below what is around."""
    p = layer.anova.p if layer.anova is not None else None
    return p is not None and p <= ALPHA and layer.rises is not False


def _ripple(row: Row) -> float:
    step = row.strength.step if row.strength is not None else None
    return float("inf") if step is None else step


def axes(numbers: Sequence[object]) -> str:
    """Numbers along axes.

    >>> axes((8, 8))
    '8 x 8'
    """
    return " x ".join(map(str, numbers))


def cycles(numbers: Sequence[int], period: Sequence[int]) -> str:
    """Frequency in cycles a position, along each axis, as lowest fractions.

    >>> cycles((0, 1), (2, 2)), cycles((2, 3), (4, 8))
    ('0, 1/2', '1/2, 3/8')
    """
    return ", ".join(str(Fraction(a, step)) for a, step in zip(numbers, period, strict=True))
