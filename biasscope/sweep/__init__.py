"""Model x images x transformation -> predictions: one engine.

The package is also the function: ``biasscope.sweep("torchvision:resnet18", "photos/", "crop")``.
"""

from biasscope.core.callable_module import make_callable
from biasscope.sweep.call import sweep
from biasscope.sweep.result import Floor, Sweep

__all__ = ["Floor", "Sweep", "sweep"]

make_callable(__name__, sweep)
