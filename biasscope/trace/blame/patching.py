"""Replace what a layer gives during a pass, and read what layers give: hooks that are gone afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.failures import mark_as_ours
from biasscope.trace.blame.answers import answers, given
from biasscope.trace.layer import Place
from biasscope.trace.watch import public_name

Change = Callable[[Tensor], Tensor]


def with_item(output: Any, item: int, change: Change) -> Any:
    """Give an output with its tensor number ``item`` changed, through tuples, lists and dictionaries.

    Examples
    --------
    >>> import torch
    >>> with_item((torch.zeros(1), {"a": torch.ones(1)}), 1, lambda x: x * 5)
    (tensor([0.]), {'a': tensor([5.])})
    """
    return _rebuilt(output, [item], change)


def _rebuilt(thing: Any, left: list[int], change: Change) -> Any:
    if isinstance(thing, Tensor):
        left[0] -= 1
        return change(thing) if left[0] == -1 else thing
    if isinstance(thing, dict):
        made = {key: _rebuilt(value, left, change) for key, value in thing.items()}
        return made if type(thing) is dict else type(thing)(**made)
    if isinstance(thing, (list, tuple)):
        parts = [_rebuilt(value, left, change) for value in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
    return thing


@contextmanager
def changed(model: nn.Module, changes: Mapping[Place, Change]) -> Iterator[None]:
    """Hand the tensors of some places to functions and go on with what they give, for one pass.

    Raises
    ------
    UsageError
        A place is a function: no hook reaches it.
    """
    modules = {
        public_name(name): module for name, module in model.named_modules() if "_orig_mod" not in module._modules
    }
    handles = []
    try:
        for name in dict.fromkeys(place.name for place in changes):
            if name not in modules:
                raise UsageError("only what a module gives can be replaced", where=name, hint="Choose modules.")
            wanted = {place: change for place, change in changes.items() if place.name == name}
            handles.append(modules[name].register_forward_hook(_hook(wanted)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(wanted: Mapping[Place, Change]) -> Callable[..., Any]:
    calls: Counter[str] = Counter()

    def hook(module: nn.Module, args: Any, output: Any) -> Any:
        for place, change in wanted.items():
            if place.call == calls["all"]:
                output = _replaced(output, place, change)
        calls["all"] += 1
        return output

    return hook


def _replaced(output: Any, place: Place, change: Change) -> Any:
    try:
        return with_item(output, place.item, change)
    except Exception as error:
        mark_as_ours(error)
        raise


def patched_output(model: nn.Module, x: Tensor, place: Place | str, response: Tensor) -> Tensor:
    """What a network answers when one layer's response is replaced.

    Parameters
    ----------
    model
        In the mode that it should run in.
    x
        Its input (N, C, H, W).
    place
        Name of a module (its first call and first tensor), or a `Place`.
    response
        What the layer is made to give, of the shape of its own response. It is copied: layers that work in place do
        not change it.

    Returns
    -------
        The network's class scores: its output, or what is named ``logits`` in it.

    Notes
    -----
    Activation patching; captum does the same with ``LayerFeatureAblation`` when the mask holds one number.

    Raises
    ------
    UsageError
        The response has another shape than the layer's own.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.ReLU(), nn.Flatten())
    >>> patched_output(net, torch.ones(1, 1, 1, 2), "0", torch.tensor([[[[5.0, 6.0]]]])).tolist()
    [[5.0, 6.0]]
    """
    place = Place(place) if isinstance(place, str) else place

    def change(own: Tensor) -> Tensor:
        if own.shape != response.shape:
            what = f"the layer gives {tuple(own.shape)}, the replacement is {tuple(response.shape)}"
            raise UsageError(what, where=place.name)
        return response.to(own).clone()

    with changed(model, {place: change}):
        return given(model, x)


def responses(model: nn.Module, x: Tensor, places: Sequence[Place]) -> tuple[Tensor, dict[Place, Tensor]]:
    """Answer of a network, and copies of what some places gave in the same pass."""
    found: dict[Place, Tensor] = {}

    def keep(place: Place) -> Change:
        def change(own: Tensor) -> Tensor:
            found[place] = own.clone()
            return own

        return change

    with changed(model, {place: keep(place) for place in places}):
        return answers(model, x), found
