"""What question 2 can be asked."""

from __future__ import annotations

from typing import Literal

from biasscope.pipeline.definition.models import ModelsAnalysis


class InvarianceAnalysis(ModelsAnalysis, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 2: does a model keep its answer when the picture moves, grows, turns or is resized otherwise?

    The fields are the options of ``invariance``; see ``python -m biasscope.analyze invariance --help``.
    """

    box_columns: list[str] = []
    box_convention: Literal["edges", "inclusive0", "inclusive1", "xywh", "fraction"] = "edges"
    classes_file: str | None = None
    clip_length: int = 16
    protocol: list[str] = []
    sizes: str | None = None
    angles: str | None = None
    channels_last: bool = False
    compile: bool = False
    lie: int = 32

    def __post_init__(self) -> None:
        """Refuse values that no sweep can use."""
        ModelsAnalysis.__post_init__(self)
        self.refuse(
            ("clip_length", self.clip_length >= 2, "A clip has at least 2 frames."),
            ("lie", self.lie >= 0, "It is a number of pictures, 0 for none."),
        )
