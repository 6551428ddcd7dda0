"""One small forward pass before the sweep: does the model take these pictures, and what does it give?"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from biasscope.core.errors import BiasscopeError, InputError, UsageError
from biasscope.models.binary import names_of
from biasscope.models.loaded import LoadedModel
from biasscope.sweep.runner import Runner

PICTURES = 2


def probe(runner: Runner) -> Tensor:
    """Outputs (2, C) for two made-up pictures.

    Raises
    ------
    UsageError
        The model does not take pictures of this size, or does not give a row of class scores for each.
    InputError
        It gives another number of classes than it has names.
    """
    x = runner.make_buffer(PICTURES)
    ramp = torch.linspace(-1, 1, x.numel(), device=x.device).view(x.shape)
    x.copy_(ramp)
    try:
        out = runner.forward(runner.module, x, runner.settings.amp)
    except UsageError as error:
        raise UsageError(error.what, where=error.where or runner.loaded.provenance.spec, hint=error.hint) from error
    except BiasscopeError:
        raise
    except Exception as error:
        raise _refused(error, runner.loaded, x) from error
    _check(out, runner.loaded)
    return out


def _refused(error: Exception, loaded: LoadedModel, x: Tensor) -> UsageError:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    fed = f"{x.shape[1]} x {x.shape[2]} x {x.shape[3]} (channels x height x width)"
    hint = (
        "Give the size and the channels of its training: option size=... of the model, or its preprocessing, as "
        "load_model(module, preprocessing=Preprocessing((height, width), resize, mean, std)); a python: function may "
        "return that."
    )
    what = f"the model cannot be run on pictures of {fed}: {type(error).__name__}: {said}"
    return UsageError(what, where=loaded.provenance.spec, hint=hint)


def _check(out: Tensor, loaded: LoadedModel) -> None:
    where = loaded.provenance.spec
    if out.dim() != 2 or out.shape[0] != PICTURES or out.shape[1] < 1:
        hint = "A sweep needs class scores of shape (pictures, classes)."
        raise UsageError(f"for {PICTURES} pictures the model gives shape {tuple(out.shape)}", where=where, hint=hint)
    named = names_of(loaded.class_names, out.shape[1])
    if named is not None and len(named) != max(out.shape[1], 2):
        hint = "Give the names of its outputs in order, or none."
        raise InputError(f"the model gives {out.shape[1]} classes and has {len(named)} names", where=where, hint=hint)


def fingerprint(out: Tensor) -> str:
    """SHA-256 of the outputs of the probe: two models that differ only in how they compute differ here."""
    return hashlib.sha256(out.cpu().contiguous().numpy().tobytes()).hexdigest()
