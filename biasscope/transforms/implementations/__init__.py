"""How libraries resize a picture: every implementation is one function and one line here.

A function takes the pixels of the original, uint8 (H, W) or (H, W, 3), and the wanted height and width, and gives an
array of that size with values from 0 to 255 (floating point where the library computes so; bicubic filters overshoot).
"""

from importlib.util import find_spec

from biasscope.core.errors import UsageError
from biasscope.core.registry import Entry, Registry


def _entry(target: str, title: str, needs: str | None = None) -> Entry:
    return Entry(f"biasscope.transforms.implementations.{target}", {"title": title, "needs": needs})


IMPLEMENTATIONS = Registry(
    "resize implementation",
    {
        "pillow-nearest": _entry("pillow:nearest", "Pillow, nearest"),
        "pillow-box": _entry("pillow:box", "Pillow, box"),
        "pillow-bilinear": _entry("pillow:bilinear", "Pillow, bilinear"),
        "pillow-hamming": _entry("pillow:hamming", "Pillow, Hamming"),
        "pillow-bicubic": _entry("pillow:bicubic", "Pillow, bicubic"),
        "pillow-lanczos": _entry("pillow:lanczos", "Pillow, Lanczos"),
        "torchvision-antialias": _entry("torchvision:antialiased", "torchvision tensor, bilinear, antialias=True"),
        "torchvision-aliased": _entry("torchvision:aliased", "torchvision tensor, bilinear, antialias=False"),
        "torch-nearest": _entry("interpolate:nearest", "torch interpolate, nearest"),
        "torch-nearest-exact": _entry("interpolate:nearest_exact", "torch interpolate, nearest-exact"),
        "torch-bilinear": _entry("interpolate:bilinear", "torch interpolate, bilinear"),
        "torch-bilinear-antialias": _entry("interpolate:bilinear_antialias", "torch interpolate, bilinear, antialias"),
        "torch-bicubic": _entry("interpolate:bicubic", "torch interpolate, bicubic"),
        "torch-bicubic-antialias": _entry("interpolate:bicubic_antialias", "torch interpolate, bicubic, antialias"),
        "torch-area": _entry("interpolate:area", "torch interpolate, area"),
        "opencv-nearest": _entry("opencv:nearest", "OpenCV, nearest", "cv2"),
        "opencv-linear": _entry("opencv:linear", "OpenCV, linear", "cv2"),
        "opencv-cubic": _entry("opencv:cubic", "OpenCV, cubic", "cv2"),
        "opencv-area": _entry("opencv:area", "OpenCV, area", "cv2"),
        "opencv-lanczos4": _entry("opencv:lanczos4", "OpenCV, Lanczos 4", "cv2"),
        "tensorflow1-bilinear": _entry("tensorflow:bilinear", "TensorFlow 1, bilinear without half-pixel centres"),
        "tensorflow1-align-corners": _entry("tensorflow:align_corners", "TensorFlow 1, bilinear, align_corners"),
    },
)


def available(name: str) -> bool:
    """Whether the library behind an implementation is installed."""
    needs = IMPLEMENTATIONS[name].facts["needs"]
    return needs is None or find_spec(needs) is not None


def check_available(name: str) -> None:
    """Raise a usage error unless there is such an implementation and its library is installed."""
    IMPLEMENTATIONS.load(name) if name not in IMPLEMENTATIONS else None
    if not available(name):
        raise UsageError(
            f"the resize implementation {name} needs {IMPLEMENTATIONS[name].facts['needs']}, which is not installed"
        )
