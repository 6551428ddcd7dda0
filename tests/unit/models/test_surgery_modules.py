"""What surgery leaves behind is an ordinary module."""

import copy
import io
import pickle

import pytest
import torch

from biasscope.models import antialias, circular, pac, polyphase, same_padding, surgery_table
from biasscope.models.architectures.cifar_resnet import CifarResNet
from tests.unit.models.surgery_nets import resnet18

pytestmark = pytest.mark.usefixtures("no_gradients")


def test_inplace_changes_the_model_itself():
    for operation in (antialias, circular, polyphase, pac, same_padding):
        net, other = resnet18(), resnet18()
        assert operation(net, inplace=True) is net
        x = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(net(x), operation(other)(x))
        assert surgery_table(net).names == surgery_table(operation(other)).names


SURVIVORS = {
    "antialias": antialias,
    "circular": circular,
    "polyphase": polyphase,
    "pac": pac,
    "pac guided by a layer": lambda net: pac(net, layers=["layer3.0.conv2"], guidance="layer1"),
    "all": lambda net: pac(circular(antialias(net))),
}


@pytest.mark.parametrize("operation", SURVIVORS)
def test_survives_copy_pickle_and_torch_save(operation):
    net, x = SURVIVORS[operation](resnet18()), torch.rand(2, 3, 64, 64)
    expected = net(x)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), torch.load(file, weights_only=False)):  # noqa: S301
        assert torch.equal(twin(x), expected)
        assert surgery_table(twin) == surgery_table(net)
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(net(x), expected)


@pytest.mark.parametrize("operation", ["antialias", "polyphase", "pac"])
def test_compiles_without_graph_breaks(operation):
    net, x = SURVIVORS[operation](CifarResNet(8).eval()), torch.rand(1, 3, 16, 16)
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), net(x), rtol=1e-4, atol=1e-5)


def test_anti_aliased_resnet18_runs_in_onnxruntime_and_agrees():
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    net, x = antialias(resnet18(), stem=True), torch.rand(1, 3, 64, 64)
    file = io.BytesIO()
    torch.onnx.export(net, (x,), dynamo=True, verbose=False).save(file)
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(out), net(x), rtol=1e-3, atol=1e-4)


def test_gradients_reach_every_parameter():
    with torch.enable_grad():
        for operation in (antialias, polyphase, pac):
            net = operation(CifarResNet(8))
            net(torch.rand(2, 3, 16, 16)).square().sum().backward()
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
            copy.deepcopy(net)
