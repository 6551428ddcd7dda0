"""Model specifications: ``scheme:name@weights?key=value&key=value``."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from biasscope.core.errors import UsageError

OPTIONS = ("arch", "padding", "size", "resize", "mean", "std", "interpolation", "seed", "classes")
"""Keys that may follow the question mark."""


@dataclass(frozen=True)
class Spec:
    """A specification taken apart."""

    text: str
    scheme: str
    name: str
    options: dict[str, str] = field(default_factory=dict)


def parse_spec(text: str) -> Spec:
    """Take a specification apart.

    Raises
    ------
    UsageError
        There is no scheme, or an option is unknown or given twice.

    Examples
    --------
    >>> spec = parse_spec("file:w.safetensors?arch=torchvision:mobilenet_v2&padding=same")
    >>> spec.scheme, spec.name, spec.options["arch"]
    ('file', 'w.safetensors', 'torchvision:mobilenet_v2')
    """
    scheme, colon, rest = text.partition(":")
    name, _, query = rest.partition("?")
    if not colon or not scheme or not name:
        hint = (
            "Write scheme:name, for example torchvision:resnet18, file:weights.safetensors?arch=... or small:digits8."
        )
        raise UsageError(f"{text!r} does not specify a model", hint=hint)
    return Spec(text, scheme, name, _options(text, query))


def _options(text: str, query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise UsageError(f"the options of {text!r} are not key=value&key=value", hint=str(error)) from error
    options: dict[str, str] = {}
    for key, value in pairs:
        if key not in OPTIONS:
            raise UsageError(f"unknown option {key!r} in {text!r}", hint=f"There are: {', '.join(OPTIONS)}.")
        if key in options:
            raise UsageError(f"option {key!r} is given twice in {text!r}")
        options[key] = value
    return options
