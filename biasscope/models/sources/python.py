"""``python:<module>:<function>``: a network built by code of one's own, where that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from torch import nn

from biasscope.core.errors import BiasscopeError, UsageError
from biasscope.core.trust import code_allowed
from biasscope.models.loaded import LoadedModel, describe, own_preprocessing
from biasscope.models.spec import Spec

DEBUG = "--debug shows where."


def load(spec: Spec) -> LoadedModel:
    """Call the function; it gives a module, or a loaded model with its preprocessing and class names.

    Raises
    ------
    UsageError
        Importing code is not allowed here, or the function is not there, fails, or gives something else.
    """
    made = factory(spec.name, where=spec.text)()
    if isinstance(made, LoadedModel):
        return made
    if not isinstance(made, nn.Module):
        raise UsageError(f"it gave {type(made).__name__}, not a module", where=spec.text)
    return describe(made, own_preprocessing(made), None, spec=spec.text, source=f"built by {spec.name}")


def factory(name: str, *, where: str) -> Callable[..., object]:
    """Function called ``module:function``; what it raises is a `UsageError`.

    Raises
    ------
    UsageError
        Importing code is not allowed here, or there is no such module or function, or the module fails.
    """
    if not code_allowed():
        hint = "Say --allow-python if you trust that code, or hand the module over from Python."
        raise UsageError("it names code to import", where=where, hint=hint)
    module, colon, function = name.partition(":")
    if not (colon and module and function):
        raise UsageError("it names no function", where=where, hint="Write python:package.module:function.")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"cannot import it ({error})", where=where, hint="Is it on PYTHONPATH?") from error
    except Exception as error:  # code of one's own may raise anything
        raise UsageError(f"cannot import it ({type(error).__name__}: {error})", where=where, hint=DEBUG) from error
    if not callable(found):
        raise UsageError(f"{function} is no function", where=where)
    return partial(_called, found, where)


def _called(function: Callable[..., object], where: str, **options: object) -> object:
    try:
        return function(**options)
    except BiasscopeError:
        raise
    except Exception as error:  # code of one's own may raise anything
        raise UsageError(f"its function fails ({type(error).__name__}: {error})", where=where, hint=DEBUG) from error
