"""Two U-Nets with any size a number or a letter, the depth too."""

from unet_complexity.unets.classic import classic_unet
from unet_complexity.unets.pix2pix import pix2pix_unet

__all__ = ["classic_unet", "pix2pix_unet"]
