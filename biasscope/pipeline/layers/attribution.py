"""The result "attribution": does the explanation of an answer move with the object?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.core.progress import Progress
from biasscope.core.results import Result, Scalar, interval, number
from biasscope.images.picture import ImageSource
from biasscope.pipeline.common.pictures import address
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.common.run import why_absent
from biasscope.pipeline.definition import LayersAnalysis
from biasscope.pipeline.layers import plan
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.moving import pixels_of
from biasscope.trace.attribution import AttributionEquivariance, MethodMeasured, SampleMaps, attribution_equivariance

GRID = "0,0;3,3;0,1;1,0"
"""The first shift beside none is the one whose maps are shown."""
NAMES = {"gradcam": "Grad-CAM", "saliency": "saliency", "integrated_gradients": "integrated gradients"}
USUAL, MOST, SAID = ("gradcam", "saliency"), 8, 4
SOURCE = "Selvaraju et al., ICCV 2017; Simonyan et al., ICLR workshop 2014; Sundararajan et al., ICML 2017"
Found = tuple[Measurement, AttributionEquivariance]


def methods(asked: LayersAnalysis) -> list[str]:
    """Methods that are asked for; integrated gradients cost most, so they are usual for the embedded networks only."""
    given = [str(name) for name in dict.fromkeys(asked.attribution)]
    if "none" in given:
        return []
    usual = [*USUAL, "integrated_gradients"] if not asked.model and asked.images is None else list(USUAL)
    return given or usual


def attributed(
    items: Sequence[Measurement], source: ImageSource, asked: LayersAnalysis, progress: Progress, absent: list[str]
) -> Result | None:
    """Explain shifted pictures by every model; ``None`` where none are to be, or can be: ``absent`` takes why."""
    wanted = methods(asked)
    if not wanted:
        return None
    made: list[Found] = []
    notes: list[str] = []
    for item in items:
        with progress.step(f"Explaining answers of {item.label}"):
            try:
                made.append((item, _attributed(item, source, asked, wanted, progress)))
            except (UsageError, InputError) as error:
                notes.append(f"{item.label} is left out: {error.what.rstrip('.')}.")
    absent += why_absent("explanations", made, notes)
    return _result(made, asked, wanted, notes) if made else None


def _attributed(
    item: Measurement, source: ImageSource, asked: LayersAnalysis, wanted: Sequence[str], progress: Progress
) -> AttributionEquivariance:
    ready = item.subject.model.preprocessing
    shifts = plan.shifts(asked, GRID, preprocessing=ready)
    return attribution_equivariance(
        item.subject.model, source, shifts, methods=wanted, samples=1,
        limit=plan.at_most(asked.attribution_limit, MOST, item.trace.images), seed=asked.seed,
        device=plan.device(asked), label=item.label, progress=progress,
    )  # fmt: skip


def _result(made: Sequence[Found], asked: LayersAnalysis, wanted: Sequence[str], notes: Sequence[str]) -> Result:
    rows = [row for item, found in made for row in _methods(item, found)]
    maps = [_maps(item, one) for item, found in made for one in found.samples]
    tables = [
        tabled(
            "methods", rows, "Explanation of the shifted picture, moved back, against that of the picture", "measure"
        ),
        tabled("maps", maps, "Explanations", "map"),
    ]
    first = made[0][1]
    return Result(
        kind="attribution",
        finding=finding(made),
        title="Do explanations move with the object?",
        parameters={
            "protocol": asked.protocol,
            "shifts": GRID,
            "methods": ", ".join(wanted),
            "images": first.images,
            "reference": "fixed original",
            **{name: value for name, value in first.parameters.items() if name in ("share", "layer")},
        },
        scalars=[one for item, found in made for one in _scalars(item, found)],
        tables=[one for one in tables if one.height],
        notes=["Every explanation is of the answer to the unshifted picture.", *_said(made), *notes],
        source=SOURCE,
    )


def _said(made: Sequence[Found]) -> Iterator[str]:
    """What is said of the pictures and of methods that could not be used."""
    item, found = made[0]
    if found.images < item.trace.images:
        yield (
            f"Answers to {found.images} of the {item.trace.images} pictures were explained; --attribution-limit takes "
            "more."
        )
    yield from (f"{item.label}: {note}." for item, found in made for note in found.notes)


def _methods(item: Measurement, found: AttributionEquivariance) -> Iterator[Mapping[str, Any]]:
    for one in found.methods:
        yield {
            "model": item.label,
            "method": one.method,
            "measure": one.measure,
            "title": f"{one.title[:1].upper()}{one.title[1:]}",
            **{name: number(getattr(one, name)) for name in ("value", "low", "high")},
            **{name: getattr(one, name) for name in ("n", "better")},
            "unit": _unit(one),
        }


def _unit(one: MethodMeasured) -> str:
    """Unit; drifts are fractions of a pixel and no count of them."""
    return "px" if one.unit == "pixels" else one.unit


def _maps(item: Measurement, one: SampleMaps) -> Mapping[str, Any]:
    """Pictures of the three maps on one scale."""
    top = max(float(part.abs().max()) for part in (one.reference, one.shifted, one.back))
    return {
        "model": item.label,
        "image_id": one.image_id,
        "method": one.method,
        "dy": float(one.dy),
        "dx": float(one.dx),
        "picture": address(pixels_of(one.picture, item.subject.model.preprocessing)),
        "map_reference": _picture(one.reference, top),
        "map_shifted": _picture(one.shifted, top),
        "map_back": _picture(one.back, top),
    }


def _picture(values: Tensor, top: float) -> str:
    scaled = (values.abs().nan_to_num(0.0) / max(top, 1e-12) * 255).round().clamp(0, 255)
    return address(scaled.to(torch.uint8).numpy())


def _scalars(item: Measurement, found: AttributionEquivariance) -> Iterator[Scalar]:
    for one in sorted(found.methods, key=lambda one: (one.method != "saliency", one.measure != "cosine")):
        yield Scalar(
            f"{one.measure}_{one.method}@{item.label}",
            number(one.value),
            f"{_called(one.method)}: {one.title} to the explanation moved back, {item.label}",
            interval(one.low, one.high, method="t over images"),
            one.n,
            _unit(one),
            "lower" if one.better == "lower" else "higher",
        )


def _called(method: str) -> str:
    name = NAMES.get(method, method)
    return f"{name[:1].upper()}{name[1:]}"


def finding(made: Sequence[Found]) -> str:
    """How well explanations move with the object, model by model, by the method of the finest maps."""
    known = dict.fromkeys(one.method for one in made[0][1].methods)
    method = "saliency" if "saliency" in known else next(iter(known))
    told = [(item, found) for item, found in made if (method, "cosine") in found]
    said = [f"{item.label} {_agrees(found[method, 'cosine'])}" for item, found in told[:SAID]]
    return (
        f"Explanations by {NAMES.get(method, method)} of shifted pictures, moved back, against those of the unshifted "
        f"(cosine, 1 where they move with the object): {'; '.join(said)}."
    )


def _agrees(one: MethodMeasured) -> str:
    if one.value is None:
        return "undefined"
    ends = "" if one.low is None or one.high is None else f" ({one.low:.2f} to {one.high:.2f})"
    return f"{one.value:.2f}{ends}"
