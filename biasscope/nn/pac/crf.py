"""Mean-field inference in a conditional random field with pixel-adaptive pairwise terms."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.pac.message import Compatibility, PairwiseKernel, PairwiseMessage

FinalOutput = Literal["log_Q", "softmax", "log_softmax"]
"""What mean-field inference gives back: the unnormalised logarithm, or one of the normalised forms."""


class MeanField(nn.Module):
    """Base of `PacCRF` and `PacCRFLoose`, which differ in how many sets of weights the steps have."""

    unary_weight: Tensor

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        channels: int,
        num_steps: int,
        final_output: FinalOutput = "log_Q",
        perturbed_init: bool = True,
        fixed_weighting: bool = False,
        unary_weight: float = 1.0,
        pairwise_kernels: Iterable[Mapping[str, Any]] = (),
        *,
        native_impl: bool = False,
        **factory: Any,
    ) -> None:
        super().__init__()
        _checks.pair(channels, "channels")
        _checks.pair(num_steps, "num_steps")
        _checks.choice(final_output, "final_output", get_args(FinalOutput))
        self.channels, self.num_steps, self.final_output = channels, num_steps, final_output
        self._options = {
            "perturbed_init": perturbed_init, "fixed_weighting": fixed_weighting, "native_impl": native_impl, **factory,
        }  # fmt: skip
        self.steps = nn.ModuleList(nn.ModuleList() for _ in range(self._weight_sets()))
        weights = torch.full((self._weight_sets(),), unary_weight, **factory)
        if fixed_weighting:
            self.register_buffer("unary_weight", weights, persistent=False)
        else:
            self.unary_weight = nn.Parameter(weights)
        for term in pairwise_kernels:
            self.add_pairwise_kernel(**term)

    def _weight_sets(self) -> int:
        return 1

    def add_pairwise_kernel(
        self,
        kernel_size: int = 3,
        dilation: int = 1,
        blur: int = 1,
        compat_type: Compatibility = "4d",
        spatial_filter: bool = True,
        pairwise_weight: float = 1.0,
    ) -> None:
        """Add a pairwise term.

        Parameters
        ----------
        kernel_size, dilation
            Neighbours: an odd window, in (blurred) pixels.
        blur
            Block size in pixels that probabilities and features are averaged over first.
        compat_type
            ``"4d"``: a full pixel-adaptive filter (C, C, k, k), starting as Gaussian between different classes.
            ``"2d"``: one filter for all classes, then a C x C matrix, starting as 1 - I. ``"potts"``: one filter,
            similar neighbours support their own class. ``"na"``: a plain convolution without guidance.
        spatial_filter
            Whether the shared filter of 2d and potts is learned; otherwise ones with an empty centre.
        pairwise_weight
            Factor of the term; learned for potts without spatial filter (elsewhere a learned filter absorbs it).
        """
        term = PairwiseKernel(kernel_size, dilation, blur, compat_type, spatial_filter, pairwise_weight)
        for messages in self.steps:
            cast(nn.ModuleList, messages).append(PairwiseMessage(self.channels, term, **self._options))

    def _features(self, unary: Tensor, edge_features: Tensor | Sequence[Tensor | None]) -> list[Tensor | None]:
        count = len(self._messages(0))
        given: Sequence[Tensor | None] = [edge_features] * count if isinstance(edge_features, Tensor) else edge_features
        features = list(given)
        if len(features) != count:
            raise ValueError(f"{count} pairwise kernels need as many edge features, got {len(features)}")
        for feature in features:
            if feature is not None and feature.shape[2:] != unary.shape[2:]:
                size = tuple(unary.shape[2:])
                raise ValueError(f"edge features must have the size {size} of the unary, got {tuple(feature.shape)}")
        return features

    def _messages(self, step: int) -> list[PairwiseMessage]:
        messages = cast(nn.ModuleList, self.steps[step % len(self.steps)])
        return [cast(PairwiseMessage, message) for message in messages]

    @one_step
    def forward(self, unary: Tensor, edge_features: Tensor | Sequence[Tensor | None]) -> Tensor:
        """Refine class scores (N, C, H, W); edge features (N or 1, D, H, W), one for all kernels or one each."""
        _checks.image_batch(unary, self.channels, type(self).__name__, "unary")
        features = self._features(unary, edge_features)
        kernels = [message.kernel(f) for message, f in zip(self._messages(0), features, strict=True)]
        log_q = unary
        for step in range(self.num_steps):
            probabilities = log_q.softmax(1)
            log_q = self.unary_weight[step % len(self.steps)] * unary
            for message, kernel in zip(self._messages(step), kernels, strict=True):
                log_q = log_q - message(probabilities, kernel)
        if self.final_output == "log_Q":
            return log_q
        return log_q.softmax(1) if self.final_output == "softmax" else F.log_softmax(log_q, 1)


class PacCRF(MeanField):
    r"""Mean-field inference with pixel-adaptive pairwise terms, the same weights in every step.

    .. math:: \log Q^0 = U, \qquad
              \log Q^{t+1} = w_u U - \sum_k w_k \, \mathrm{up}_b\big(C_k \, \mathrm{PAC}_k(\mathrm{down}_b \,
              \mathrm{softmax} \log Q^t, K_k)\big)

    Every step restarts from the unary scores U. The kernels K come from the edge features once and serve all steps.

    Parameters
    ----------
    channels
        Number of classes C.
    num_steps
        Mean-field steps.
    final_output
        ``"log_Q"`` (not normalised), ``"softmax"`` or ``"log_softmax"``.
    perturbed_init
        Add a little noise to the initial filters.
    fixed_weighting
        Do not learn the weights of unary and pairwise terms.
    unary_weight
        Start value of w_u.
    pairwise_kernels
        Arguments of `add_pairwise_kernel`, one mapping a term.
    native_impl
        Use plain tensor operations only.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: unary scores (N, C, H, W), higher is likelier; edge features as `position_color_features` gives them.
    A pairwise weight is a parameter only where it is used (potts without spatial filter), so no parameter is without
    gradient. Source: Su et al., CVPR 2019, section 3.2 and 5.

    Raises
    ------
    ValueError
        If an option is unknown or shapes do not fit.

    Examples
    --------
    >>> from biasscope.nn import position_color_features
    >>> crf = PacCRF(5, num_steps=2, final_output="softmax", pairwise_kernels=[{"compat_type": "potts", "dilation": 2}])
    >>> features = position_color_features(255 * torch.rand(1, 3, 8, 8))
    >>> crf(torch.rand(1, 5, 8, 8), features).sum(1).allclose(torch.ones(1, 8, 8))
    True
    """


class PacCRFLoose(MeanField):
    """Mean-field inference like `PacCRF`, with weights of its own in every step; kernels are still computed once.

    Parameters
    ----------
    channels, num_steps, final_output, perturbed_init, fixed_weighting, unary_weight, pairwise_kernels, native_impl
        As in `PacCRF`; ``unary_weight`` and the terms are the start of every step.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: as in `PacCRF`. Entry t of ``unary_weight`` and of ``steps`` belongs to step t. The kernels are those of
    the filters of step 0, which have nothing to learn in them.

    Raises
    ------
    ValueError
        If an option is unknown or shapes do not fit.

    References
    ----------
    Su et al., "Pixel-Adaptive Convolutional Neural Networks", CVPR 2019, sections 3.2 and 5.

    Examples
    --------
    >>> crf = PacCRFLoose(3, num_steps=2, pairwise_kernels=[{}, {"compat_type": "na"}])
    >>> crf(torch.rand(1, 3, 6, 6), torch.rand(1, 2, 6, 6)).shape
    torch.Size([1, 3, 6, 6])
    """

    def _weight_sets(self) -> int:
        return self.num_steps
