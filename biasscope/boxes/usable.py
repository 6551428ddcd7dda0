"""The boxes that statistics may use, at once: what a report counts."""

from __future__ import annotations

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.integrity.inspection import Inspector


def usable_boxes(source: BoxTable) -> pl.DataFrame:
    r"""Boxes of a table without those that integrity leaves out: crowds, copies, boxes beyond their image, and so on.

    Parameters
    ----------
    source
        Boxes as a reader found them.

    Returns
    -------
        Frame in the BOXES schema, in the order of the table. :func:`~biasscope.boxes.inspect` says what is missing.

    Raises
    ------
    InputError
        A file turned out unreadable while it was being read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from biasscope.boxes import read_boxes
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = path.write_text("image,xmin,ymin,xmax,ymax,label,width,height\na,0,0,9,9,cat,20,20\na,0,0,90,9,cat,20,20\n")
    >>> usable_boxes(read_boxes(path, box_convention="edges"))["x1"].to_list()
    [9.0]
    """
    inspector = Inspector.of(source)
    parts = list(map(inspector.usable, inspector.read(source)))
    return pl.concat(parts) if parts else source.boxes.head(0).collect()
