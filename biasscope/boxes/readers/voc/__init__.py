"""ImageNet and PASCAL VOC XML."""
