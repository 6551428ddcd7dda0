"""``file:<checkpoint>?arch=<architecture>``."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.core.home import expanded
from biasscope.core.provenance import sha256
from biasscope.models.architectures import Architecture, architecture
from biasscope.models.checkpoints import fit, read_checkpoint
from biasscope.models.device import refuse_lazy
from biasscope.models.loaded import LoadedModel, describe, own_preprocessing
from biasscope.models.options import number
from biasscope.models.spec import Spec


def load(spec: Spec, factory: Callable[[], nn.Module] | None = None) -> LoadedModel:
    """Read a checkpoint into an architecture.

    What the file says of itself is nobody's word: it stands in the recipe as ``file note: <key>`` and nowhere else.
    """
    path = expanded(spec.name)
    known = _architecture(spec, factory)
    tensors, notes = read_checkpoint(path)
    module = known.build()
    if not isinstance(module, nn.Module):
        raise UsageError(f"the factory gave {type(module).__name__}, not a module", where=spec.text)
    refuse_lazy(module)
    fit(module, tensors, where=str(path))
    claims = {f"file note: {key}": value for key, value in notes.items()}
    recipe = claims | {"file": path.name, "file_sha256": sha256(path), "arch": spec.options.get("arch", "factory")}
    source = f"file {path.name}"
    prepared = known.preprocessing or own_preprocessing(module)
    return describe(module, prepared, known.class_names, spec=spec.text, source=source, recipe=recipe)


def _architecture(spec: Spec, factory: Callable[[], nn.Module] | None) -> Architecture:
    name = spec.options.get("arch")
    classes = number(spec, "classes") if "classes" in spec.options else None
    if factory is not None and name is None:
        if classes is not None:
            raise UsageError("classes has no effect on a factory, which builds what it builds", where=spec.text)
        return Architecture(factory)
    if name is None or factory is not None:
        hint = "Add ?arch=torchvision:<name>, ?arch=timm:<name> or ?arch=cifar_resnet20, or give factory= in Python."
        raise UsageError("a checkpoint needs one architecture or one factory", where=spec.text, hint=hint)
    return architecture(name, classes)
