"""Published and measured numbers, as an analysis file with published numbers makes them."""

from biasscope.core.results import Result, Scalar, interval
from biasscope.pipeline.file.expected import Expected, ExpectedNumber
from biasscope.pipeline.file.measured import side_by_side
from tests.unit.report import sample_reports as sample

MEASURED = Result(
    "shifts",
    "Found.",
    scalars=[
        Scalar("top1_change@vgg16", 0.071, "top-1 change", interval(0.055, 0.09), 1001, "share", "lower"),
        Scalar("consistency@vgg16", 0.80, "consistency", interval(0.79, 0.81), 1001, "share", "higher"),
        Scalar("consistency@other <b>", 0.85, "consistency", interval(0.83, 0.87), 1001, "share", "higher"),
        Scalar("copies", 60.0, "copies"),
    ],
)
TOLD = Expected(
    source="A paper, table 1",
    differs="Other pictures.",
    numbers=[
        ExpectedNumber(
            figure="P(change)",
            value=0.062,
            unit="share",
            tolerance=0.02,
            grade="P",
            measured="shifts.top1_change@vgg16",
            setting="8 pairs",
        ),
        ExpectedNumber(
            figure="Consistency",
            value=0.885,
            unit="share",
            tolerance=0.01,
            grade="P",
            measured="shifts.consistency@vgg16",
        ),
        ExpectedNumber(
            figure="Consistency <b>",
            value=0.9,
            unit="share",
            grade="D",
            measured="shifts.consistency@other <b>",
        ),
        ExpectedNumber(
            figure="Copies",
            value=64.0,
            unit="copies",
            grade="S",
            measured="shifts.copies",
            source="Another paper",
        ),
        ExpectedNumber(
            figure="Copies of all",
            value=2025.0,
            unit="copies",
            grade="P",
        ),
    ],
)


def results():
    """One result of every kind."""
    return [side_by_side(TOLD, sample.report([MEASURED]))]
