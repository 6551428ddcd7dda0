"""A small table that everything can be computed of by hand.

Four views of three images; the reference is view 1::

    view   image 0   image 1   image 2
    0         3         7         2
    1         3         8         2       <- reference
    2         4         7         2
    3         3         9         2
    truth     3         7         5
"""

import torch

PREDICTIONS = torch.tensor([[3, 7, 2], [3, 8, 2], [4, 7, 2], [3, 9, 2]])
TARGETS = torch.tensor([3, 7, 5])
REFERENCE = 1
STEPS = torch.tensor([[-1, 0, 1, 2]])
OFFSETS = torch.tensor([[0, -1], [0, 0], [1, 1], [2, -2]])
