"""Sections of the report: kind of result to the view that prepares it and the template that prints it.

Adding a section is a module with ``view(result) -> dict`` (what the template needs besides the result and its
figures), a template, and one line here. A kind without a section is printed by the generic one.
"""

from __future__ import annotations

from biasscope.core.registry import Entry, Registry


def _entry(module: str, template: str, title: str, short: str) -> Entry:
    facts = {"template": f"sections/{template}.html", "title": title, "short": short}
    return Entry(f"biasscope.report.sections.{module}:view", facts)


_DATASET = {
    "position": _entry("position", "position", "Where the objects are", "Position"),
    "scale": _entry("scale", "scale", "How large the objects are", "Scale"),
    "repair": _entry("repair", "repair", "Would the augmentation repair it?", "Repair"),
    "splits": _entry("pair", "pair", "Do the splits share the bias?", "Splits"),
    "comparison": _entry("pair", "pair", "Two datasets side by side", "Comparison"),
    "leakage": _entry("leakage", "leakage", "How much the geometry gives away", "Leakage"),
    "integrity": _entry("integrity", "integrity", "What is wrong with the annotations", "Integrity"),
}
_INVARIANCE = {
    "shifts": _entry("shifts", "shifts", "Does the answer survive a shift?", "Shifts"),
    "rescale": _entry("curves", "rescale", "Does the answer survive another size?", "Size"),
    "rotation": _entry("curves", "rotation", "Does the answer survive a turn?", "Rotation"),
    "resize": _entry("resize", "resize", "Does the answer survive another library's resize?", "Resize"),
    "video": _entry("video", "video", "Does the answer stay from frame to frame?", "Video"),
    "lie": _entry("lie", "lie", "How strongly does the output move?", "Lie derivative"),
    "published": _entry("published", "published", "Beside what was published", "Published"),
    "models": _entry("models", "models", "Which models were asked", "Models"),
    "images": _entry("images", "images", "Which images were used", "Images"),
}

_LAYERS = {
    "layers": _entry("layers", "layers", "Where is shiftability lost?", "Layers"),
    "blame": _entry("blame", "blame", "Which layer is to blame?", "Blame"),
    "attribution": _entry("attribution", "attribution", "Does the explanation move with the object?", "Explanations"),
    "structure": _entry("structure", "structure", "How densely each layer samples", "Structure"),
}

_UPSAMPLING = {
    "patterns": _entry("upsampling", "upsampling", "Which layer writes the pattern, and how strong is it?", "Patterns"),
    "overlap": _entry("upsampling", "upsampling", "How often is each position written?", "Overlap"),
    "remedies": _entry("upsampling", "upsampling", "What removes the pattern, and at which price?", "Remedies"),
    "gradients": _entry("upsampling", "upsampling", "Do gradients reach every pixel alike?", "Gradients"),
    "weights": _entry("upsampling", "upsampling", "Do weights answer a constant with a constant?", "Weights"),
    "coverage": _entry("upsampling", "upsampling", "How are positions covered?", "Position"),
}

_AUGMENTATION = {
    "copies": _entry("copies", "copies", "How many copies does invariance need?", "Copies"),
    "transforms": Entry(
        "biasscope.report.sections.copies:transforms",
        {"template": "sections/transforms.html", "title": "What training transforms deliver", "short": "Transforms"},
    ),
}

_GENERAL = {"expected": _entry("expected", "expected", "Published and measured", "Expected")}

SECTIONS = Registry("section", _GENERAL | _DATASET | _LAYERS | _AUGMENTATION | _UPSAMPLING | _INVARIANCE)
"""Sections in the order of the page, question by question."""

GENERIC = _entry("generic", "generic", "", "")
"""For kinds that have no section of their own."""
