"""`augmentation_sweep`: plan, train, evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import torch

from biasscope.copies.assemble import assemble
from biasscope.copies.checkpoint import Checkpoint
from biasscope.copies.data import Data
from biasscope.copies.networks import Factory, build, factories
from biasscope.copies.plan import make_plan
from biasscope.copies.pool import Pool, make_pool
from biasscope.copies.prepare import Images, prepare_data
from biasscope.copies.result import CopiesSweep
from biasscope.copies.runner import Runner
from biasscope.copies.thinning import thin
from biasscope.copies.train import Training
from biasscope.copies.views import Views
from biasscope.core.progress import Progress
from biasscope.core.provenance import versions
from biasscope.core.results import Cell
from biasscope.images.picture import ImageSource
from biasscope.models.device import resolve_device
from biasscope.models.loaded import weights_sha256

VARIANTS = ("plain", "antialias", "polyphase")


def augmentation_sweep(
    model: str | Factory | Mapping[str, Factory] = "small:8",
    images: Images = "scenes",
    *,
    held_out: str | ImageSource | None = None,
    copies: Sequence[int | Sequence[int]] = (1, 2, 4, 8, 16, 32, 64),
    variants: Sequence[str] = VARIANTS,
    transform: str = "shift",
    shifts: str = "8x8",
    test_shifts: str | None = None,
    angles: str = "-30..30:10",
    test_angles: str | None = None,
    scales: str = "0.7,0.85,1,1.15",
    test_scales: str | None = None,
    edges: str = "circular",
    seeds: int = 5,
    train_images: Sequence[int] | None = None,
    test_images: int | None = None,
    steps: int | None = 300,
    epochs: float | None = None,
    batch: int = 64,
    training: Training | None = None,
    engine: str = "auto",
    together: int = 64,
    device: str | torch.device = "auto",
    budget: float | None = None,
    checkpoint: str | Path | None = None,
    every: float = 30.0,
    progress: Progress | None = None,
    seed: int = 0,
) -> CopiesSweep:
    """Train networks on n versions of every image for several n, and ask them about held-out images in all versions.

    Parameters
    ----------
    model
        ``small:4``, ``small:8`` (width after a second colon), a function that builds an untrained network, or one for
        each variant.
    images
        ``scenes`` or ``scenes:COUNT@SIDE``: embedded digits anywhere in the picture; ``centred:COUNT@SIDE``: all of
        them in the middle, so that only copies show them elsewhere; `Data`; training images, their labels, held-out
        images, their labels; or anything that `biasscope.images.open_images` takes, which is split at random.
    held_out
        Source of the held-out images, in the place of a share of ``images``.
    copies
        Numbers of versions n of each training image; for products of transformations a pair each, or numbers that are
        crossed.
    variants
        ``plain``, ``antialias``, ``polyphase``, ``pac``, or keys of the mapping ``model``.
    transform
        ``shift``, ``rotate``, ``scale``, or a product: ``shift+rotate``.
    shifts, angles, scales
        What is trained: a grid of whole shifts (``8x8`` are the phases of stride product 8, around zero), degrees,
        factors of size.
    test_shifts, test_angles, test_scales
        What is asked; the trained range without. Versions outside the trained range are kept apart.
    edges
        What enters where content leaves: ``circular``, ``fill`` (black), or ``crop``: a window moves in the image.
    seeds
        Repetitions.
    train_images, test_images
        Training-set sizes (all without) and number of held-out images; the first ones are taken.
    steps, epochs
        Gradient steps of every network whatever n is; or passes over all copies, which wins where it is given.
    batch
        Images a step.
    training
        Learning rate, precision, layout, compilation.
    engine, together
        ``auto``, ``sequential`` or ``vectorised``; most networks at once.
    device
        ``auto``, ``cpu``, ``cuda`` ...
    budget
        Seconds for everything; the plan is thinned to it, which the notes say.
    checkpoint
        Folder in which finished networks, and every ``every`` seconds the running ones, are kept; with the same
        arguments a sweep that was killed goes on there, on the CPU to the same result bit by bit.
    progress
        Where progress is shown.
    seed
        Same seed, same result on the CPU.

    Raises
    ------
    UsageError
        An argument is wrong.
    InputError
        The images cannot be used.

    References
    ----------
    Azulay & Weiss, "Why do deep convolutional networks generalize so poorly to small image transformations?", JMLR
    20(184), 2019, section on data augmentation: an argument, here measured.

    Examples
    --------
    >>> found = augmentation_sweep("small:4:4", "scenes:60@24", copies=[1, 4], seeds=1, steps=2, batch=8, shifts="2x2")
    >>> found
    CopiesSweep(plain, antialias, polyphase: 6 networks, 4 versions x 12 images)
    """
    say, settings = progress or Progress(), training or Training()
    data = _cut(prepare_data(images, seed, held_out), train_images, test_images)
    words = {"transform": transform, "shifts": shifts, "angles": angles, "scales": scales}
    asked = {"shifts": test_shifts or shifts, "angles": test_angles or angles, "scales": test_scales or scales}
    pools = make_pool(**words), make_pool(**{**words, **asked})
    target = resolve_device(device)
    views = _views(data, pools, edges, target)
    made = factories(model, tuple(variants), views[0].shape, data.classes)
    sizes = sorted({min(size, len(data.train)) for size in train_images or [len(data.train)]})
    available = pools[0].sizes
    whole = make_plan(
        copies, variants, sizes, available=available, seeds=seeds, steps=steps, epochs=epochs, batch=batch
    )
    decides = _decides(data, made, words, asked, edges, seed, settings)
    facts = {**decides, "plan": asdict(whole), "budget": budget, "device": target.type, "versions": versions()}
    place = None if checkpoint is None else Path(checkpoint)
    kept = Checkpoint(place, {**facts, "engine": engine, "together": together}, say)
    labels = data.train_labels.to(target)
    runner = Runner(made, views[0], labels, views[1], settings, engine, together, seed, kept, every)
    plan = kept.plan(whole) if budget is None else kept.plan(thin(whole, runner.speed(whole), budget))
    with say.bar("training networks", len(plan.runs)) as advance:
        results = runner.all(plan, advance)
    return assemble(results, plan, runner, data, decides)


def _cut(data: Data, train_images: Sequence[int] | None, test_images: int | None) -> Data:
    most = max(train_images) if train_images else None
    train, test = slice(most), slice(test_images)
    pairs = ((most, data.train, "train on"), (test_images, data.test, "ask about"))
    few = [
        f"{n:,} images to {what} were asked for; there are {len(have):,}."
        for n, have, what in pairs
        if n and n > len(have)
    ]
    return replace(
        data,
        train=data.train[train],
        train_labels=data.train_labels[train],
        test=data.test[test],
        test_labels=data.test_labels[test],
        notes=(*data.notes, *few),
    )


def _views(data: Data, pools: tuple[Pool, Pool], edges: str, device: torch.device) -> list[Views]:
    margin = max(pool.reach for pool in pools)
    parts = zip((data.train, data.test), pools, strict=True)
    return [Views(images.to(device), pool, edges, margin) for images, pool in parts]


def _decides(
    data: Data,
    made: Mapping[str, Factory],
    words: Mapping[str, str],
    asked: Mapping[str, str],
    edges: str,
    seed: int,
    training: Training,
) -> dict[str, Cell]:
    """Everything but the plan that decides the result; networks are told apart by their text and weights."""
    networks = {name: build(factory, 0) for name, factory in made.items()}
    return {
        **{f"network {name}": weights_sha256(network) for name, network in networks.items()},
        **{f"structure {name}": sha256(str(network).encode()).hexdigest() for name, network in networks.items()},
        "images": data.name,
        "images_sha256": data.digest(),
        **words,
        **{f"test_{name}": text for name, text in asked.items()},
        "edges": edges,
        "seed": seed,
        **asdict(training),
    }
