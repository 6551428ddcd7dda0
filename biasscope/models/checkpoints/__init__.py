"""Reading checkpoint files that nobody vouches for."""

from biasscope.models.checkpoints.fit import fit
from biasscope.models.checkpoints.read import read_checkpoint

__all__ = ["fit", "read_checkpoint"]
