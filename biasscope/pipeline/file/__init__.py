"""Analyses as TOML files: one question or one published figure each, read, checked and run."""

from biasscope.pipeline.file.analysis import AnalysisFile
from biasscope.pipeline.file.read import read_analysis
from biasscope.pipeline.file.run import run_analysis

__all__ = ["AnalysisFile", "read_analysis", "run_analysis"]
