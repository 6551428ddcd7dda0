"""What every layer of `biasscope.nn` must survive: export, compilation, mixed precision, memory layout."""

import io

import pytest
import torch

from biasscope.nn import (
    AntialiasedConv2d,
    BlurPool2d,
    MaxBlurPool2d,
    PolyphaseSampling2d,
    ResizeConv2d,
    SmoothUpsampled2d,
)

LAYERS = {
    "blur": lambda: BlurPool2d(4, 4, 2),
    "blur, wider than the map": lambda: BlurPool2d(4, 7, 2, "circular"),
    "max-blur": lambda: MaxBlurPool2d(4, 3, 2, 1, ceil_mode=True),
    "anti-aliased convolution": lambda: AntialiasedConv2d(4, 4, 3, 2, 1, activation=torch.relu),
    "polyphase, even": lambda: PolyphaseSampling2d(2),
    "polyphase, odd": lambda: PolyphaseSampling2d(4),
    "resize-convolution": lambda: ResizeConv2d(4, 4),
    "smoothing": lambda: SmoothUpsampled2d(4, 2, 1),
}


def example(seed=0):
    return torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=LAYERS)
def layer(request):
    torch.manual_seed(0)
    return LAYERS[request.param]().eval()


def test_onnx_runs_in_onnxruntime_and_agrees(layer):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    file = io.BytesIO()
    program = torch.onnx.export(layer, (example(),), dynamo=True, verbose=False)
    program.save(file)
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (name,) = (entry.name for entry in session.get_inputs())
    fresh = example(1)
    (out,) = session.run(None, {name: fresh.numpy()})
    torch.testing.assert_close(torch.from_numpy(out), layer(fresh), rtol=1e-5, atol=1e-5)


def test_compiles_without_graph_breaks(layer):
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(example()), layer(example()))


def test_autocast_gives_about_the_same(layer):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(example())
    torch.testing.assert_close(low.float(), layer(example()), rtol=0.05, atol=0.05)


def test_memory_layout_does_not_matter(layer):
    nhwc = example().contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(nhwc), layer(example()))
