"""What question 3 can be asked."""

from __future__ import annotations

from typing import Literal

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition.models import ModelsAnalysis


class LayersAnalysis(ModelsAnalysis, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 3: at which layer is shiftability lost, and which layer is to blame for flipped answers?

    The fields are the options of ``layers``; see ``python -m biasscope.analyze layers --help``.
    """

    layers: list[str] = []
    functional: Literal["auto", "yes", "no"] = "auto"
    split_layers: Literal["none", "pools", "all"] = "pools"
    measures: list[str] = []
    threshold: float = 0.2
    margin: float = 0.125
    protocol: Literal["circular", "crop", "embed"] = "circular"
    blame: bool = True
    blame_limit: int | None = None
    between: Literal["fourier", "nearest"] = "fourier"
    attribution: list[Literal["none", "gradcam", "saliency", "integrated_gradients"]] = []
    attribution_limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that no trace can use."""
        ModelsAnalysis.__post_init__(self)
        self.refuse(
            *(
                (
                    name,
                    getattr(self, name) is None or getattr(self, name) >= 0,
                    "It is a number of pictures, 0 for all.",
                )
                for name in ("blame_limit", "attribution_limit")
            ),
            ("threshold", 0 < self.threshold < 1e6, "It is a share of the mean, such as 0.2."),
            (
                "margin",
                0 <= self.margin < 0.5,
                "It is a share of the side that is left out at every edge, such as 0.125.",
            ),
        )
        for name in ("fill", "side"):
            if getattr(self, name) is not None and self.protocol != "embed":
                raise UsageError("only pictures that are embedded take it", where=f"--{name}", hint="--protocol embed")
