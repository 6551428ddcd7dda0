"""Several pairs of splits: of many pooled p-values one is small by chance, so they are corrected over the pairs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from biasscope.bias.compare.words import finding
from biasscope.bias.testing import adjust
from biasscope.core.results import Result, Scalar, number

NAN = float("nan")


def corrected_over_pairs(results: list[Result]) -> list[Result]:
    """The results with corrected pooled p-values, which their sentences go by; a single one stays as it is.

    Parameters
    ----------
    results
        Comparisons of pairs, with one correction.
    """
    if len(results) < 2:
        return results
    correction, titles = str(results[0].parameters["correction"]), {"": "position", "_scale": "scale"}
    added: list[list[Scalar]] = [[] for _ in results]
    for suffix, what in titles.items():
        p = [item.scalar(f"pooled_p{suffix}").value for item in results]
        title = f"Pooled p for {what}, corrected over pairs of splits"
        q = adjust([NAN if value is None else value for value in p], correction)
        tested = sum(value is not None for value in p)
        for scalars, value in zip(added, q.tolist(), strict=True):
            scalars.append(Scalar(f"pooled_q{suffix}", number(value), title, n=tested))
    return [_with(item, scalars, len(results)) for item, scalars in zip(results, added, strict=True)]


def _with(result: Result, corrected: Sequence[Scalar], pairs: int) -> Result:
    scalars, given = [*result.scalars, *corrected], result.parameters
    names, alpha = (str(given["a"]), str(given["b"])), float(str(given["alpha"]))
    note = (
        f"Pooled p-values are corrected ({given['correction']}) over the {pairs} pairs of splits; the classes of each "
        "pair are a family of their own."
    )
    return msgspec.structs.replace(
        result,
        scalars=scalars,
        finding=finding({item.name: item for item in scalars}, names, alpha),
        notes=[*result.notes, note],
    )
