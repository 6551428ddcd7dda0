"""What a protocol does to the picture, in a sentence each."""

from __future__ import annotations

from biasscope.core.results import Result
from biasscope.report import wording

PROTOCOLS = {
    "crop": (
        "Crop window",
        "A window is moved over a larger picture: what leaves on one side is cut, what comes in on the "
        "other is real picture. Nothing is resized or filled.",
    ),
    "circular": (
        "Circular",
        "The picture is rolled: what leaves on one side comes in on the other. Exact, but no camera "
        "does it; a network can be perfect here and fail on realistic shifts.",
    ),
    "embed": (
        "Embedded",
        "The picture is made smaller, pasted into a larger frame, and pasted again some pixels further. "
        "Nothing is lost, and everything else is fill.",
    ),
    "box": (
        "Around the box",
        "A window moves around the object's ground-truth box and keeps all of it inside: neither "
        "resizing nor filling, and the object never leaves.",
    ),
    "fourier": (
        "Fractional, Fourier",
        "The picture is moved by parts of a pixel through the Fourier domain, which neither "
        "blurs nor sharpens a band-limited picture; it wraps around.",
    ),
    "bilinear": (
        "Fractional, bilinear",
        "The picture is moved by parts of a pixel by bilinear interpolation, which blurs: "
        "compare with the interpolation floor.",
    ),
    "pairs": (
        "Random pairs",
        "Two windows at random offsets of each picture are compared, as Zhang's consistency does; the "
        "reference is the other window, not the middle.",
    ),
    "scale": ("Embedded scale", "The picture is pasted into a frame at a size that grows pixel by pixel."),
    "rescale": ("Rescaled", "The object is made smaller and smaller in a frame of fixed size, as people were tested."),
    "rotation": ("Rotation", "The picture is turned about its middle."),
    "resize": ("Resize", "The same file is resized by different libraries before the same network sees it."),
    "video": (
        "Video",
        "Frames of a clip follow each other; the camera and the things in it move as they do in the world.",
    ),
    "lie": ("Lie derivative", "The derivative of the output along a transformation, at the picture as it is."),
}
"""Title and explanation of the protocols, by name."""


def title(result: Result) -> str:
    """Title of the protocol of a result; its name when it is not known here, nothing when it has none."""
    name = str(result.parameters.get("protocol") or "")
    return PROTOCOLS[name][0] if name in PROTOCOLS else name.replace("_", " ").capitalize()


def explained(result: Result) -> str:
    """What the protocol does, in words; nothing for one that is not known here."""
    return PROTOCOLS.get(str(result.parameters.get("protocol") or ""), ("", ""))[1]


TITLES = {
    "crop": "Does the answer survive a shift of the window?",
    "circular": "Does the answer survive a circular shift?",
    "embed": "Does the answer survive a shift in a larger frame?",
    "box": "Does the answer survive a shift around the object?",
    "fourier": "Does the answer survive a part of a pixel?",
    "bilinear": "Does the answer survive a part of a pixel, interpolated?",
    "pairs": "Do two random windows get the same answer?",
}
"""Titles of the sections about shifts, by protocol."""


NOUNS = {"rescale": "sizes", "rotation": "angles", "resize": "implementations", "video": "frames"}
"""What the views of a kind of result are called."""


def over(result: Result) -> str:
    """Line above the section's title: protocol, fill, reference, how many shifts and images."""
    given = result.parameters
    reference = given.get("compared_with") or given.get("reference")
    parts = [title(result), f"fill {wording.anything(given['fill'])}" if given.get("fill") else ""]
    parts += [f"reference: {reference}"] if isinstance(reference, str) else []
    views = given.get("shifts") or given.get("views")
    pictures = "clips" if result.kind == "video" else "images"
    for value, noun in ((views, NOUNS.get(result.kind, "shifts")), (given.get("images"), pictures)):
        if isinstance(value, int | float) and not isinstance(value, bool):
            parts.append(f"{wording.count(value)} {noun}")
    return ", ".join(part for part in parts if part)
