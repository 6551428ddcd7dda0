"""The augmentation sweep: how many shifted copies of every image does learning invariance need?

Networks are trained on n versions of each image, for several n, and asked about held-out images in all versions; a law
of growth says how many copies reach a target, beside what the subsampling argument says.

Examples
--------
>>> from biasscope.copies import augmentation_sweep
>>> words = {"copies": [1, 4], "variants": ["plain"], "seeds": 1, "steps": 2, "shifts": "2x2"}
>>> found = augmentation_sweep("small:4:4", "scenes:60@24", **words)
>>> found.frame().select("variant", "copies").unique().height
2
"""

from typing import TYPE_CHECKING

from biasscope.core.lazy import on_first_use

if TYPE_CHECKING:
    from biasscope.copies.call import augmentation_sweep
    from biasscope.copies.coverage import crop_coverage, expected_coverage
    from biasscope.copies.data import Data
    from biasscope.copies.delivered import transform_coverage
    from biasscope.copies.interaction import combine
    from biasscope.copies.law import LAWS, CopiesNeeded, copies_needed
    from biasscope.copies.plan import Plan, make_plan
    from biasscope.copies.pool import Pool, make_pool
    from biasscope.copies.result import CopiesSweep
    from biasscope.copies.run import Run
    from biasscope.copies.surfaces import surface
    from biasscope.copies.thinning import thin
    from biasscope.copies.train import Training
    from biasscope.copies.views import Views

_WHERE = {
    "CopiesNeeded": ".law",
    "CopiesSweep": ".result",
    "Data": ".data",
    "LAWS": ".law",
    "Plan": ".plan",
    "Pool": ".pool",
    "Run": ".run",
    "Training": ".train",
    "Views": ".views",
    "augmentation_sweep": ".call",
    "combine": ".interaction",
    "copies_needed": ".law",
    "crop_coverage": ".coverage",
    "expected_coverage": ".coverage",
    "make_plan": ".plan",
    "make_pool": ".pool",
    "surface": ".surfaces",
    "thin": ".thinning",
    "transform_coverage": ".delivered",
}

__all__ = [
    "LAWS",
    "CopiesNeeded",
    "CopiesSweep",
    "Data",
    "Plan",
    "Pool",
    "Run",
    "Training",
    "Views",
    "augmentation_sweep",
    "combine",
    "copies_needed",
    "crop_coverage",
    "expected_coverage",
    "make_plan",
    "make_pool",
    "surface",
    "thin",
    "transform_coverage",
]

__getattr__ = on_first_use(__name__, _WHERE)
