"""``small:<name>``: networks trained on the embedded digit scenes on first use."""

from __future__ import annotations

from biasscope.core.errors import UsageError
from biasscope.models.loaded import LoadedModel, describe
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.small.cache import cached
from biasscope.models.small.decoders import DECODERS, load_decoder
from biasscope.models.small.recipe import RECIPES, recipe
from biasscope.models.spec import Spec


def load(spec: Spec) -> LoadedModel:
    """Give a small network, trained now if it is not in the cache.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if spec.name.startswith("decoder-"):
        return load_decoder(spec)
    if spec.name not in RECIPES:
        hint = f"There are: {', '.join((*RECIPES, *DECODERS))}."
        raise UsageError(f"there is no small network {spec.name!r}", hint=hint)
    wanted = recipe(spec.name)
    module, accuracy = cached(wanted)
    prepared = Preprocessing((wanted.side, wanted.side), None, (0.5,), (0.5,))
    facts = {**wanted.facts(), "recipe_sha256": wanted.key(), "accuracy": f"{accuracy:.4f}"}
    names = tuple(str(digit) for digit in range(10))
    return describe(module, prepared, names, spec=spec.text, source="trained on the digit scenes", recipe=facts)
