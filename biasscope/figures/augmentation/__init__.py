"""Figures of question 4, augmentation: curves over the number of copies, coverage, maps, the knee."""
