"""The protocols by name."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from biasscope.core.errors import UsageError
from biasscope.core.registry import Entry, Registry

if TYPE_CHECKING:
    from biasscope.models.preprocessing import Preprocessing
    from biasscope.transforms.transformation import Transformation


def _entry(target: str, title: str, shift: str, kind: str, grid: str = "grid", **facts: Any) -> Entry:
    """One protocol.

    ``title`` is for people, ``shift`` the word by which results name it, ``kind`` the kind of result, ``grid`` the
    parameter that `make` fills from ``grid``.
    """
    facts = {"title": title, "shift": shift, "kind": kind, "grid": grid, **facts}
    return Entry(f"biasscope.transforms.{target}", facts)


PROTOCOLS = Registry(
    "protocol",
    {
        "crop": _entry("crop:Crop", "crop windows of a larger picture", "crop window", "shifts"),
        "circular": _entry("circular:Circular", "circular shifts", "circular", "shifts"),
        "embed": _entry("embed:Embed", "the shrunk picture moved in a canvas", "embedded in a fill", "shifts"),
        "box": _entry(
            "box:BoxCrop", "crop windows around the object", "crop window around the box", "shifts", boxes=True
        ),
        "fourier": _entry("fourier:FourierShift", "fractional shifts, Fourier", "circular, Fourier", "shifts"),
        "bilinear": _entry("bilinear:BilinearShift", "fractional shifts, bilinear", "fractional, bilinear", "shifts"),
        "pairs": _entry("pairs:RandomPairs", "pairs of random crop windows", "crop window", "shifts", "reach"),
        "scale": _entry("scale:EmbeddedScale", "size changed pixel by pixel", "scale in a fill", "rescale", "sizes"),
        "rescale": _entry("scale:Rescale", "recognition against size", "scale in a fill", "rescale", "sizes"),
        "rotation": _entry("rotation:Rotation", "rotation about the middle", "rotation", "rotation", "angles"),
        "video": _entry("video:Video", "frames of a clip", "natural motion", "video", "frames", clips=True),
        "resize": _entry(
            "resize:ResizeImplementations",
            "resize implementations",
            "resize implementation",
            "resize",
            "implementations",
        ),
    },
)


def make(
    protocol: str, *, preprocessing: Preprocessing | None = None, grid: str | None = None, seed: int = 0, **options: Any
) -> Transformation:
    """Make a transformation by name.

    Parameters
    ----------
    protocol
        Name in `PROTOCOLS`.
    preprocessing
        Of the model: fills in what its input decides, as the size of the source.
    grid
        What is gone through: a grid of shifts, or the sizes, angles or frames of protocols that have those.
    seed
        For the protocols that draw at random.
    **options
        Parameters of the protocol's class, as ``fill`` and ``side``; ``None`` leaves the default.

    Returns
    -------
        The transformation, not yet fitted to a model where ``preprocessing`` is not given.

    Raises
    ------
    UsageError
        There is no such protocol, it does not take this option, or the value is wrong.

    Examples
    --------
    >>> len(make("circular", grid="5x5"))
    25
    """
    family = PROTOCOLS.load(protocol)
    known = [item.name for item in fields(family) if item.init and item.name != "back"]
    given = {name: value for name, value in options.items() if value is not None}
    if grid is not None:
        parameter = PROTOCOLS[protocol].facts["grid"]
        given[parameter] = int(grid) if parameter in ("reach", "frames") and str(grid).isdecimal() else grid
    if wrong := [name for name in given if name not in known]:
        hint = f"It takes: {', '.join(known)}."
        raise UsageError(f"the protocol {protocol} takes no {' and no '.join(wrong)}", hint=hint)
    if "seed" in known:
        given["seed"] = seed
    made: Transformation = family(**given)
    return made if preprocessing is None else made.for_model(preprocessing)
