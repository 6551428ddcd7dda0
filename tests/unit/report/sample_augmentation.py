"""Results of question 4 made up for tests: known laws, a variant that needs one copy, one that never gets there."""

import itertools
from functools import cache

import numpy as np
import torch

from biasscope.copies import CopiesSweep, Run
from biasscope.copies.subsampling import Subsampling
from biasscope.pipeline.augmentation.delivered import transforms
from biasscope.pipeline.augmentation.plan import Asked
from biasscope.pipeline.augmentation.result import result
from biasscope.pipeline.augmentation.study import Study

COPIES, SEEDS, IMAGES, SIDE, DRAWS = (1, 2, 4, 8, 16, 32, 64), 2, 60, 8, 60
LAWS = {"plain": lambda n: 1 - 0.5 / n, "antialias": lambda n: 0.8, "polyphase": lambda n: 1.0}
"""Share of the versions that are answered as the unmoved one is."""


def sweep(copies=COPIES, seeds=SEEDS, beyond=2, laws=LAWS):
    """Answers whose share of right ones follows a law; versions beyond the trained 8 x 8 are all wrong but for the
    last variant."""
    rng = np.random.default_rng(0)
    low, high = -SIDE // 2, SIDE // 2 - 1
    places = [(y, x) for y in range(low, high + 1 + beyond) for x in range(low, high + 1 + beyond)]
    dy, dx = np.array(places).T
    inside = (dy <= high) & (dx <= high)
    home = places.index((0, 0))
    targets = np.arange(IMAGES) % 3
    runs = [Run(form, (n,), 240, seed) for form in laws for n in copies for seed in range(seeds)]
    answers = []
    for run in runs:
        right = rng.random((len(places), IMAGES)) < laws[run.variant](run.total)
        right[~inside] &= run.variant == "polyphase"
        right[home] = True
        answers.append(np.where(right, targets, 3 + rng.integers(0, 7, right.shape)))
    return CopiesSweep(
        runs=tuple(runs),
        predictions=torch.from_numpy(np.stack(answers)).to(torch.int16),
        targets=torch.from_numpy(targets),
        losses=torch.full((len(runs), 5), 0.25),
        seconds=torch.full((len(runs),), 1.5, dtype=torch.float64),
        steps=torch.full((len(runs),), 5),
        engines=("sequential",) * len(runs),
        coordinates={"dy": dy, "dx": dx, "angle": np.zeros(len(dy)), "scale": np.ones(len(dy))},
        inside=inside,
        axes=("shift",),
        available=(SIDE**2,),
        subsampling=dict.fromkeys(laws, Subsampling(8, 8.0)),
        parameters={"shifts": f"{SIDE}x{SIDE}"},
        settings={
            "reference": home,
            "device": "cpu",
            "steps": 5,
            "batch": 3072,
            **{f"engine {form}": "sequential" for form in laws},
        },
        notes=("One note of the sweep.",),
    )


def product(copies=(1, 2, 4)):
    """Answers to shifted and turned versions; what is missing is that of either number of copies."""
    rng = np.random.default_rng(0)
    places = [(y, x, angle) for y in range(-1, 1) for x in range(-1, 1) for angle in (-10, 0, 10)]
    dy, dx, angle = np.array(places).T
    targets = np.arange(IMAGES) % 3
    runs = [Run("plain", cell, 240, seed) for cell in itertools.product(copies, (1, 2, 3)) for seed in range(SEEDS)]
    answers = []
    for run in runs:
        share = 1 - 0.3 * ((dy != 0) | (dx != 0)) / run.copies[0] - 0.3 * (angle != 0) / run.copies[1]
        right = rng.random((len(places), IMAGES)) < share[:, None]
        answers.append(np.where(right, targets, 3 + rng.integers(0, 7, right.shape)))
    count = len(runs)
    return CopiesSweep(
        runs=tuple(runs),
        predictions=torch.from_numpy(np.stack(answers)).to(torch.int16),
        targets=torch.from_numpy(targets),
        losses=torch.full((count, 5), 0.25),
        seconds=torch.full((count,), 1.5, dtype=torch.float64),
        steps=torch.full((count,), 5),
        engines=("sequential",) * count,
        coordinates={"dy": dy, "dx": dx, "angle": angle.astype(float), "scale": np.ones(len(dy))},
        inside=np.ones(len(dy), np.bool_),
        axes=("shift", "rotate"),
        available=(4, 3),
        subsampling={"plain": Subsampling(8, 8.0)},
        parameters={"shifts": "2x2"},
        settings={
            "reference": places.index((0, 0, 0)),
            "device": "cpu",
            "steps": 5,
            "batch": 432,
            "engine plain": "sequential",
        },
    )


def asked(target=0.9, transform="shift"):
    names = ("transform", "shifts", "angles", "scales", "edges", "steps", "epochs", "batch", "rate", "amp", "seed")
    values = (transform, "8x8", "", "", "circular", 5, None, 8, 0.01, None, 0)
    return Asked(dict(zip(names, values, strict=True)), target, None)


def study(found=None, target=0.9, model="small:8", alone=True):
    return Study(model, found or sweep(), target, alone, draws=DRAWS)


def copies(*studies, target=0.9):
    return result(studies or [study(target=target)], asked(target))


def products(target=0.8):
    """Result of two transformations at once."""
    return result([study(product(), target)], asked(target, "shift+rotate"))


@cache
def results():
    """One result of every kind; two of copies, because two transformations have figures of their own."""
    return copies(), products(), transforms([], (16, 16), [8], 0)
