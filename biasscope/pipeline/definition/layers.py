"""What question 3 can be asked."""

from __future__ import annotations

from typing import Literal

import msgspec

from biasscope.core.errors import UsageError


class LayersAnalysis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 3: at which layer is shiftability lost, and which layer is to blame for flipped answers?

    The fields are the options of ``layers``; see ``python -m biasscope.analyze layers --help``.
    """

    model: list[str] = []
    variants: list[Literal["baseline", "antialias", "polyphase", "pac", "circular"]] = []
    filter_size: int = 4
    stem: bool = False
    images: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    split: str | None = None
    stream: bool = False
    limit: int | None = None
    layers: list[str] = []
    functional: Literal["auto", "yes", "no"] = "auto"
    split_layers: Literal["none", "pools", "all"] = "pools"
    measures: list[str] = []
    threshold: float = 0.2
    margin: float = 0.125
    protocol: Literal["circular", "crop", "embed"] = "circular"
    grid: str | None = None
    fill: str | None = None
    side: int | None = None
    blame: bool = True
    between: Literal["fourier", "nearest"] = "fourier"
    attribution: list[Literal["none", "gradcam", "saliency", "integrated_gradients"]] = []
    batch: int = 64
    device: str = "auto"
    amp: Literal["bf16", "fp16"] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no trace can use."""
        for name, holds, hint in (
            ("filter_size", 1 <= self.filter_size <= 7, "A blur has 1 to 7 taps."),
            ("limit", self.limit is None or self.limit >= 0, "It is a number of pictures, 0 for all of them."),
            ("threshold", 0 < self.threshold < 1e6, "It is a share of the mean, such as 0.2."),
            (
                "margin",
                0 <= self.margin < 0.5,
                "It is a share of the side that is left out at every edge, such as 0.125.",
            ),
            ("side", self.side is None or self.side >= 1, "It is a number of pixels."),
            ("batch", self.batch >= 1, "A batch holds at least one view."),
            ("seed", 0 <= self.seed < 2**63, "Seeds lie between 0 and 9223372036854775807."),
        ):
            if not holds:
                what = f"{getattr(self, name)} is out of range"
                raise UsageError(what, where=f"--{name.replace('_', '-')}", hint=hint)
        for name in ("fill", "side"):
            if getattr(self, name) is not None and self.protocol != "embed":
                raise UsageError("only pictures that are embedded take it", where=f"--{name}", hint="--protocol embed")
        for name in ("image_column", "label_column", "split", "stream"):
            if getattr(self, name) and self.images is None:
                hint = "Give --images SOURCE."
                raise UsageError("it says how to read pictures", where=f"--{name.replace('_', '-')}", hint=hint)
