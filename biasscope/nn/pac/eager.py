"""When a hand-written autograd function may stand in for plain tensor operations."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.autograd import forward_ad


def may_use_autograd_function() -> bool:
    """Whether nothing looks into the operations: no compilation or export, no functorch, no forward-mode derivative.

    The hand-written functions know reverse mode only; everything else differentiates the plain operations.
    """
    if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export() or torch._C._get_tracing_state() is not None:
        return False
    return not torch._C._are_functorch_transforms_active() and getattr(forward_ad, "_current_level", -1) < 0


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
    """Give float16 and bfloat16 tensors in float32."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
