"""A network to operate on, and what is looked for in it."""

import torch
import torchvision

from biasscope.nn import BlurPool2d


def resnet18():
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=10).eval()


def blurs(model):
    return [m for m in model.modules() if isinstance(m, BlurPool2d)]
