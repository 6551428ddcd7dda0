"""The result of a comparison, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from biasscope.bias.compare.classifier import Accuracy
from biasscope.bias.compare.evidence import DIFFERENT, Evidence, Look
from biasscope.bias.compare.tables import classes_table, maps_table, pooled_table
from biasscope.bias.compare.words import finding, notes
from biasscope.bias.measures import scalar_of, triple
from biasscope.core.results import Cell, Result, Scalar

JACKKNIFE = "delete-an-image jackknife of the square, t"


def result(kind: str, found: Evidence, parameters: Mapping[str, Cell], accuracy: Accuracy | None) -> Result:
    """Assemble the Result of kind ``splits`` or ``comparison``."""
    level, names = float(str(parameters["level"])), (str(parameters["a"]), str(parameters["b"]))
    alpha = float(str(parameters["alpha"]))
    scalars = _scalars(found, accuracy, alpha=alpha, level=level)
    return Result(
        kind=kind,
        title=f"{names[0]} against {names[1]}",
        finding=finding({item.name: item for item in scalars}, names, alpha),
        parameters=dict(parameters),
        scalars=scalars,
        tables=[classes_table(found, parameters), pooled_table(found, parameters, level), maps_table(found, names)],
        notes=notes(found, parameters),
        source="Szekely & Rizzo, Energy statistics, JSPI 143 (2013); Besag & Clifford, Biometrika 78 (1991)",
    )


def _pooled_p(what: str, suffix: str, look: Look) -> Scalar:
    """Test of all classes together; ``n``: classes within which images are permuted, None for all as one class."""
    value = None if np.isnan(look.pooled) else look.pooled
    title = f"Pooled p for {what}"
    if value is not None and not look.within:
        return Scalar(f"pooled_p{suffix}", value, f"{title}, whatever the class")
    return Scalar(f"pooled_p{suffix}", value, title, n=look.within)


def _behind(found: Evidence) -> dict[str, int]:
    """Boxes of both sides behind the pooled distance in position, for which they need room, and in scale."""
    together = found.sides.together
    u, v = together.feasible()
    return {"position": int((np.isfinite(u) & np.isfinite(v)).sum()), "scale": len(together.label)}


def _scalars(found: Evidence, accuracy: Accuracy | None, *, alpha: float, level: float) -> list[Scalar]:
    made, behind = [], _behind(found)
    for what, look in found.looks.items():
        tested = int(np.isfinite(look.p).sum())
        different = look.verdicts(alpha).count(DIFFERENT)
        suffix = "" if what == "position" else "_scale"
        made += [
            Scalar(f"classes_different{suffix}", float(different), f"Classes that differ in {what}", n=tested),
            Scalar(f"tested{suffix}", float(tested), f"Classes tested for {what}", n=len(look.p)),
            scalar_of(
                f"pooled_distance{suffix}",
                triple(found.pooled[what]),
                f"Pooled distance in {what} (root of the coefficient of inhomogeneity)",
                level=level,
                n=behind[what],
                method=JACKKNIFE,
            ),
            _pooled_p(what, suffix, look),
        ]
    if accuracy is not None:
        title, method = "Accuracy of telling the sides apart (chance 1/2)", "exact binomial, one box an image"
        values = (accuracy.value, accuracy.low, accuracy.high)
        made.append(scalar_of("classifier_accuracy", values, title, level=level, n=accuracy.images, method=method))
    return made
