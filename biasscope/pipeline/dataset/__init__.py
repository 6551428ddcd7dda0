"""Question 1: where and how large are the objects of each class, and is that bias or chance?"""

from biasscope.pipeline.dataset.analysis import analyze_dataset

__all__ = ["analyze_dataset"]
