"""What the question of upsampling can be asked."""

from __future__ import annotations

import re

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition.base import Definition


class UpsamplingAnalysis(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which layer writes a checkerboard, how strong it is, and what removes it at which price.

    The fields are the options of ``upsampling``; see ``python -m biasscope.analyze upsampling --help``.
    """

    model: list[str] = []
    images: str | None = None
    image_column: str | None = None
    split: str | None = None
    stream: bool = False
    latent: str | None = None
    limit: int | None = None
    channels: int = 16
    margin: int | None = None
    draws: int = 199
    heads: int = 4
    remedies: list[str] = []
    padding: int = 4
    position: bool = True
    knee: bool | None = None
    batch: int = 16
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse values that nothing can be measured with."""
        Definition.__post_init__(self)
        self.refuse(
            ("limit", self.limit is None or self.limit >= 0, "It is a number of pictures, 0 for all of them."),
            ("channels", self.channels >= 1, "At least one channel of a layer is looked at."),
            ("margin", self.margin is None or self.margin >= 0, "It is a number of positions."),
            ("draws", self.draws >= 19, "A permutation test at 5 % needs at least 19 draws."),
            ("heads", self.heads >= 0, "It is a number of random heads, 0 for no gradients."),
            ("padding", self.padding >= 0, "It is a number of pixels."),
            ("batch", self.batch >= 1, "A batch holds at least one picture."),
        )
        if self.latent is not None and not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", self.latent):
            raise UsageError(f"{self.latent!r} is no shape", where="--latent", hint="Say 100 or 100x1x1.")
        if self.latent is not None and self.images is not None:
            hint = "Give one of them: a generator takes latents, other models take pictures."
            raise UsageError("pictures and latents exclude each other", where="--latent", hint=hint)
        self.refuse_reading()

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of one latent.

        >>> UpsamplingAnalysis(latent="100x1x1").shape
        (100, 1, 1)
        """
        return None if self.latent is None else tuple(map(int, self.latent.split("x")))
