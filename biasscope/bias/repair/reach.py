"""How far a random crop moves an object, and over how many places."""

from __future__ import annotations


def crop_reach(image: int, crop: int) -> float:
    """Farthest that a random crop of side ``crop`` out of ``image`` moves an object from its mean place.

    The corner is uniform on {0, ..., image - crop}, so an object moves by at most half of that range, given as a
    share of the output frame: (W - w) / (2 w).

    Examples
    --------
    >>> [round(100 * crop_reach(*sides), 1) for sides in ((256, 224), (232, 224), (40, 32))]
    [7.1, 1.8, 12.5]
    """
    _check_crop(image, crop)
    return (image - crop) / (2 * crop)


def crop_offsets(image: int, crop: int) -> int:
    """Number of different offsets of a random crop along one axis, W - w + 1.

    Examples
    --------
    >>> [crop_offsets(*sides) for sides in ((256, 224), (232, 224), (40, 32))]
    [33, 9, 9]
    """
    _check_crop(image, crop)
    return image - crop + 1


def _check_crop(image: int, crop: int) -> None:
    if not 0 < crop <= image:
        raise ValueError(f"a crop of side {crop} out of {image} pixels does not exist")
