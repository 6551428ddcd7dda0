"""What hand-written autograd functions share."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def gradients_with_graph(
    plain: Callable[..., Tensor], inputs: Sequence[Tensor], wanted: Sequence[bool], grad: Tensor
) -> list[Tensor | None]:
    """Differentiate the plain operations in such a way that the gradients can be differentiated again.

    Every input is taken through a view of its own first: one input may be computed from another (guidance from the
    filtered map itself), and only the direct dependence belongs to this function.
    """
    with torch.enable_grad():
        views = [x.view_as(x) for x in inputs]
        picked = [view for view, wants in zip(views, wanted, strict=True) if wants]
        grads = iter(torch.autograd.grad(plain(*views), picked, grad, create_graph=True))
    return [next(grads) if wants else None for wants in wanted]


def full_precision(x: Tensor) -> Tensor:
    """Give float16 and bfloat16 tensors in float32, and integers in the type that PyTorch computes in by default."""
    if x.dtype in (torch.float16, torch.bfloat16):
        return x.float()
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
