"""One small, randomly initialised network of every family that surgery is promised for, in float64."""

import copy
from functools import cache

import torch
import torchvision
from torch import nn

from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.architectures.mobilenet_v1 import MobileNetV1

SIDE = 64


def _torchvision(name, **options):
    return lambda: torchvision.models.get_model(name, weights=None, num_classes=10, **options)


def _densenet():
    return torchvision.models.DenseNet(8, (2, 2, 2, 2), 16, num_classes=10)


def _resnet(block, depth):
    def build():
        return torchvision.models.ResNet(block, depth, num_classes=10)

    return build


def _convnext():
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    widths = (8, 16, 24, 32)
    stages = [CNBlockConfig(a, b, 1) for a, b in zip(widths, (*widths[1:], None), strict=True)]
    return ConvNeXt(stages, num_classes=10, layer_scale=1.0)


def _vgg():
    from torchvision.models.vgg import VGG, make_layers

    plan = [8, "M", 16, "M", 32, 32, "M", 48, 48, "M", 512, "M"]
    net = VGG(make_layers(plan, batch_norm=True), init_weights=False)
    net.classifier = nn.Linear(512 * 49, 10)
    return net


def _alexnet():
    net = torchvision.models.alexnet(weights=None, num_classes=10)
    net.classifier = nn.Linear(256 * 36, 10)
    return net


GLOBAL = {
    "resnet": _resnet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1]),
    "resnet, bottleneck": _resnet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1]),
    "squeezenet1_0": _torchvision("squeezenet1_0"),
    "mobilenet_v2": _torchvision("mobilenet_v2", width_mult=0.35),
    "mobilenet_v3_small": _torchvision("mobilenet_v3_small"),
    "densenet": _densenet,
    "efficientnet_b0": _torchvision("efficientnet_b0"),
    "convnext": _convnext,
    "regnet_y_400mf": _torchvision("regnet_y_400mf"),
    "shufflenet_v2": _torchvision("shufflenet_v2_x0_5"),
    "cifar resnet": lambda: CifarResNet(20),
    "mobilenet_v1": lambda: MobileNetV1(0.25, 10),
}
"""Families with a global average in the head."""

FLAT = {"vgg_bn": _vgg, "alexnet": _alexnet}
"""Families whose head reads positions."""


def build(name):
    """Own copy of a network of a family."""
    return copy.deepcopy(_built(name))


@cache
def _built(name):
    """Network in evaluation mode whose signals neither vanish nor explode, with statistics that are not all 0 and 1."""
    torch.manual_seed(0)
    net = {**GLOBAL, **FLAT}[name]().double().eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net


def picture(height=SIDE, width=SIDE, batch=1, channels=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, channels, height, width, dtype=torch.float64, generator=generator)


def deviation(one, other):
    """Largest difference as a share of the largest value."""
    return float((one - other).abs().max() / other.abs().max())
