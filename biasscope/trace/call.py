"""The one way to a trace: `trace`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Advance, Progress
from biasscope.core.words import first_few
from biasscope.models import LoadedModel, Preprocessing, load_model
from biasscope.models.borrow import same_draws
from biasscope.models.outputs import NAMED
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.trace.assemble import assemble
from biasscope.trace.chunk import Layout
from biasscope.trace.engine import AMP, Engine, Traced, traced_layers
from biasscope.trace.layer import Layer
from biasscope.trace.measures import DEFAULT, MEASURES
from biasscope.trace.pictures import Pictures
from biasscope.trace.places import Selectors, Split, layers_of
from biasscope.trace.probe import as_found, device_of, float_type, looked_at, unwrap
from biasscope.trace.result import Trace
from biasscope.trace.shifts import plan_of, transformation_of

if TYPE_CHECKING:
    from biasscope.transforms import Transformation

Measures = Sequence[str] | Mapping[str, Mapping[str, Any]] | str
Source = tuple[str, Tensor]


def trace(
    model: str | LoadedModel | nn.Module,
    images: Any,
    shifts: Any = None,
    *,
    measures: Measures = DEFAULT,
    layers: Selectors = None,
    functional: bool = False,
    split: Split = "none",
    outputs: Literal["first", "each"] = "first",
    batch: int = 64,
    limit: int | None = None,
    samples: int = 2,
    by_image: bool = False,
    seed: int = 0,
    device: str | None = None,
    amp: Literal["bf16", "fp16"] | None = None,
    preprocessing: Preprocessing | None = None,
    label: str | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Measure at every layer of a network what a shift of the picture does to it.

    Parameters
    ----------
    model
        A specification, a `LoadedModel`, or any ``nn.Module`` that takes one (N, C, H, W) tensor. It is left as it was:
        mode, gradients, hooks.
    images
        A tensor (N, C, H, W) that is used as it is; uint8 pictures; an `ImageSource` or its specification.
    shifts
        A transformation of `biasscope.transforms` that shifts; a protocol with or without a grid (``"crop"``,
        ``"circular:7x7"``); a grid of circular shifts (``"0..7"``), pairs (dy, dx) or a number n (0 .. n - 1 on both
        axes). If not given: 0 .. 7 on both axes and multiples of the largest stride, circular.
    measures
        Names in `biasscope.trace.MEASURES`, or a mapping from name to options.
    layers
        Names, patterns, types, or ``"leaves"``, ``"blocks"``, ``"subsampling"``, ``"functions"``; see
        `biasscope.trace.places.layers_of`.
    functional
        Whether functions called in a ``forward`` (``F.relu``, ``+``) are layers too, named ``module:function``. What a
        leaf module does inside is not seen.
    split
        ``"pools"`` adds to every max pool what it gives at stride 1, ``"all"`` to strided convolutions too.
    outputs
        Which tensors of a tuple or dictionary count.
    batch
        Most views that go through the network at a time; views of a picture share a batch with its reference.
    limit
        Most images.
    samples
        For how many images global sums are kept for drawing.
    by_image
        Whether the values of single images are kept too, for comparisons image by image.
    seed
        For measures that choose maps at random.
    device
        Where to run; where the model is, if not given.
    amp
        Run under autocast. What is added up is in single precision at least, and Lie derivatives are taken without.
    preprocessing
        How pictures are prepared, for a plain module that is not given tensors.
    label
        Name of the model in the result.
    progress
        Shows how far it is.

    Returns
    -------
        Layers in order of execution with every measure, its interval over images and their number.

    Notes
    -----
    Maps are read inside forward hooks and forgotten; memory grows neither with the images nor, to speak of, with the
    shifts. Networks behind `torch.compile` run uncompiled.

    Raises
    ------
    UsageError
        An option is wrong, no layer gives maps, or the network is TorchScript.
    InputError
        There is no picture.

    Examples
    --------
    >>> from biasscope.trace import trace
    >>> net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.MaxPool2d(2))
    >>> found = trace(net, torch.rand(2, 1, 16, 16), 4, measures=["equivariance_l2", "nonshiftability"])
    >>> [layer.name for layer in found.layers if layer.subsampling], found["1"]["nonshiftability"]
    (['2'], 0.0)
    """
    if amp not in AMP or outputs not in ("first", "each") or samples < 0:
        raise UsageError(f"amp={amp!r}, outputs={outputs!r}, samples={samples!r} cannot be used together or at all")
    wanted = _options(measures)
    pictures = Pictures(images, limit)
    loaded = load_model(model) if isinstance(model, str) else model
    module = unwrap(loaded.module if isinstance(loaded, LoadedModel) else loaded)
    with as_found(module, device):
        prepare = preprocessing or _preprocessing(loaded, pictures)
        like = torch.empty(0, dtype=float_type(module), device=device_of(module))
        start = transformation_of("0,0" if shifts is None else shifts, [], (1, 1)).for_model(prepare)
        sources = pictures.sources(start, prepare)
        first = next(sources)
        example = _example(start, first[1], prepare, like)
        probed = looked_at(module, example, functional)
        places = layers_of(probed, layers, split, outputs == "each")
        if not places:
            hint = "Identity and dropout change nothing; functional=True lists functions."
            raise UsageError("no layer of this network makes maps of the picture", hint=hint)
        strides, size = [layer.stride for layer in places], (example.shape[-2], example.shape[-1])
        made = start if shifts is not None else transformation_of(None, strides, size)
        plan = plan_of(made, seed)
        layout = Layout.of(plan.views, batch)
        traced = traced_layers(places, plan, wanted, samples)
        for measure, _ in (pair for one in traced for pair in one.measures.values() if by_image):
            measure.keep()
        engine = Engine(module, traced, plan, layout, example.shape[1:], like, functional=functional, amp=amp)
        with (progress or Progress()).bar("tracing layers", pictures.count) as advance:
            ids = _run(engine, made, chain([first], sources), layout, like, advance)
    name = label or (model if isinstance(model, str) else _name(model))
    even, uneven = _parted(traced, engine.uneven)
    return assemble(even, plan, made, name, ids, probed, pictures.problems, functional, engine.infinite, uneven)


def _parted(traced: Sequence[Traced], uneven: Collection[Layer]) -> tuple[list[Traced], list[str]]:
    """Layers that were measured, and the names of those that gave other than one map for each picture.

    Raises
    ------
    UsageError
        There is none of the first.
    """
    even = [one for one in traced if one.layer not in uneven]
    names = [one.layer.name for one in traced if one.layer in uneven]
    if not even:
        hint = "Choose layers in front of where the network cuts pictures or maps into parts."
        raise UsageError(f"no layer gives one map for each picture ({first_few(names, NAMED)})", hint=hint)
    return even, names


def _options(measures: Measures) -> dict[str, dict[str, Any]]:
    given = [measures] if isinstance(measures, str) else measures
    chosen = {name: dict(given[name]) if isinstance(given, Mapping) else {} for name in given}
    for name in chosen:
        MEASURES.load(name)
    return chosen


def _name(model: Any) -> str:
    return model.provenance.spec if isinstance(model, LoadedModel) else class_name(unwrap(model))


def _preprocessing(model: LoadedModel | nn.Module, pictures: Pictures) -> Preprocessing:
    """How pictures are prepared; for tensors it does not matter."""
    if isinstance(pictures.images, Tensor):
        return Preprocessing((pictures.images.shape[-2], pictures.images.shape[-1]), None)
    return (model if isinstance(model, LoadedModel) else load_model(model)).preprocessing


def _example(transformation: Transformation, source: Tensor, prepare: Preprocessing, like: Tensor) -> Tensor:
    """Reference of the first picture, (1, C, H, W)."""
    views = transformation.open(source[None].to(like), [0])
    size = (source.shape[-2], source.shape[-1]) if transformation.name in ("circular", "fourier") else prepare.size
    example = like.new_empty(1, source.shape[-3], *getattr(views, "window", size))
    views.write(example, [transformation.reference], [0])
    return example


def _run(
    engine: Engine, transformation: Transformation, sources: Iterator[Source], layout: Layout, like: Tensor,
    advance: Advance,
) -> list[str]:  # fmt: skip
    """Take every picture in, a few at a time; give their ids."""
    ids: list[str] = []
    with engine.watch() as watch:
        while group := list(islice(sources, layout.pictures)):
            numbers = range(len(ids), len(ids) + len(group))
            block = torch.stack([source for _, source in group]).to(like)
            views = transformation.open(block, list(numbers))
            with same_draws(numbers[0]):  # when the device is in use, so that its generator is there
                engine.run(watch, views, numbers)
            ids += [image_id for image_id, _ in group]
            advance(len(group))
    return ids
