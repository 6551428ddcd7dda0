"""What questions 2 and 3 share: models in their forms, pictures, and how they are moved and run."""

from __future__ import annotations

from typing import Literal

from biasscope.pipeline.definition.base import Definition


class ModelsAnalysis(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models that are given pictures which move."""

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
    grid: str | None = None
    fill: str | None = None
    side: int | None = None
    batch: int = 64
    device: str = "auto"
    amp: Literal["bf16", "fp16"] | None = None

    def __post_init__(self) -> None:
        """Refuse values that no model and no shift can use."""
        Definition.__post_init__(self)
        self.refuse(
            ("filter_size", 1 <= self.filter_size <= 7, "A blur has 1 to 7 taps."),
            ("limit", self.limit is None or self.limit >= 0, "It is a number of pictures, 0 for all of them."),
            ("side", self.side is None or self.side >= 1, "It is a number of pixels."),
            ("batch", self.batch >= 1, "A batch holds at least one view."),
        )
        self.refuse_reading()
