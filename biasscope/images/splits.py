"""Names of splits."""

SPLITS = ("validation", "val", "valid", "test", "train")
"""The one first that is taken if none was asked for: labels of a test split are often withheld."""
