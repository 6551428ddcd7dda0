"""From a definition to the keywords of the sweeps; small numbers where nothing was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from biasscope.copies.plan import Plan, make_plan
from biasscope.copies.pool import make_pool
from biasscope.core.errors import UsageError
from biasscope.pipeline.definition import AugmentationAnalysis

EMBEDDED = ("small:4", "small:8")
VARIANTS = ("plain", "antialias", "polyphase")
IMAGES, DEFAULT_IMAGES = "centred:2500@28", "embedded centred digits"
COPIES, FEW_COPIES = (1, 2, 4, 8, 16, 32, 64), (1, 2, 4, 16, 64)
SEEDS, FEW_SEEDS, STEPS, FEW_STEPS, FEW_TESTS = 5, 2, 300, 150, 200
SHIFTS, ANGLES, SCALES = "8x8", "-30..30:10", "0.7,0.85,1,1.15"
BEYOND = 4
"""Pixels beyond the trained range at which the embedded default asks too."""
LEAST_VIEWS = 2
AXES = {"shift": "shifts", "rotate": "angles", "scale": "scales"}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Asked:
    """What all sweeps of an analysis have in common.

    Attributes
    ----------
    words
        Keywords of :func:`biasscope.copies.augmentation_sweep` and of its training; numbers, texts and lists only.
    target
        Value to reach, or ``antialias@1``.
    budget
        Seconds for everything, or ``None``.
    networks
        Networks of each model, before a time budget thins them.
    """

    words: dict[str, Any]
    target: float | str
    budget: float | None
    networks: int = 0


def asked(definition: AugmentationAnalysis, *, embedded: bool) -> Asked:
    """Read and check everything before the first network is trained.

    Parameters
    ----------
    definition
        The analysis.
    embedded
        Whether neither a model nor images were given: fewer networks and fewer steps then.

    Raises
    ------
    UsageError
        A text cannot be read.
    """
    make_pool(definition.transform)
    _check_effect(definition)
    shifts = definition.shifts or SHIFTS
    beyond = embedded and definition.transform == "shift"
    words: dict[str, Any] = {
        "variants": list(definition.variants or VARIANTS),
        "copies": copies(definition.copies) or list(FEW_COPIES if embedded else COPIES),
        "transform": definition.transform,
        "shifts": shifts,
        "angles": definition.angles or ANGLES,
        "scales": definition.scales or SCALES,
        "test_shifts": definition.test_shifts or (outside(shifts) if beyond else None),
        "test_angles": definition.test_angles,
        "test_scales": definition.test_scales,
        "edges": definition.edges,
        "seeds": definition.seeds or (FEW_SEEDS if embedded else SEEDS),
        "train_images": definition.train_images or None,
        "test_images": definition.test_images or (FEW_TESTS if embedded else None),
        "steps": definition.steps or (FEW_STEPS if embedded else STEPS),
        "epochs": definition.epochs,
        "batch": definition.batch,
        "rate": definition.rate,
        "amp": definition.amp,
        "engine": definition.engine,
        "together": definition.together,
        "device": definition.device,
        "seed": definition.seed,
    }
    aim = target(definition.target)
    return Asked(words, aim, seconds(definition.budget), len(_check(words, aim).runs))


def _check_effect(definition: AugmentationAnalysis) -> None:
    """Refuse options that would have no effect."""
    for axis, name in AXES.items():
        for option in (name, f"test_{name}"):
            if getattr(definition, option) is not None and axis not in definition.transform.split("+"):
                hint = f"Leave it away, or say --transform {definition.transform}+{axis}."
                where = f"--{option.replace('_', '-')}"
                raise UsageError(f"it has no effect on --transform {definition.transform}", where=where, hint=hint)


def _check(words: dict[str, Any], aim: float | str) -> Plan:
    """Make the plan once, to refuse what no sweep can do."""
    kinds = ("shifts", "angles", "scales")
    pool = make_pool(words["transform"], **{name: words[name] for name in kinds})
    views = make_pool(words["transform"], **{name: words[f"test_{name}"] or words[name] for name in kinds})
    if (inside := int(pool.contains(views).sum())) < LEAST_VIEWS:
        what = f"{inside} of {len(views)} versions that are asked about lie{'s' * (inside == 1)} in the trained range"
        raise UsageError(f"{what}: none can be compared", hint="Train more versions, or ask about others.")
    cells = make_plan(
        words["copies"], words["variants"], words["train_images"] or [1], available=pool.sizes, seeds=words["seeds"]
    )
    if isinstance(aim, str):
        _check_aim(aim, cells)
    return cells


def _check_aim(aim: str, cells: Plan) -> None:
    variant, _, number = aim.partition("@")
    known = list(dict.fromkeys(run.variant for run in cells.runs))
    copies = sorted({run.total for run in cells.runs})
    if variant not in known:
        hint = f"Say 0.95, or {known[-1]}@{copies[0]} (variant@copies)."
        raise UsageError(f"{aim}: there is no variant {variant!r} in this plan", where="--target", hint=hint)
    if int(number) not in copies:
        hint = f"It is on {', '.join(map(str, copies))}."
        raise UsageError(f"{aim}: {variant} is not trained on {number} copies", where="--target", hint=hint)


def copies(texts: Sequence[str]) -> list[int | tuple[int, ...]]:
    """Numbers of copies; ``4x3`` is a pair, of a product of transformations.

    >>> copies(["1", "16", "4x3"])
    [1, 16, (4, 3)]
    """
    made: list[int | tuple[int, ...]] = []
    for text in texts:
        numbers = tuple(map(int, text.split("x"))) if re.fullmatch(r"\d+(x\d+)*", text) else ()
        if min(numbers, default=0) < 1:
            hint = "Write 1,2,4,8; or 4x3 for 4 shifts and 3 rotations."
            raise UsageError(f"{text!r} is no number of copies", where="--copies", hint=hint)
        made.append(numbers[0] if len(numbers) == 1 else numbers)
    return made


def target(text: str) -> float | str:
    """Value to reach, as a share; or a variant and its number of copies.

    >>> target("0.9"), target("95%"), target("antialias@1")
    (0.9, 0.95, 'antialias@1')
    """
    if re.fullmatch(r"\w+@\d+", text):
        return text
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise UsageError(f"{text!r} is no target", where="--target", hint="Say 0.95, or antialias@1 (variant@copies).")
    return value


def seconds(text: str | None) -> float | None:
    """Time budget in seconds.

    >>> seconds("10m"), seconds("90"), seconds(None)
    (600.0, 90.0, None)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found or float(found[1]) <= 0:
        raise UsageError(f"{text!r} is no time", where="--budget", hint="Say 90s, 10m or 2h.")
    return float(found[1]) * _UNITS[found[2]]


def outside(shifts: str) -> str:
    """Shifts of a grid and some straight beyond it, for what happens outside the trained range.

    >>> outside("2x2").count(";")
    19
    """
    pool = make_pool("shift", shifts=shifts)
    pairs = list(zip(pool.dy.tolist(), pool.dx.tolist(), strict=True))
    low, high = int(min(pool.dy.min(), pool.dx.min())), int(max(pool.dy.max(), pool.dx.max()))
    for step in range(1, BEYOND + 1):
        pairs += [(high + step, 0), (low - step, 0), (0, high + step), (0, low - step)]
    return ";".join(f"{dy},{dx}" for dy, dx in pairs)
