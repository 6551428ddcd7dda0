"""Pictures for a trace, prepared for the transformation, from whatever was given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.images.picture import ImageProblem, ImageSource, Picture

if TYPE_CHECKING:
    from biasscope.models import Preprocessing
    from biasscope.transforms import Transformation


@dataclass
class Pictures:
    """Pictures one after the other; those that a transformation cannot take are noted and left out.

    Attributes
    ----------
    images
        A tensor (N, C, H, W) that is used as it is; uint8 pictures; an `ImageSource`; or its specification.
    limit
        At most so many.
    problems
        What was left out, filled while pictures are read.
    """

    images: Any
    limit: int | None = None
    problems: list[ImageProblem] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open a source."""
        if isinstance(self.images, str):
            from biasscope.images import open_images  # type: ignore[attr-defined, unused-ignore]

            self.images = open_images(self.images)
        elif isinstance(self.images, np.ndarray) and self.images.dtype != np.uint8:
            import torch

            self.images = torch.as_tensor(self.images)
        if isinstance(self.images, Tensor) and (self.images.dim() != 4 or not len(self.images)):
            raise UsageError(f"pictures are a tensor (N, C, H, W), not of shape {tuple(self.images.shape)}")

    @property
    def count(self) -> int | None:
        """Number of pictures if all can be used, ``None`` where it is not known beforehand."""
        known = self.images.count if isinstance(self.images, ImageSource) else len(self.images)
        return known if self.limit is None or known is None else min(known, self.limit)

    def sources(self, transformation: Transformation, preprocessing: Preprocessing) -> Iterator[tuple[str, Tensor]]:
        """Id and prepared source (C, H, W) of every picture.

        Raises
        ------
        InputError
            No picture could be used.
        """
        count = 0
        for image_id, source in islice(self._prepared(transformation, preprocessing), self.limit):
            count += 1
            yield image_id, source
        self._add_problems()
        if not count:
            first = f": {self.problems[0].detail}" if self.problems else ""
            raise InputError(f"there is no picture to trace{first}")

    def _prepared(self, transformation: Transformation, preprocessing: Preprocessing) -> Iterator[tuple[str, Tensor]]:
        if isinstance(self.images, Tensor):
            yield from ((str(number), image) for number, image in enumerate(self.images))
            return
        for index, picture in enumerate(self._pictures()):
            try:
                yield picture.image_id, transformation.source(picture, preprocessing, index)
            except InputError as error:
                self.problems.append(ImageProblem("transformation", picture.image_id, error.what))

    def _pictures(self) -> Iterator[Picture]:
        if isinstance(self.images, ImageSource):
            yield from self.images
        else:
            for number, item in enumerate(self.images):
                yield item if isinstance(item, Picture) else Picture(str(number), np.asarray(item, np.uint8))

    def _add_problems(self) -> None:
        if isinstance(self.images, ImageSource):
            self.problems += self.images.problems
