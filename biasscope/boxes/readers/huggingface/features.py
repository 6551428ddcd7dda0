"""Which features of a Hugging Face dataset hold boxes, labels, names and sizes of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from biasscope.boxes.readers.huggingface.image import image_id_of, image_of, sides_of
from biasscope.boxes.readers.huggingface.labels import class_names, inside, label_among
from biasscope.boxes.readers.huggingface.splits import split_feature
from biasscope.boxes.readers.table.columns import NO_LABEL_COLUMN, OTHERS, field_of, layout_of
from biasscope.boxes.schema import FLAGS
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError, UsageError

_OBJECTS = ("objects", "annotations", "faces", "labels")
BOX = ("bbox", "bboxes", "boxes", "box")


@dataclass(frozen=True)
class Places:
    """Names of features; ``None`` where there is none.

    Attributes
    ----------
    objects
        Feature that holds those of the objects; empty when boxes stand among the features of the image.
    box, label, flags
        Features of the objects, the flags in the order of :data:`~biasscope.boxes.schema.FLAGS`.
    corners, wide
        Fields of a box that has names for its numbers (else there are none), and whether two are its width and height.
    names
        Names of the classes that labels are numbers of.
    image_id, image
        Features of the row: the image's name, and the image.
    sides
        Features of the row that are the image's width and height, if there are both.
    split, splits
        Feature of the row that is its split, and the names that its numbers have.
    other_split
        Feature that could be the split, but the dataset's splits have names.
    single
        Whether each row is one box, so that several rows may speak of one image.
    shared
        Whether a row has one label for all its boxes.
    """

    objects: str
    box: str
    label: str | None
    flags: tuple[str | None, ...]
    corners: tuple[str, ...]
    wide: bool
    names: list[str] | None
    image_id: str | None
    image: str | None
    sides: tuple[str, str] | None
    split: str | None
    splits: list[str] | None
    other_split: str | None
    single: bool
    shared: bool

    @property
    def columns(self) -> list[str]:
        """Columns that are read; the image only where nothing else gives its size."""
        wanted = [
            self.image_id,
            self.split,
            *((self.objects,) if self.objects else (self.box, self.label, *self.flags)),
        ]
        wanted += self.sides or [self.image]
        return list(dict.fromkeys(name for name in wanted if name))

    def convention(self, asked: str) -> str:
        """What the numbers of a box mean: COCO's, unless another convention is asked for or their names are others."""
        return asked if asked != "auto" else "edges" if self.corners and not self.wide else "xywh"

    def note(self, request: Request) -> str:
        """Sentences on what was read."""
        own = [f"the columns {' and '.join(self.sides)}"] if self.sides else []
        own += ["image headers"] if self.image else []
        asked = [name for name in ("sizes", "images") if getattr(request, name) is not None]
        sizes = ", else ".join([*own, *(f"--{name}" for name in asked)]) or "nowhere"
        path = f"{self.objects}.{self.box}" if self.objects else self.box
        rows = " Each row is one box, and rows with one name are one image." if self.single else ""
        labels = " The label of a row is that of all its boxes." if self.shared else ""
        labels += "" if self.label else NO_LABEL_COLUMN
        labels += f" Splits are from the column {self.split}." if self.split else ""
        if self.other_split:
            labels += (
                f" Splits have their own names; --split-column {self.other_split} would take them from that column."
            )
        convention = self.convention(request.convention)
        return f"Boxes are from {path}, read as {convention}; image sizes are from {sizes}.{rows}{labels}"


def places_of(features: Any, request: Request) -> Places:
    """Find the features, by the names that were given or by usual ones.

    Raises
    ------
    InputError
        There are no features, or none with boxes.
    UsageError
        A name that was given is not among them.
    """
    source = request.path.name
    if features is None:
        raise InputError("the dataset does not state its features", where=source)
    _check_columns(request, features)
    objects, inner = _objects(features, source, request.columns)
    box = _choose(inner, BOX, source)
    _check_field(request, "label", inner)
    label = request.columns.get("label") or label_among(inner)
    listed = objects != "" and not isinstance(features[objects], Mapping)
    wide, corners = _layout(inner[box], box, source) if listed else (False, ())
    single = not listed and _one_box(inner[box], box, source)
    split, other_split = split_feature(features, request)
    return Places(
        objects=objects,
        box=box,
        label=label,
        flags=tuple(field_of(inner, OTHERS[name]) for name in FLAGS),
        corners=corners,
        wide=wide,
        names=class_names(inner.get(label)) if label else None,
        image_id=request.columns.get("image_id") or image_id_of(features),
        image=image_of(features),
        sides=sides_of(features),
        split=split,
        splits=class_names(features[split]) if split else None,
        other_split=other_split,
        single=single,
        shared=not (listed or single) and label is not None and inside(inner[label]) is None,
    )


def _one_box(feature: Any, name: str, source: str) -> bool:
    """Whether a feature is the four numbers of one box, not a list of boxes.

    Raises
    ------
    InputError
        It is neither.
    """
    if isinstance(_inner(feature), Mapping) or type(feature).__name__ == "Value":
        raise _no_numbers(feature, name, source)
    return type(inside(feature)).__name__ == "Value"


def _layout(feature: Any, name: str, source: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a box has a width and height, and the fields of its numbers, where it is a dict of them."""
    if not isinstance(feature, Mapping):
        return False, ()
    lower = {field.strip().lower(): field for field in feature}
    layout = layout_of(lower)
    if layout is None:
        raise _no_numbers(feature, name, source)
    return layout[0], tuple(lower[field] for field in layout[1])


def _no_numbers(feature: Any, name: str, source: str) -> InputError:
    hint = "A box is a list of four numbers; a row has a list of boxes, or is one box."
    return InputError(f"the feature {name} holds no lists of numbers: {feature}", where=source, hint=hint)


def _objects(features: Any, source: str, columns: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    usual = sorted(features, key=lambda name: [*_OBJECTS, name.lower()].index(name.lower()))
    for name in (*((columns["objects"],) if "objects" in columns else ()), *usual):
        inner = _inner(features[name])
        if inner is not None and field_of(inner, BOX):
            return name, inner
    if field_of(features, BOX):
        return "", features
    raise InputError(
        f"no feature with boxes ({', '.join(BOX)}) was found among: {', '.join(features)}",
        where=source,
        hint="An object-detection dataset has a feature like objects = {bbox, category}; one with a row for each box, "
        "in columns of its own, is read with --format-in table.",
    )


def _check_columns(request: Request, features: Any) -> None:
    """Columns that were named exist; here they can be the image's name, the objects, and the label among these."""
    for key in request.columns:
        if key not in ("image_id", "objects", "label"):
            raise UsageError(
                f"there is no target column {key!r}", where="--columns", hint="There are: image_id, objects, label."
            )
    for key in ("image_id", "objects"):
        _check_field(request, key, features)
    _check_name(request.split_column, "split", features, "--split-column")


def _check_field(request: Request, key: str, fields: Mapping[str, Any]) -> None:
    _check_name(request.columns.get(key), key, fields, "--columns")


def _check_name(name: str | None, key: str, fields: Mapping[str, Any], option: str) -> None:
    if name is not None and name not in fields:
        hint = f"There are: {', '.join(fields)}."
        raise UsageError(f"there is no column {name!r} (wanted for {key})", where=option, hint=hint)


def _inner(feature: Any) -> Mapping[str, Any] | None:
    """Fields of a feature that is a list of dicts or a dict of lists."""
    while feature is not None and not isinstance(feature, Mapping):
        feature = inside(feature)
    return feature


def _choose(inner: Mapping[str, Any], options: tuple[str, ...], source: str) -> str:
    found = field_of(inner, options)
    if found is None:
        raise InputError(f"none of {', '.join(options)} is a feature of the objects", where=source)
    return found
