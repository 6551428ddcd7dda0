"""``dataset``: where and how large are the objects of each class, and is that bias or chance?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from biasscope.commands.answer import deliver
from biasscope.commands.asked import asked, parts
from biasscope.commands.boxes import prepare
from biasscope.commands.options import COMMON, DEFAULTS, FLAG, PARTS, Common
from biasscope.core.files import check_folder

INPUT = Group("Input", sort_key=10)
STATISTICS = Group("Statistics", sort_key=20)

Convention = Literal["auto", "edges", "inclusive0", "inclusive1", "xywh", "fraction"]


def dataset(
    *paths: Path,
    format_in: Annotated[str, Parameter(group=INPUT)] = "auto",
    images: Annotated[Path | None, Parameter(group=INPUT)] = None,
    sizes: Annotated[Path | None, Parameter(group=INPUT)] = None,
    split_column: Annotated[str | None, Parameter(group=INPUT)] = None,
    columns: Annotated[list[str] | None, Parameter(group=INPUT, negative=())] = None,
    box_convention: Annotated[Convention, Parameter(group=INPUT)] = "auto",
    stream: Annotated[bool, FLAG, Parameter(group=INPUT)] = False,
    cache: Annotated[bool, Parameter(group=INPUT)] = True,
    strict: Annotated[bool, FLAG, Parameter(group=INPUT)] = False,
    per_image: Annotated[Literal["one", "all"], Parameter(group=STATISTICS)] = "one",
    alpha: Annotated[float, Parameter(group=STATISTICS)] = 0.05,
    correction: Annotated[Literal["bh", "by", "holm"], Parameter(group=STATISTICS)] = "bh",
    minimum: Annotated[int | None, Parameter(group=STATISTICS)] = None,
    scale_reference: Annotated[Literal["others", "log-uniform"], Parameter(group=STATISTICS)] = "others",
    compare: Annotated[Path | None, Parameter(group=PARTS)] = None,
    compare_format_in: Annotated[str, Parameter(group=PARTS)] = "auto",
    compare_box_convention: Annotated[Convention | None, Parameter(group=PARTS)] = None,
    augment: Annotated[list[str] | None, Parameter(group=PARTS, negative=())] = None,
    evaluation: Annotated[str, Parameter(group=PARTS)] = "Resize(256), CenterCrop(224)",
    leakage: Annotated[bool, Parameter(group=PARTS)] = True,
    html: Annotated[bool, Parameter(group=PARTS)] = True,
    common: Annotated[Common, Parameter(group=COMMON)] = DEFAULTS,
) -> int:
    """Where and how large are the objects of each class, and is that bias or chance?

    Without a path it analyses the embedded default: handwritten digits placed in scenes by a known law.

    Parameters
    ----------
    paths
        Annotation files or folders: ImageNet/VOC XML (also in a .tar, .tar.xz, .tgz), COCO JSON, YOLO, Open Images or
        Kaggle CSV, CVAT XML, any CSV or Parquet, a saved Hugging Face dataset. `hf://owner/name`: one of the hub.
    format_in
        Format of the input; found out by itself unless named: voc, cvat, coco, yolo, openimages, kaggle, table or
        huggingface.
    images
        Folder with the pictures, for formats that do not state image sizes.
    sizes
        Table with the columns image_id, width, height (CSV, Parquet) or a COCO JSON, instead of pictures.
    split_column
        Column that says which split a box belongs to.
    columns
        Names of columns in a table, as `x0=xmin,y0=ymin,x1=xmax,y1=ymax,label=class`; may be given several times.
    box_convention
        What the numbers of a box mean; each format has its own convention unless one is named.
    stream
        Memory that does not grow with the dataset.
    cache
        Remember parsed XML files by path, size and time of change.
    strict
        Exit with 3 when a row cannot be read or a box is impossible.
    per_image
        One box of a class an image (p-values hold), or all (those of position and scale do not when an image has
        several).
    alpha
        Level of the tests after correction.
    correction
        Over all classes that are tested: Benjamini-Hochberg, Benjamini-Yekutieli or Holm.
    minimum
        Boxes below which a class is not tested (10 unless given), and images on either side below which splits and
        datasets are not compared in it (5 unless given).
    scale_reference
        What sizes are compared with: the other classes, or a log-uniform law.
    compare
        A second dataset, compared class by class.
    compare_format_in
        Format of the second dataset.
    compare_box_convention
        What the numbers of the second dataset mean; as for the first unless named. Its other options are those of the
        first, but that a column of splits may be missing.
    augment
        A torchvision v2 transform as text, as "RandomResizedCrop(224)"; may be given several times.
    evaluation
        How pictures are shown in evaluation, as text of the same form: what objects after augmentation are larger than.
    leakage
        Measure how much of the class position and size alone predict.
    html
        Write report.html beside report.json.
    common
        Options that every command shares.
    """
    arguments = locals() | {"columns": _mapping(columns or [])}
    prepare(stream=stream)
    from biasscope.pipeline.dataset import analyze_dataset
    from biasscope.pipeline.definition import DatasetAnalysis

    definition = asked(DatasetAnalysis, arguments)
    check_folder(common.output)
    report = analyze_dataset(definition=definition, progress=common.progress())
    return deliver(report, common, html=html, strict=strict)


def _mapping(given: list[str]) -> dict[str, str]:
    """Column mapping of the form ``x0=xmin,label=class``, in one text or in several."""
    from biasscope.core.errors import UsageError

    where, hint = "--columns", "Write x0=xmin,y0=ymin and so on."
    pairs = [part.partition("=") for part in parts(given)]
    if given and not pairs:
        raise UsageError("no column is named", where=where, hint=hint)
    for name, equals, column in pairs:
        if not (equals and name.strip() and column.strip()):
            raise UsageError(f"{name!r} is not a pair", where=where, hint=hint)
    names = [name.strip() for name, _, _ in pairs]
    if len(set(names)) < len(names):
        again = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{again!r} is named twice", where=where, hint="Each is one column of the table.")
    return {name.strip(): column.strip() for name, _, column in pairs}
