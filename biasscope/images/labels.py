"""From the labels of a source to the outputs of a model."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import InputError
from biasscope.images.classnames import places, plain, read_classes, some
from biasscope.images.picture import ImageSource

_SYNSET = re.compile(r"n\d{8}")
_WHOLE = 1000
_FILE = "Give classes_file (--classes-file): a text file with one class name of the source a line, in output order."

Mapping = NDArray[np.int64]


def match_labels(
    source: ImageSource,
    model_class_names: Sequence[str] | None,
    outputs: int,
    *,
    classes_file: str | os.PathLike[str] | None = None,
) -> tuple[Mapping | None, str]:
    """Which output of a model stands for each label of a source.

    Integer labels are taken as output numbers, unless the names of both sides contradict that. Class names are found
    among the model's (case, underscores and what follows a comma do not matter); a thousand ImageNet synset ids are
    taken in sorted order, and so are the names of a source with as many classes as a model that names none.

    Parameters
    ----------
    source
        Labels and their names.
    model_class_names
        Names of the outputs, in order.
    outputs
        Number of outputs.
    classes_file
        Text file with one class name of the source a line, in output order; decides if it is given.

    Returns
    -------
    mapping
        Output of label ``i`` at place ``i``; ``None`` if the source has no labels. :func:`to_output` looks it up.
    note
        What was done, in a sentence.

    Raises
    ------
    InputError
        The two sides do not fit.

    Examples
    --------
    >>> from biasscope.images import open_images
    >>> mapping, note = match_labels(open_images("scenes:10"), None, 10)
    >>> mapping.tolist(), note
    ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 'Integer labels were taken as numbers of the outputs.')
    """
    if not source.labels and source.class_names is None:
        return None, "The pictures have no labels: accuracy is not defined, agreement with the reference is."
    order = read_classes(Path(classes_file)) if classes_file is not None else source.output_names
    if order is not None:
        return _by_file(source, order, outputs)
    model = tuple(model_class_names) if model_class_names else None
    if source.labels == "names":
        return _by_name(source, model, outputs)
    return _by_number(source, model, outputs)


def to_output(mapping: Mapping | None, label: int | None) -> int:
    """Output of a label, -1 without one.

    Parameters
    ----------
    mapping
        Output of every label, as `match_labels` gives it; ``None`` where labels are none.
    label
        Label as the source counts it, or ``None``.

    Returns
    -------
        Index of the output.

    Raises
    ------
    InputError
        The label is beyond the mapping (a stream whose labels were not known beforehand).

    Examples
    --------
    >>> to_output(np.array([4, 2]), 1), to_output(None, 1), to_output(np.array([4]), None)
    (2, -1, -1)
    """
    if mapping is None or label is None or label < 0:
        return -1
    if label >= len(mapping):
        raise InputError(f"a picture has the label {label}, but the model counts up to {len(mapping) - 1}", hint=_FILE)
    return int(mapping[label])


def _by_file(source: ImageSource, order: tuple[str, ...], outputs: int) -> tuple[Mapping, str]:
    if len(order) != outputs:
        raise InputError(f"the classes file has {len(order)} names, the model {outputs} outputs", where=source.name)
    if source.class_names is None:
        raise InputError("a classes file was given, but the source has no class names", where=source.name)
    place = {name: number for number, name in enumerate(order)}
    lost = [name for name in source.class_names if name and name not in place]
    if lost:
        raise InputError(f"the classes file lacks {some(lost)}", where=source.name)
    return _array([place.get(name, -1) for name in source.class_names]), "Labels were matched by the classes file."


def _by_number(source: ImageSource, model: tuple[str, ...] | None, outputs: int) -> tuple[Mapping, str]:
    names = source.class_names
    if names and model and (moved := _contradicted(names, model)):
        found, lost = moved
        if not lost:
            return found, "Labels were matched by class name: the numbers of the source are not the model's."
        hint = f"Lacking among the model's: {some(lost)}. {_FILE}"
        raise _misfit(source, model, outputs, "class numbers and class names contradict each other", hint)
    highest = source.highest_label if source.highest_label is not None else len(names or ()) - 1
    if highest >= outputs:
        raise _misfit(source, model, outputs, f"labels go up to {highest}, beyond the model's outputs", _FILE)
    if names and model and len(names) != len(model) and _strangers(names, model):
        raise _misfit(source, model, outputs, "no class of the pictures is among the model's", _FILE)
    note = "Integer labels were taken as numbers of the outputs."
    if 0 <= highest < outputs - 1 and not (names and model):
        note += f" The highest is {highest} of {outputs - 1}: make sure that both count the same classes."
    return np.arange(outputs, dtype=np.int64), note


def _contradicted(names: tuple[str, ...], model: tuple[str, ...]) -> tuple[Mapping, list[str]] | None:
    """If more names of the source stand elsewhere in the model than where they should: where, and which are lacking."""
    found, lost = places(names, model)
    known = [(number, place) for number, place in enumerate(found) if place >= 0]
    here = sum(number < len(model) and plain(names[number]) == plain(model[number]) for number in range(len(names)))
    elsewhere = sum(number != place for number, place in known)
    return (_array(found), lost) if elsewhere > here else None


def _strangers(names: tuple[str, ...], model: tuple[str, ...]) -> bool:
    """Whether a complete list of names, in words, has none in common with the model's."""
    complete = all(names) and not all(map(_SYNSET.fullmatch, names))
    return complete and set(map(plain, names)).isdisjoint(map(plain, model))


def _by_name(source: ImageSource, model: tuple[str, ...] | None, outputs: int) -> tuple[Mapping, str]:
    names = source.class_names
    if not names:
        raise InputError("the names of the classes are not known before reading", where=source.name, hint=_FILE)
    if model:
        found, lost = places(names, model)
        if not lost:
            return _array(found), "Labels were matched by class name."
        if len(lost) < len(names) and not all(map(_SYNSET.fullmatch, names)):
            raise _misfit(source, model, outputs, f"the model has no class {some(lost)}", _FILE)
    if all(name.isdecimal() for name in names):
        if max(map(int, names)) >= outputs:
            raise _misfit(source, model, outputs, f"class names are numbers up to {max(map(int, names))}", _FILE)
        return _array([int(name) for name in names]), "Class names are numbers: they were taken as outputs."
    if all(map(_SYNSET.fullmatch, names)):
        return _synsets(source, model, outputs)
    if model is None and len(names) == outputs:
        return _array(range(outputs)), "The model names no classes: class names in sorted order were taken as outputs."
    raise _misfit(source, model, outputs, "the class names of the pictures are not the model's", _FILE)


def _synsets(source: ImageSource, model: tuple[str, ...] | None, outputs: int) -> tuple[Mapping, str]:
    count = len(source.class_names or ())
    if count == outputs and (count == _WHOLE or model is None):
        return _array(range(outputs)), f"The {count} synset ids, sorted, were taken as outputs."
    what = f"there are {count} synset ids for {outputs} outputs, and which outputs they are is not known"
    hint = f"Use a table with integer labels (class_id). Or: {_FILE}"
    raise _misfit(source, model, outputs, what, hint)


def _misfit(source: ImageSource, model: tuple[str, ...] | None, outputs: int, what: str, hint: str) -> InputError:
    own = some(tuple(filter(None, source.class_names or ()))) or "numbers only"
    other = some(model) if model else "without names"
    sides = f"Pictures: {own}. Model: {outputs} outputs, {other}."
    return InputError(f"the labels do not fit the model: {what}. {sides}", where=source.name, hint=hint)


def _array(values: Sequence[int]) -> Mapping:
    return np.array(values, np.int64)
