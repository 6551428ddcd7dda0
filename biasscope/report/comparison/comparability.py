"""Why two reports cannot be compared: another question, other data, other models, other options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from biasscope.core.provenance import InputFile
from biasscope.core.results import Cell
from biasscope.core.words import counted, first_few
from biasscope.report import wording
from biasscope.report.model import Report
from biasscope.report.numbers.cells import column
from biasscope.report.numbers.listing import named_results

FREE = frozenset({"seed", "device", "batch", "workers"})
"""Options that may differ: they change how numbers are found, not which."""
TRAINING = frozenset({"batch"})
"""Of these, the ones that do change them where networks are trained."""
COUNTED = frozenset({"boxes", "boxes_available", "images", "left_out", "left_out_a", "left_out_b", "family"})
"""Parameters that only count what the data held; with different data they are no reason of their own."""
DESCRIBING = frozenset({"images", "models", "transforms", "expected", "published"})
"""Results that say what was looked at, or what others found, and measure nothing themselves."""
ASIDE = frozenset({"lie"})
"""Results that stand beside others, whatever those measured."""
MOST = 3
"""Names that are listed in one sentence."""


def comparability(a: Report, b: Report, names: tuple[str, str] = ("A", "B")) -> list[str]:
    """Reasons why the numbers of two reports do not mean the same, one sentence each; none when they do.

    Looked at are the question, what was measured, the input files by their hashes, the weights of models by theirs, and
    the options of every result apart from seed, device and batch size; that of a training counts.
    """
    if a.kind != b.kind:
        return [f"Different questions: {names[0]} is about {a.kind}, {names[1]} about {b.kind}."]
    data = list(_data(a, b, names))
    free = FREE - TRAINING if a.kind == "augmentation" else FREE
    free |= COUNTED if data else frozenset()
    return [*_measured(a, b, names), *data, *_models(a, b, names), *_options(a, b, names, free)]


def _measured(a: Report, b: Report, names: tuple[str, str]) -> Iterator[str]:
    """Reason of two reports that measured nothing in common, such as shifts and sizes."""
    ours, theirs = map(_kinds, (a, b))
    if ours and theirs and not set(ours) & set(theirs):
        yield f"Different measurements: {_listed(ours)} in {names[0]}, {_listed(theirs)} in {names[1]}."


def _kinds(report: Report) -> list[str]:
    """Kinds of what was measured; of results that stand aside only where there is nothing else."""
    kinds = list(dict.fromkeys(result.kind for result in report.results if result.kind not in DESCRIBING))
    return [kind for kind in kinds if kind not in ASIDE] or kinds


def _data(a: Report, b: Report, names: tuple[str, str]) -> Iterator[str]:
    counts = a.provenance.input_count, b.provenance.input_count
    if counts[0] != counts[1]:
        yield f"Different data: {counted(counts[0], 'input file')} in {names[0]}, {counts[1]:,} in {names[1]}."
    else:
        found = [sorted(map(_content, report.provenance.inputs)) for report in (a, b)]
        if found[0] != found[1]:
            gone = [item.name for item in a.provenance.inputs if _content(item) not in found[1]]
            changed = [item.name for item in b.provenance.inputs if _content(item) not in found[0]]
            if set(gone) & set(changed) or not (gone and changed):
                yield f"Different data: the contents of {_listed(changed or gone or ['the inputs'])} are not the same."
            else:
                yield f"Different data: {_listed(gone)} in {names[0]}, {_listed(changed)} in {names[1]}."
        elif _others_differ(a, b):
            yield f"Different data: not all of the {counts[0]:,} input files are the same."


def _others_differ(a: Report, b: Report) -> bool:
    """Whether inputs that are not listed differ, where both reports say which they were."""
    before, after = a.provenance.others, b.provenance.others
    return bool(before and after) and before != after


def _content(item: InputFile) -> str:
    return item.sha256 or f"{item.name} {item.bytes}"


def _models(a: Report, b: Report, names: tuple[str, str]) -> Iterator[str]:
    before, after = _weights(a), _weights(b)
    for one, other, name in ((before, after, names[0]), (after, before, names[1])):
        alone = [model for model in one if model not in other]
        if alone:
            yield f"Different models: {_listed(alone)} {'is' if len(alone) == 1 else 'are'} in {name} only."
    changed = [model for model, weights in before.items() if after.get(model, weights) != weights]
    if changed:
        yield f"Different models: the weights of {_listed(changed)} are not the same."


def _weights(report: Report) -> dict[str, str]:
    """Model -> hash of its weights, or what it was asked for as when there is none."""
    tables = [table for result in report.results if result.kind == "models" for table in result.tables]
    found: dict[str, str] = {}
    for table in tables:
        if table.name == "models" and "model" in table:
            cells = zip(table["model"], column(table, "sha256"), column(table, "spec"), strict=True)
            found |= {str(model): str(digest or spec or "") for model, digest, spec in cells}
    return found


def _options(a: Report, b: Report, names: tuple[str, str], free: frozenset[str]) -> Iterator[str]:
    """One sentence for each option that differs, with the results it differs in."""
    before, after = (dict(named_results(report)) for report in (a, b))
    differing: dict[tuple[str, str, str], list[str]] = {}
    for kind in [kind for kind in before if kind in after]:
        ours, theirs = before[kind].parameters, after[kind].parameters
        for key in sorted((ours.keys() | theirs.keys()) - free):
            if _named(kind, key, ours.get(key)) != _named(kind, key, theirs.get(key)):
                differing.setdefault((key, _shown(ours.get(key)), _shown(theirs.get(key))), []).append(kind)
    for (key, ours_said, theirs_said), kinds in differing.items():
        option = key.replace("_", " ")
        yield (
            f"Different options: {option} is {ours_said} in {names[0]} and {theirs_said} in {names[1]} "
            f"({_listed(kinds)})."
        )


def _named(kind: str, key: str, value: Cell) -> Cell:
    """A value of an option; a split whose name is a number is called ``split 0`` now, and was called ``0``."""
    splits = kind.partition("#")[0] == "splits" and key in ("a", "b")
    return re.sub(r"^split (?=\d+$)", "", str(value)) if splits else value


def _shown(value: Cell) -> str:
    text = "not set" if value is None else wording.anything(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(names: list[str]) -> str:
    return first_few(names, MOST)
