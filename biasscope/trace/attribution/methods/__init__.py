"""Attribution methods, by captum: one file with a function, and one line here.

A function takes (model, x (N, C, H, W), targets (N,), layer, batch) and gives maps (N, H, W) as large as the pictures.
"""

from biasscope.core.registry import Entry, Registry


def _entry(name: str, title: str, source: str, layer: bool = False) -> Entry:
    return Entry(f"biasscope.trace.attribution.methods.{name}", {"title": title, "source": source, "layer": layer})


METHODS = Registry(
    "attribution method",
    {
        "gradcam": _entry("gradcam:gradcam", "Grad-CAM", "Selvaraju et al., ICCV 2017", layer=True),
        "saliency": _entry("saliency:saliency", "saliency", "Simonyan, Vedaldi and Zisserman, ICLR workshop 2014"),
        "integrated_gradients": _entry(
            "integrated:integrated_gradients", "integrated gradients", "Sundararajan, Taly and Yan, ICML 2017"
        ),
    },
)
"""Facts: title, source, whether it explains by the maps of one layer."""

__all__ = ["METHODS"]
