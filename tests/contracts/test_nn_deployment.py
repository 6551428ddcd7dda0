"""What every layer of `biasscope.nn` must survive: export, compilation, mixed precision, memory layout."""

import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.nn import (
    AntialiasedConv2d,
    BlurPool2d,
    MaxBlurPool2d,
    PacConv2d,
    PacConvTranspose2d,
    PacCRF,
    PacJointUpsample2d,
    PacPool2d,
    PolyphaseSampling2d,
    ResizeConv2d,
    SmoothUpsampled2d,
)


class Guided(nn.Module):
    """A layer whose guidance is the first two channels of its input, resized where it must be."""

    def __init__(self, layer, scale=1):
        super().__init__()
        self.layer, self.scale = layer, scale

    def forward(self, x):
        return self.layer(x, F.interpolate(x[:, :2], scale_factor=self.scale, mode="nearest"))


class Joint(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = PacJointUpsample2d(2, channels=4, guide_channels=4, width=8)

    def forward(self, x):
        return self.net(x[:, :, ::2, ::2], x)


LAYERS = {
    "blur": lambda: BlurPool2d(4, 4, 2),
    "blur, wider than the map": lambda: BlurPool2d(4, 7, 2, "circular"),
    "max-blur": lambda: MaxBlurPool2d(4, 3, 2, 1, ceil_mode=True),
    "anti-aliased convolution": lambda: AntialiasedConv2d(4, 4, 3, 2, 1, activation=torch.relu),
    "polyphase, even": lambda: PolyphaseSampling2d(2),
    "polyphase, odd": lambda: PolyphaseSampling2d(4),
    "resize-convolution": lambda: ResizeConv2d(4, 4),
    "smoothing": lambda: SmoothUpsampled2d(4, 2, 1),
    "pac convolution": lambda: Guided(PacConv2d(4, 8, 3, 2, 1, groups=2)),
    "pac convolution, every option": lambda: Guided(
        PacConv2d(
            4,
            4,
            3,
            padding=2,
            dilation=2,
            kernel_type="inv_0.5_0.9_asym",
            smooth_kernel_type="average_3",
            normalize_kernel=True,
            shared_filters=True,
            padding_mode="circular",
        )
    ),
    "pac transposed convolution": lambda: Guided(PacConvTranspose2d(4, 3, 3, 2, 1, 1), 2),
    "pac pool": lambda: Guided(PacPool2d(3, 2, 1, normalize_kernel=True)),
    "pac mean field": lambda: Guided(PacCRF(4, 2, pairwise_kernels=[{"blur": 2}, {"compat_type": "potts"}])),
    "pac joint upsampling": Joint,
}


def example(seed=0):
    return torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=LAYERS)
def layer(request):
    torch.manual_seed(0)
    torch.compiler.reset()
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


def test_gradients_survive_compilation(layer):
    grads = []
    for run in (layer, torch.compile(layer, backend="aot_eager", fullgraph=True)):
        x = example().requires_grad_()
        grads.append(torch.autograd.grad(run(x).square().sum(), x)[0])
    torch.testing.assert_close(*grads)


def test_autocast_gives_about_the_same(layer):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(example())
    torch.testing.assert_close(low.float(), layer(example()), rtol=0.05, atol=0.05)


def test_memory_layout_does_not_matter(layer):
    nhwc = example().contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(nhwc), layer(example()))


def test_symbolic_trace_sees_one_step_and_computes_the_same(layer):
    graph = torch.fx.symbolic_trace(nn.Sequential(layer))
    ours = [node for node in graph.graph.nodes if node.op == "call_module"]
    assert len(ours) == 1
    for x in (example(), torch.cat([example(1), example(2)], 3)):
        assert torch.equal(graph(x), layer(x))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:.*is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
def test_jit_trace_computes_the_same(layer):
    traced = torch.jit.trace(layer, example(), check_trace=False)
    torch.testing.assert_close(traced(example(1)), layer(example(1)))


@pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning", "ignore:.*is deprecated:DeprecationWarning")
def test_what_cannot_be_scripted_says_what_can(layer):
    with pytest.raises(NotImplementedError, match=r"cannot be scripted: use torch\.jit\.trace, torch\.export"):
        torch.jit.script(layer)
