"""Architectures that are not part of torchvision."""
