"""What was measured: the models with their surgery, and the pictures with their problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from biasscope.core.results import Result, Scalar, Table, table
from biasscope.core.words import counted, first_few
from biasscope.images import PROBLEMS
from biasscope.images.picture import ImageProblem, ImageSource
from biasscope.images.problems import Explained
from biasscope.pipeline.common.forms import Impossible, Subject

ITSELF = "the model itself"
"""Name of a module that has none: the whole of what was given."""
NAMED = 6
ROWS = 1000
"""Problems of one code that are listed."""


def models(subjects: Sequence[Subject], impossible: Sequence[Impossible] = ()) -> Result:
    """Every model: where it comes from, its input, what surgery replaced and left, and which forms cannot be made."""
    tables = [_models(subjects), _impossible(impossible), _replacements(subjects), _kept(subjects)]
    operated = [item for item in subjects if not item.trained]
    finding = counted(len(subjects), "model")
    finding += f", {len(operated)} of them by surgery without retraining." if operated else "."
    if impossible:
        finding += f" {counted(len(impossible), 'form')} cannot be made: {'; '.join(map(str, impossible))}."
    notes = []
    if operated:
        notes.append(
            "Surgery without retraining: the weights are those of the baseline, so a variant shows what its sampling "
            "does to these weights; accuracy that it loses may come back with training, and so may the gain change."
        )
    return Result(
        kind="models",
        finding=finding,
        title="Models",
        scalars=_violations(impossible),
        tables=[item for item in tables if item.height],
        notes=notes,
    )


def _violations(impossible: Sequence[Impossible]) -> list[Scalar]:
    """What ``--strict`` refuses, where there is something."""
    if not impossible:
        return []
    return [Scalar("violations", float(len(impossible)), "Forms that cannot be made", better="lower")]


def _impossible(impossible: Sequence[Impossible]) -> Table:
    columns: dict[str, list[Any]] = {
        "model": [item.family for item in impossible],
        "variant": [item.variant for item in impossible],
        "reason": [item.reason for item in impossible],
    }
    return table("impossible", columns, title="Forms that cannot be made", row="variant")


def _models(subjects: Sequence[Subject]) -> Table:
    provenance = [item.model.provenance for item in subjects]
    columns: dict[str, list[Any]] = {
        "model": [item.label for item in subjects],
        "family": [item.family for item in subjects],
        "variant": [item.variant for item in subjects],
        "trained": [item.trained for item in subjects],
        "spec": [item.spec for item in provenance],
        "source": [item.source for item in provenance],
        "sha256": [item.sha256 for item in provenance],
        "parameters": [item.parameters for item in provenance],
        "input": [item.model.preprocessing.law() for item in subjects],
        "classes": [len(item.model.class_names) if item.model.class_names else None for item in subjects],
        "accuracy": [_number(item.recipe.get("accuracy")) for item in provenance],
        "replaced": [_listed([name or ITSELF for name in item.surgery.names]) for item in subjects],
        "kept": [_listed([f"{row.name or ITSELF} ({row.reason})" for row in item.surgery.kept]) for item in subjects],
    }
    return table("models", columns, title="Models", row="model")


def _listed(names: Sequence[str]) -> str | None:
    """Names with their number, the first few of them; nothing for none."""
    if not names:
        return None
    return f"{len(names)}: {first_few(names, NAMED)}"


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _replacements(subjects: Sequence[Subject]) -> Table:
    rows = [(item.label, row) for item in subjects for row in item.surgery]
    columns: dict[str, list[Any]] = {
        "model": [label for label, _ in rows],
        "surgery": [row.surgery for _, row in rows],
        "name": [row.name or ITSELF for _, row in rows],
        **{name: [getattr(row, name) for _, row in rows] for name in ("kind", "before", "after")},
        "stride": ["x".join(map(str, row.stride)) for _, row in rows],
    }
    return table("replacements", columns, title="What surgery replaced", row="name")


def _kept(subjects: Sequence[Subject]) -> Table:
    rows = [(item.label, row) for item in subjects for row in item.surgery.kept]
    columns: dict[str, list[Any]] = {
        "model": [label for label, _ in rows],
        "surgery": [row.surgery for _, row in rows],
        "name": [row.name or ITSELF for _, row in rows],
        **{name: [getattr(row, name) for _, row in rows] for name in ("kind", "reason")},
    }
    return table("kept", columns, title="What surgery left as it was, and why", row="name")


def said(problems: Sequence[ImageProblem], measured: Collection[str] = (), noun: str = "picture") -> str:
    """How many pictures were left out or converted, in a sentence.

    Parameters
    ----------
    problems
        With pictures.
    measured
        Names of pictures that some model or protocol took, where others may have refused them.
    noun
        What a picture is called.
    """
    skipped, partly, converted = (len(names) for names in _apart(problems, measured))
    some = "left out by some of the models or protocols"
    parts = [(skipped, "left out"), (partly, some), (converted, "converted")]
    told = [f"{counted(number, noun)} {'was' if number == 1 else 'were'} {verb}" for number, verb in parts if number]
    *others, last = told
    return f"{', '.join(others)}{' and ' if others else ''}{last}; the report lists them."


def _apart(problems: Sequence[ImageProblem], measured: Collection[str]) -> tuple[set[str], set[str], set[str]]:
    """Names of pictures that were left out, that some models or protocols left out, and that were converted."""
    refused = {item.image_id for item in problems if not item.used}
    partly = refused.intersection(measured)
    return refused - partly, partly, {item.image_id for item in problems if item.used}


def images(
    source: ImageSource,
    problems: Sequence[ImageProblem],
    count: int,
    notes: Sequence[str],
    measured: Collection[str] = (),
    noun: str = "picture",
) -> Result:
    """Pictures: how many, and every one that could not be used as it is; ``measured`` and ``noun`` as in `said`."""
    skipped, partly, converted = (len(names) for names in _apart(problems, measured))
    wrong = skipped + partly + converted
    finding = f"{counted(count, noun)} {'was' if count == 1 else 'were'} measured."
    title = f"{noun.capitalize()}s"
    some = Scalar("partly_skipped", float(partly), f"{title} that some left out", unit="images", better="lower")
    return Result(
        kind="images",
        finding=f"{finding} {said(problems, measured, noun)}" if problems else finding,
        title=title,
        parameters={
            "source": source.name,
            "law": source.law or None,
            "classes": len(source.class_names) if source.class_names else None,
        },
        scalars=[
            Scalar("images", float(count), f"{title} measured", unit="images"),
            Scalar("skipped", float(skipped), f"{title} left out", unit="images", better="lower"),
            *([some] if measured else []),
            Scalar("violations", float(wrong), f"{title} with problems", unit="images", better="lower"),
        ],
        tables=listed(problems),
        notes=list(notes),
    )


def listed(problems: Sequence[ImageProblem]) -> list[Table]:
    """Problems by code, and every picture with one; nothing where there are none."""
    return [item for item in (_counts(problems), _rows(problems)) if item.height]


def _counts(problems: Sequence[ImageProblem]) -> Table:
    counts = Counter((item.code, item.used) for item in problems)
    first = {(item.code, item.used): item.detail for item in reversed(problems)}
    keys = sorted(counts)
    columns: dict[str, list[Any]] = {
        "code": [code for code, _ in keys],
        "title": [_explained(code).title for code, _ in keys],
        "count": [counts[key] for key in keys],
        "used": [used for _, used in keys],
        "explanation": [_explained(code).explanation or first[code, used] for code, used in keys],
        "example": [first[key] for key in keys],
    }
    return table("problems", columns, title="Pictures with problems", row="code")


def _explained(code: str) -> Explained:
    """Title and explanation of a code; a source of one's own may have codes of its own."""
    return PROBLEMS.get(code) or Explained(code.replace("-", " ").replace("_", " "), "")


def _rows(problems: Iterable[ImageProblem]) -> Table:
    seen: Counter[str] = Counter()
    rows = []
    for item in problems:
        seen[item.code] += 1
        if seen[item.code] <= ROWS:
            rows.append(item)
    columns: dict[str, list[Any]] = {
        name: [getattr(item, name) for item in rows] for name in ("code", "image_id", "detail", "used")
    }
    return table("rows", columns, title="Every picture with a problem", row="image_id")
