"""`torch.fx.experimental`: where torch keeps `proxy_tensor.make_fx`."""

from . import proxy_tensor

__all__ = ["proxy_tensor"]
