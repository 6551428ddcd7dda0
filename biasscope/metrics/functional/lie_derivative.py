"""Lie derivative: how fast an output changes at the first instant of a movement of the input."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from biasscope.core.errors import InputError, UsageError
from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.functional.generators import Derivative, Generator, tangent

HINT = (
    "Take the model in eval mode, without in-place operations on its input, without torch.inference_mode or "
    ".data/.numpy() inside, and with operations that have a forward-mode derivative."
)


def lie_derivative(
    f: Callable[[Tensor], Tensor],
    images: Tensor,
    generator: Generator = "translation-x",
    *,
    derivative: Derivative | None = None,
    output: Literal["invariant", "map"] = "invariant",
    chunk: int = 16,
) -> Tensor:
    r"""Lie derivative of a function of images: d/dt at t = 0 of :math:`T_{-t} f(T_t x)`, in one forward-mode pass.

    For logits or probabilities T acts on the input only, so it is the product of the Jacobian with the generator,
    :math:`J_f(x) \, \partial_t T_t x`. For feature maps the output is moved back: minus the generator of f(x), in
    output pixels where the generator is a translation.

    Parameters
    ----------
    f
        Function of (N, C, H, W); a module must be in eval mode.
    images
        (N, C, H, W), normalised as f wants them.
    generator
        "translation-x", "translation-y" (a pixel), "rotation" (a radian), "scale" (log size) or "shear".
    derivative
        "fourier" (translations, where not given: exact for band-limited pictures that wrap around) or "bilinear".
    output
        "invariant": the output has no places, T does not act on it; "map": (N, K, H', W').
    chunk
        Images a pass.

    Returns
    -------
    Of the shape of f(images), per unit of t.

    Raises
    ------
    UsageError
        If the module is in training mode, or an argument is wrong.
    InputError
        If f cannot be differentiated in forward mode, or its output does not hang on the images (detached on the way).

    References
    ----------
    Gruver, Finzi, Goldblum and Wilson, "The Lie derivative for measuring learned equivariance", ICLR 2023; there by
    double backward passes with random probes.

    Examples
    --------
    >>> import torch
    >>> images = torch.sin(torch.arange(8) * torch.pi / 4).expand(1, 1, 8, 8)
    >>> centre = lambda x: x[:, 0, :, :1].mean((1, 2))[:, None]  # looks at the first column
    >>> round(lie_derivative(centre, images).item(), 4)  # minus pi / 4, the slope of the sine there
    -0.7854
    >>> round(lie_derivative(lambda x: x.mean((2, 3)), images).abs().item(), 6)  # global pooling is invariant
    0.0
    """
    if isinstance(f, nn.Module) and any(module.training for module in f.modules()):
        raise UsageError("the model is in training mode", where="lie_derivative", hint="Call model.eval() first.")
    if images.dim() != 4 or not images.is_floating_point():
        raise UsageError(
            f"must be floating point (N, C, H, W), got {images.dtype} {tuple(images.shape)}", where="images"
        )
    parts = torch.split(images, checks.whole(chunk, "chunk")) if len(images) else (images,)
    return torch.cat([_one_pass(f, part.detach().clone(), generator, derivative, output) for part in parts])


def _one_pass(
    f: Callable[[Tensor], Tensor], images: Tensor, generator: Generator, derivative: Derivative | None, output: str
) -> Tensor:
    moved = tangent(images, generator, derivative)
    out, change = _forward(f, images, moved)
    if output == "invariant":
        return change
    if output != "map" or out.dim() != 4:
        raise UsageError(f"{output!r} does not fit an output of shape {tuple(out.shape)}", where="output")
    return change - _share(generator, images, out) * tangent(out, generator, derivative)


def _forward(f: Callable[[Tensor], Tensor], images: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    """Give the output and its derivative."""
    try:
        with warnings.catch_warnings(), torch.no_grad(), plain_attention():
            warnings.filterwarnings("ignore", ".*torch.jit")  # torch's own first use of forward mode
            out, change = cast(tuple[Tensor, Tensor], torch.func.jvp(f, (images,), (moved,), strict=True))
    except (RuntimeError, NotImplementedError) as problem:
        first = str(problem).partition("\n")[0]
        if "independent of the inputs" in first:  # torch's words for it are about jvp and its arguments
            first = "the output is cut off from the images on the way"
        raise InputError(f"no forward-mode derivative: {first}", where="lie_derivative", hint=HINT) from problem
    return out.detach(), change.detach()


@contextmanager
def plain_attention() -> Iterator[None]:
    """Keep attention off the fused paths, which have no forward-mode derivative."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _share(generator: Generator, images: Tensor, out: Tensor) -> float:
    """How many output pixels an input pixel is, for the generators counted in pixels."""
    axis = {"translation-x": -1, "translation-y": -2}.get(generator)
    return 1.0 if axis is None else out.shape[axis] / images.shape[axis]


def local_equivariance_error_sums(derivatives: Tensor) -> Sums:
    """Reduce a block to its sums; parameters as in `local_equivariance_error`."""
    return reduce(equivariance_errors(derivatives))


def equivariance_errors(derivatives: Any) -> Tensor:
    """Mean square of the Lie derivative over the entries of the output, image by image, (N,).

    Parameters
    ----------
    derivatives
        Derivatives of the outputs of N images, (N, ...), as `lie_derivative` gives them.

    Returns
    -------
    (N,), 0 or larger, lower is better; in the square of the output's unit over that of t.

    Examples
    --------
    >>> import torch
    >>> equivariance_errors(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [12.5, 0.0]
    """
    values = torch.as_tensor(derivatives).detach()
    if values.dim() < 2 or not values.is_floating_point() or 0 in values.shape[1:]:
        raise UsageError(
            f"must be floating point (N, K, ...), got {values.dtype} {tuple(values.shape)}", where="derivatives"
        )
    if not bool(values.isfinite().all()):
        raise UsageError("holds undefined numbers", where="derivatives", hint="Look for NaN in the outputs.")
    return values.to(torch.float64).square().flatten(1).mean(1)


def local_equivariance_error(derivatives: Tensor) -> Tensor:
    r"""Local equivariance error: mean square of the Lie derivative over outputs and images.

    .. math:: \frac{1}{N} \sum_i \frac{\lVert L f(x_i) \rVert^2}{K}

    Parameters
    ----------
    derivatives
        What `lie_derivative` gave, (N, K, ...).

    Returns
    -------
    Number >= 0 in squared output units per squared unit of the movement; lower is better. It grows with the scale of
    the outputs, so models compare by their probabilities rather than by their logits.

    References
    ----------
    Gruver, Finzi, Goldblum and Wilson, ICLR 2023.

    Examples
    --------
    >>> import torch
    >>> local_equivariance_error(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).item()
    6.25
    """
    return ratio(local_equivariance_error_sums(derivatives))
