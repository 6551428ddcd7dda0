"""Analyses on the real data: published numbers find what they are about, and those that can be judged agree."""

from pathlib import Path

import pytest

from biasscope.pipeline.file import read_analysis, run_analysis

ANALYSES = Path(__file__).parents[2] / "analyses"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("imagenet-box-uniformity", ["leakage=false"]),
        ("augmentation-repair", []),
        ("equivariance-lattices", ["limit=2", 'variants=["circular", "polyphase"]']),
        ("pac-hot-swap", ["limit=2"]),
        ("rescale-curve", ["limit=4"]),
        ("translation-sensitivity-small", ["limit=2", "grid=diagonal:1"]),
        ("nonshiftability-by-layer-small", ["limit=2", "grid=2x2", "blame=false"]),
    ],
)
def test_published_numbers_are_measured_and_agree(real_data, name, settings):
    file = read_analysis(ANALYSES / f"{name}.toml", settings)
    result = run_analysis(file).result("expected")
    unmeasured = [item.figure for item in file.expected.numbers if item.measured is None]
    table = result.table("numbers")
    missing = [figure for figure, said in zip(table["figure"], table["verdict"], strict=True) if said == "not measured"]
    assert missing == unmeasured
    assert result.scalar("agreeing").value == result.scalar("agreeing").n
    judged = any(item.tolerance is not None for item in file.expected.numbers)
    assert judged == (result.scalar("agreeing").n > 0)
    assert "differs" not in table["verdict"]
