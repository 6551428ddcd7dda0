"""What two pixels of a random field are compared by: position and colour."""

import torch
from torch import Tensor

from biasscope.nn import _checks


def position_color_features(image: Tensor, position_scale: float = 100.0, color_scale: float = 30.0) -> Tensor:
    """Give the edge features of a pairwise term: position and colour, each over its bandwidth.

    Parameters
    ----------
    image
        (N, C, H, W), of any type.
    position_scale
        Bandwidth of the position, in pixels.
    color_scale
        Bandwidth of the colour, in the unit of the image (the usual 30 is for 0 to 255).

    Returns
    -------
    (y / position_scale, x / position_scale, colours / color_scale), (N, 2 + C, H, W), y and x from the top left pixel.
    In float32 at least: bfloat16 does not tell apart the rows beyond 256.

    Raises
    ------
    ValueError
        If the image is not (N, C, H, W), or a bandwidth is not positive.

    References
    ----------
    Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials", NIPS 2011,
    equation 3 (appearance kernel).

    Examples
    --------
    >>> position_color_features(torch.zeros(1, 3, 2, 2), position_scale=10)[0, :2, 1, 1].tolist()
    [0.10000000149011612, 0.10000000149011612]
    """
    _checks.image_batch(image, None, "position_color_features", "image")
    _checks.positive(position_scale, "position_scale")
    _checks.positive(color_scale, "color_scale")
    n, _, height, width = image.shape
    dtype = torch.promote_types(image.dtype, torch.float32)
    y = torch.arange(height, device=image.device, dtype=dtype).view(1, 1, height, 1).expand(n, 1, height, width)
    x = torch.arange(width, device=image.device, dtype=dtype).view(1, 1, 1, width).expand(n, 1, height, width)
    return torch.cat((y / position_scale, x / position_scale, image.to(dtype) / color_scale), 1)
