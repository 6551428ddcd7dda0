"""What a trace keeps: nothing of the maps, and little more for more shifts or images."""

import gc

import torch
import torchvision
from torch import nn

from biasscope.trace import trace
from tests.unit.trace.nets import pictures, seeded, small

MIB = 1 << 20


def kept(model, at, images, shifts, **options):
    """Most bytes that tensors held whenever the layer ``at`` ran, without those that were there before."""
    seen = []

    def count(*_):
        gc.collect()  # when it comes by itself depends on what ran before
        tensors = [thing for thing in gc.get_objects() if type(thing) is torch.Tensor and thing.layout is torch.strided]
        seen.append(sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values()))

    handle = at.register_forward_hook(count)
    gc.collect()
    gc.freeze()  # what was there before is not looked at
    try:
        trace(model, images, shifts, batch=49, **options)
    finally:
        handle.remove()
        gc.unfreeze()
    return max(seen[2:])


def test_225_shifts_take_hardly_more_memory_than_49():
    net = seeded(lambda: torchvision.models.resnet18(num_classes=10))
    images = pictures(1, 64, 3)
    few, many = (kept(net, net.fc, images, grid) for grid in ("7x7", "15x15"))
    assert many - few < 5 * MIB


def test_more_images_take_no_more_memory():
    net = seeded(small)
    head = next(module for module in net if isinstance(module, nn.Linear))
    few, many = (kept(net, head, pictures(count), 7, samples=0) for count in (2, 20))
    assert many - few <= pictures(20).nbytes
