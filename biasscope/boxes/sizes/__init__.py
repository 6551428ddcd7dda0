"""Sizes of images that annotations do not give: from tables, rows and image headers."""
