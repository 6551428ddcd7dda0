"""What question 4 can be asked."""

from __future__ import annotations

from math import inf
from typing import Literal

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition.base import Definition


class AugmentationAnalysis(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 4: how many transformed copies of every image does learning invariance need?

    The fields are the options of ``augmentation``; see ``python -m biasscope.analyze augmentation --help``.
    """

    model: list[str] = []
    variants: list[Literal["plain", "antialias", "polyphase", "pac"]] = []
    images: str | None = None
    held_out: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    split: str | None = None
    held_out_split: str | None = None
    train_images: list[int] = []
    test_images: int | None = None
    copies: list[str] = []
    transform: str = "shift"
    shifts: str | None = None
    angles: str | None = None
    scales: str | None = None
    test_shifts: str | None = None
    test_angles: str | None = None
    test_scales: str | None = None
    edges: Literal["circular", "fill", "crop"] = "circular"
    seeds: int | None = None
    steps: int | None = None
    epochs: float | None = None
    batch: int = 64
    rate: float = 0.01
    target: str = "0.95"
    augment: list[str] = []
    engine: Literal["auto", "sequential", "vectorised"] = "auto"
    together: int = 64
    budget: str | None = None
    device: str = "auto"
    amp: Literal["bf16"] | None = None
    channels_last: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no sweep can use."""
        least = "It is at least 1."
        Definition.__post_init__(self)
        self.refuse(
            ("train_images", all(size >= 1 for size in self.train_images), least),
            ("test_images", self.test_images is None or self.test_images >= 1, least),
            ("seeds", self.seeds is None or self.seeds >= 1, least),
            ("steps", self.steps is None or self.steps >= 1, least),
            ("epochs", self.epochs is None or 0 < self.epochs < inf, "It is a number of passes over all copies."),
            ("batch", self.batch >= 1, least),
            ("rate", 0 < self.rate < 10, "It is a learning rate, such as 0.01."),
            ("together", self.together >= 1, least),
        )
        if self.steps is not None and self.epochs is not None:
            raise UsageError("steps or epochs fix the length, not both", where="--epochs", hint="Leave one out.")
