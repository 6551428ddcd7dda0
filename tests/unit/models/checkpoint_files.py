"""A checkpoint, and how it is asked for."""

import torch

from biasscope.models.architectures.cifar_resnet import CifarResNet


def state(seed=0):
    torch.manual_seed(seed)
    return CifarResNet(20).state_dict()


def spec_of(path, arch="cifar_resnet20", rest=""):
    return f"file:{path}?arch={arch}{rest}"
