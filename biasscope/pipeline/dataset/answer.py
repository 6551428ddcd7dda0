"""The first screen of a dataset report: the answer in words and its head numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from biasscope.core.results import Result, Scalar
from biasscope.core.words import counted

MOST = 3
LONGEST = 80
"""Letters of a label that a sentence holds."""
HEADLINE = (
    ("position", "nonuniform_feasible"),
    ("position", "nonuniform_raw"),
    ("position", "pooled_effect"),
    ("repair", "effect_after"),
    ("leakage", "accuracy_over_chance"),
)
"""Result kind and scalar of the head numbers, the most important first."""


def answer(results: Sequence[Result], notes: Sequence[str]) -> list[str]:
    """Sentences that answer the question: position, scale, splits, repair, leakage, then what was left out."""
    order = ("position", "scale", "splits", "comparison", "repair", "leakage", "integrity")
    simulated = [note for note in notes if "SIMULATED" in note]
    return [*_most_biased(results), *(finding for kind in order for finding in _findings(results, kind)), *simulated]


def _findings(results: Sequence[Result], kind: str) -> Iterator[str]:
    """Findings of a kind; of many splits or augmentations the first few, the others are in their sections."""
    found = [item.finding for item in _of(results, kind)]
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"{len(found) - MOST} more of the kind are below."


def headline(results: Sequence[Result]) -> list[Scalar]:
    """Three to five head numbers, copies of scalars in the results."""
    found = []
    for kind, name in HEADLINE:
        for item in [*_of(results, kind)][:1]:
            named = f" {item.parameters['augmentation']}" if kind == "repair" else ""  # "..., after" what
            found += [
                msgspec.structs.replace(scalar, title=f"{scalar.title or name}{named}")
                for scalar in item.scalars
                if scalar.name == name and scalar.value is not None
            ]
    return found


def _of(results: Sequence[Result], kind: str) -> Iterator[Result]:
    return (item for item in results if item.kind == kind)


def _most_biased(results: Sequence[Result]) -> Iterator[str]:
    """Verdict in one sentence, naming the most biased classes."""
    for item in _of(results, "position"):
        classes = item.table("classes")
        pairs = list(zip(classes["label"], classes["verdict"], strict=True))
        tested = sum(verdict != "not tested" for _, verdict in pairs)
        biased = [f"{label}" for label, verdict in pairs if verdict == "non-uniform"]
        left = len(pairs) - tested
        few = f" ({left:,} more {'has' if left == 1 else 'have'} too few boxes with free room)" if left else ""
        if not tested:
            least = f"{item.parameters['minimum']} boxes with free room"
            yield f"No class can be tested: {_all_have(len(pairs))} fewer than {least}."
        elif biased:
            most = f": {_named(biased)}" if len(biased) <= MOST else f"; most for {_named(biased)}"
            yield f"This is bias, not chance, for {len(biased):,} of {counted(tested, 'class')}{few}{most}."
        else:
            where = "the one class" if tested == 1 else f"any of {tested:,} classes"
            yield f"Bias is not told from chance in {where}{few}, given the box sizes."


def _all_have(classes: int) -> str:
    return "the only one has" if classes == 1 else f"all {classes:,} have"


def _named(labels: Sequence[str]) -> str:
    """First few labels, each in quotation marks and cut where it is long."""
    short = [label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}\u2026" for label in labels[:MOST]]
    shown = [f"\u201c{label}\u201d" for label in short]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
