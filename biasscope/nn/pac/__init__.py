"""Pixel-adaptive convolution and its family (Su et al., CVPR 2019)."""

from biasscope.nn.pac.conv import PacConv2d
from biasscope.nn.pac.crf import PacCRF, PacCRFLoose
from biasscope.nn.pac.edge_features import position_color_features
from biasscope.nn.pac.functional import pac_conv2d, pac_conv_transpose2d, pac_pool2d
from biasscope.nn.pac.joint_upsample import PacJointUpsample2d
from biasscope.nn.pac.kernel import pac_kernel2d
from biasscope.nn.pac.pool import PacPool2d
from biasscope.nn.pac.transpose import PacConvTranspose2d

__all__ = [
    "PacCRF",
    "PacCRFLoose",
    "PacConv2d",
    "PacConvTranspose2d",
    "PacJointUpsample2d",
    "PacPool2d",
    "pac_conv2d",
    "pac_conv_transpose2d",
    "pac_kernel2d",
    "pac_pool2d",
    "position_color_features",
]
