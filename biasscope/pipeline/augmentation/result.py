"""The result "copies": all models, every number of copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from biasscope.core.results import Cell, Result, Scalar, interval, number
from biasscope.pipeline.augmentation import argument, places, products, tables, words
from biasscope.pipeline.augmentation.plan import Asked
from biasscope.pipeline.augmentation.study import MAIN, Estimate, Study
from biasscope.pipeline.definition import AugmentationAnalysis

SOURCE = "Azulay & Weiss, JMLR 20(184), 2019, on data augmentation (an argument, measured here)"
METHOD = "bootstrap over seeds and images"


def result(studies: Sequence[Study], asked: Asked) -> Result:
    """Everything that the sweeps found."""
    made = [
        tables.summary(studies),
        tables.needs(studies),
        tables.curves(studies),
        tables.fits(studies),
        tables.residuals(studies),
        argument.coverage(studies),
        argument.argument(studies),
        places.maps(studies),
        places.knee(studies),
        *products.tables(studies),
        places.cost(studies),
        places.networks(studies),
    ]
    return Result(
        kind="copies",
        finding=words.finding(studies),
        title="Copies that learning invariance needs",
        parameters=parameters(studies, asked),
        scalars=list(scalars(studies)),
        tables=[item for item in made if item.height],
        notes=notes(studies) + products.said(studies),
        source=SOURCE,
    )


def parameters(studies: Sequence[Study], asked: Asked) -> dict[str, Cell]:
    """Everything that decides the numbers."""
    first = studies[0].sweep
    given = {name: asked.words[name] for name in ("shifts", "angles", "scales")}
    kinds = {"shifts": "shift", "angles": "rotate", "scales": "scale"}
    copies = sorted({run.total for run in first.runs})
    return {
        "transform": asked.words["transform"],
        **{name: text for name, text in given.items() if kinds[name] in first.axes},
        "edges": asked.words["edges"],
        "plan": f"{sum(len(study.sweep.runs) for study in studies)} networks",
        "copies": ", ".join(map(str, copies)),
        "seeds": len({run.seed for run in first.runs}),
        "steps": asked.words["steps"] if asked.words["epochs"] is None else None,
        "epochs": asked.words["epochs"],
        "batch": asked.words["batch"],
        **_training(asked),
        "target": asked.target,
        "budget": asked.budget,
        "s2": studies[0].argument(first.variants[0]),
        "size_ratio2": first.subsampling[first.variants[0]].size_ratio ** 2,
        "train_images": studies[0].sizes[0],
        "test_images": len(first.targets),
        "versions": first.predictions.shape[1],
        "chance": first.chance,
        "device": str(first.settings["device"]),
        "seed": asked.words["seed"],
    }


def _training(asked: Asked) -> dict[str, Cell]:
    """How networks were trained, where it is said: a learning rate or precision other than the usual one."""
    usual = AugmentationAnalysis()
    return {name: asked.words[name] for name in ("rate", "amp") if asked.words[name] != getattr(usual, name)}


def scalars(studies: Sequence[Study]) -> Iterator[Scalar]:
    """Copies that each variant needs, and how consistent it is with one copy and with most."""
    for study in studies:
        for one in study.main:
            yield _needed(study, one)
        for one in study.main:
            yield from _ends(one)


def _needed(study: Study, one: Estimate) -> Scalar:
    needed, name = one.needed, "copies_needed"
    if needed.status == "extrapolated":
        name = "extrapolated"
    bounds = interval(needed.low, needed.high, method=METHOD)
    open_end = f" ({needed.interval})" if bounds is None and needed.reached else ""
    return Scalar(
        f"{name}@{one.label}",
        number(needed.n),
        f"Copies {'needed' if name == 'copies_needed' else 'extrapolated'} for {words.percent(needed.target)}, "
        f"{one.label}{open_end}",
        bounds,
        needed.images,
        better="lower",
        description=f"{needed.text} The argument says {study.argument(one.variant)}.",
    )


def _ends(one: Estimate) -> Iterator[Scalar]:
    needed = one.needed
    for name, place in (("one", 0), ("most", -1)):
        n = int(needed.copies[place])
        yield Scalar(
            f"{MAIN}_{name}@{one.label}",
            float(needed.values[place]),
            f"Consistency with n = {n}, {one.label}",
            interval(float(needed.values_low[place]), float(needed.values_high[place]), method=METHOD),
            needed.images,
            "share",
            "higher",
        )


def notes(studies: Sequence[Study]) -> list[str]:
    """What should be said with the numbers."""
    said = [
        "Every network takes the same number of gradient steps whatever n is, so that more copies are more diversity, "
        "not more training."
        if studies[0].sweep.settings.get("steps")
        else "Passes over all copies are fixed, so that more copies are more gradient steps too.",
        "Consistency is the share of pairs of versions of a held-out image that are answered alike; it says nothing "
        "about whether the answers are right, which accuracy does.",
    ]
    said += words.unshown(studies)
    if any(one.needed.seeds == 1 for study in studies for one in study.main):
        said.append(words.ONE_SEED)
    for study in studies:
        for one in study.main:
            finite = isfinite(one.needed.n) and isfinite(one.needed.high)
            said += [] if finite else [f"{one.label}: {one.needed.text} Numbers beyond that are left undefined."]
        said += [f"{study.model}: {note}" for note in study.sweep.notes]
    return list(dict.fromkeys(said))
