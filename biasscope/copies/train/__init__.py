"""Training of many networks: one after the other, or at once, with the same results."""

from biasscope.copies.train.batches import Batches
from biasscope.copies.train.choose import choose_engine, make_engine
from biasscope.copies.train.loop import train
from biasscope.copies.train.sequential import Sequential
from biasscope.copies.train.settings import Training
from biasscope.copies.train.vectorised import CannotVectoriseError, Vectorised

__all__ = [
    "Batches",
    "CannotVectoriseError",
    "Sequential",
    "Training",
    "Vectorised",
    "choose_engine",
    "make_engine",
    "train",
]
