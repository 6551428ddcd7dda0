"""What question 2 can be asked."""

from __future__ import annotations

from typing import Literal

from biasscope.pipeline.definition.base import Definition

VARIANTS = ("baseline", "antialias", "polyphase", "pac", "circular")
"""Forms of a model that surgery makes; ``baseline`` is the model as it was given."""


class InvarianceAnalysis(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 2: does a model keep its answer when the picture moves, grows, turns or is resized otherwise?

    The fields are the options of ``invariance``; see ``python -m biasscope.analyze invariance --help``.
    """

    model: list[str] = []
    variants: list[Literal["baseline", "antialias", "polyphase", "pac", "circular"]] = []
    filter_size: int = 4
    stem: bool = False
    images: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    box_columns: list[str] = []
    box_convention: Literal["edges", "inclusive0", "inclusive1", "xywh", "fraction"] = "edges"
    classes_file: str | None = None
    split: str | None = None
    stream: bool = False
    clip_length: int = 16
    limit: int | None = None
    protocol: list[str] = []
    grid: str | None = None
    fill: str | None = None
    side: int | None = None
    sizes: str | None = None
    angles: str | None = None
    batch: int = 64
    device: str = "auto"
    amp: Literal["bf16", "fp16"] | None = None
    channels_last: bool = False
    compile: bool = False
    lie: int = 32

    def __post_init__(self) -> None:
        """Refuse values that no sweep can use."""
        Definition.__post_init__(self)
        self.refuse(
            ("filter_size", 1 <= self.filter_size <= 7, "A blur has 1 to 7 taps."),
            ("limit", self.limit is None or self.limit >= 0, "It is a number of pictures, 0 for all of them."),
            ("clip_length", self.clip_length >= 2, "A clip has at least 2 frames."),
            ("side", self.side is None or self.side >= 1, "It is a number of pixels."),
            ("batch", self.batch >= 1, "A batch holds at least one view."),
            ("lie", self.lie >= 0, "It is a number of pictures, 0 for none."),
        )
        self.refuse_reading()
