"""Everything that can be wrong with a picture, in words for a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explained:
    """What a code of :class:`~biasscope.images.picture.ImageProblem` means.

    Attributes
    ----------
    title
        A few words.
    explanation
        What was done about it, and what it may mean for the result.
    """

    title: str
    explanation: str


PROBLEMS = {
    "missing": Explained("file missing", "There is no such file, or it is no regular file. Left out."),
    "unreadable": Explained(
        "not a picture", "The bytes are no picture of a known format, or are damaged beyond reading. Left out."
    ),
    "truncated": Explained(
        "truncated", "The file ends before the picture does. A half-grey picture measures nothing. Left out."
    ),
    "too-large": Explained(
        "too large", "The header states more pixels than is safe to decode; it was not decoded. Left out."
    ),
    "too-small": Explained("too small", "A side is shorter than the smallest that is asked for. Left out."),
    "unsupported": Explained(
        "unsupported pixels", "Colours or a depth (32 bits, floating point) without a stated range. Left out."
    ),
    "deep": Explained("16 bits", "The range 0 to 65535 was scaled to 0 to 255, nothing was clipped. Used."),
    "cmyk": Explained(
        "CMYK", "Converted to RGB by the plain formula, without the colour profile; colours may be off. Used."
    ),
    "colour-space": Explained("other colours", "Converted to RGB. Used."),
    "palette": Explained("palette", "Colours were looked up in the palette of the file. Used."),
    "alpha": Explained("transparent", "The picture was laid over black where it is transparent. Used."),
    "animated": Explained("several frames", "The first frame was taken. Used."),
    "exif-rotated": Explained(
        "turned by EXIF",
        "The picture was turned as its EXIF orientation says; a box is taken to be given in the turned picture. Used.",
    ),
    "bad-exif": Explained("EXIF unreadable", "The orientation could not be read; the picture was not turned. Used."),
    "bad-box": Explained("box outside", "The box leaves the picture or is empty; it was cut or dropped. Used."),
    "bad-label": Explained("no label", "The label is missing or negative; accuracy leaves the picture out. Used."),
    "not-finite": Explained("not a number", "Values are not finite. Left out."),
    "frame-size": Explained("size changes", "A frame differs in size from the one before; the clip ends there."),
    "refused": Explained(
        "refused by a protocol", "A protocol cannot use it: too small, without a box, or no clip. Left out there."
    ),
    "too-short": Explained("too few frames", "There are fewer frames in a row than a clip has. Left out."),
}
"""Codes with what they mean."""
