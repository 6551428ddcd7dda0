"""What the question of upsampling can be asked."""

from __future__ import annotations

import re

import msgspec

from biasscope.core.errors import UsageError


class UpsamplingAnalysis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    batch: int = 16
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that nothing can be measured with."""
        for name, holds, hint in (
            ("limit", self.limit is None or self.limit >= 0, "It is a number of pictures, 0 for all of them."),
            ("channels", self.channels >= 1, "At least one channel of a layer is looked at."),
            ("margin", self.margin is None or self.margin >= 0, "It is a number of positions."),
            ("draws", self.draws >= 19, "A permutation test at 5 % needs at least 19 draws."),
            ("heads", self.heads >= 0, "It is a number of random heads, 0 for no gradients."),
            ("padding", self.padding >= 0, "It is a number of pixels."),
            ("batch", self.batch >= 1, "A batch holds at least one picture."),
            ("seed", 0 <= self.seed < 2**63, "Seeds lie between 0 and 9223372036854775807."),
        ):
            if not holds:
                raise UsageError(f"{getattr(self, name)} is out of range", where=f"--{name}", hint=hint)
        if self.latent is not None and not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", self.latent):
            raise UsageError(f"{self.latent!r} is no shape", where="--latent", hint="Say 100 or 100x1x1.")
        if self.latent is not None and self.images is not None:
            hint = "Give one of them: a generator takes latents, other models take pictures."
            raise UsageError("pictures and latents exclude each other", where="--latent", hint=hint)
        for name in ("image_column", "split", "stream"):
            if getattr(self, name) and self.images is None:
                hint = "Give --images SOURCE."
                raise UsageError("it says how to read pictures", where=f"--{name.replace('_', '-')}", hint=hint)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of one latent.

        >>> UpsamplingAnalysis(latent="100x1x1").shape
        (100, 1, 1)
        """
        return None if self.latent is None else tuple(map(int, self.latent.split("x")))
