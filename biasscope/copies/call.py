"""`augmentation_sweep`: plan, train, evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import torch

from biasscope.copies.assemble import assemble
from biasscope.copies.checkpoint import Checkpoint
from biasscope.copies.data import Data
from biasscope.copies.facts import facts_of
from biasscope.copies.networks import Factory, factories
from biasscope.copies.plan import Plan, make_plan
from biasscope.copies.pool import Pool, make_pool
from biasscope.copies.prepare import Images, first, prepare_data
from biasscope.copies.result import CopiesSweep
from biasscope.copies.runner import Runner
from biasscope.copies.speed import measure
from biasscope.copies.thinning import thin
from biasscope.copies.train import Training
from biasscope.copies.tryout import try_out
from biasscope.copies.views import Views
from biasscope.core.progress import Progress
from biasscope.core.provenance import versions
from biasscope.images.picture import ImageSource
from biasscope.models.device import resolve_device

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
        Gradient steps of every network whatever n is; or passes over all copies, which wins where it is given. A step
        shows ``batch`` images in one version each: `CopiesSweep.shown` says how many of the n versions were shown.
    batch
        Images a step.
    training
        Learning rate, precision, layout, compilation.
    engine, together
        ``auto``, ``sequential`` or ``vectorised``; most networks at once.
    device
        ``auto``, ``cpu``, ``cuda`` ...
    budget
        Seconds for training and asking; the plan is thinned to it, which the notes say.
    checkpoint, every
        Folder in which finished networks, and every ``every`` seconds the running ones, are kept; with the same
        arguments a sweep that was killed goes on there, on the CPU to the same result bit by bit.
    progress
        Where progress is shown.
    seed
        Same seed, same result on the CPU.

    Returns
    -------
        Answers of every network to every version of every held-out image.

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
    start, say, settings = monotonic(), progress or Progress(), training or Training()
    data = first(prepare_data(images, seed, held_out), train_images, test_images)
    words = {"transform": transform, "shifts": shifts, "angles": angles, "scales": scales}
    asked = {"shifts": test_shifts or shifts, "angles": test_angles or angles, "scales": test_scales or scales}
    pools = make_pool(**words), make_pool(**{**words, **asked})
    target = resolve_device(device)
    views = _views(data, pools, edges, target)
    made = factories(model, tuple(variants), views[0].shape, data.classes)
    try_out(made, views[0].shape, data.classes, batch)
    sizes = sorted({min(size, len(data.train)) for size in train_images or [len(data.train)]})
    whole = make_plan(
        copies,
        variants,
        sizes,
        available=pools[0].sizes,
        seeds=seeds,
        steps=steps,
        epochs=epochs,
        batch=batch,
        test_images=len(data.test),
        asked=pools[1].sizes,
    )
    decides = facts_of(data, made, views[0].shape, words, asked, edges, seed, settings)
    facts = {**decides, "plan": asdict(whole), "budget": budget, "device": target.type, "versions": versions()}
    place = None if checkpoint is None else Path(checkpoint)
    kept = Checkpoint(place, {**facts, "engine": engine, "together": together}, say)
    labels = data.train_labels.to(target)
    runner = Runner(made, views[0], labels, views[1], settings, engine, together, seed, kept, every)
    plan = whole if budget is None else kept.plan(lambda: _within(budget, start, runner, whole))
    with say.bar("training networks", len(plan.runs)) as advance:
        results = runner.all(plan, advance)
    return assemble(results, plan, runner, data, decides)


def _views(data: Data, pools: tuple[Pool, Pool], edges: str, device: torch.device) -> list[Views]:
    margin = max(pool.reach for pool in pools)
    parts = zip((data.train, data.test), pools, strict=True)
    return [Views(images.to(device), pool, edges, margin) for images, pool in parts]


def _within(budget: float, start: float, runner: Runner, whole: Plan) -> Plan:
    """Thin a plan to what is left of a time budget after opening images and measuring the speed."""
    speed = measure(runner, whole)
    return thin(whole, speed, budget, spent=monotonic() - start)
