"""Which layer is to blame that an answer changes with a shift. The package is the function: ``blame(...)``."""

from biasscope.core.callable_module import make_callable
from biasscope.trace.blame.call import blame
from biasscope.trace.blame.moving import moved, steps_of
from biasscope.trace.blame.patching import patched_output
from biasscope.trace.blame.ratios import share_of_change
from biasscope.trace.blame.result import Blame, LayerBlame, Pair

__all__ = ["Blame", "LayerBlame", "Pair", "blame", "moved", "patched_output", "share_of_change", "steps_of"]
make_callable(__name__, blame)
