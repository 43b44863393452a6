"""UpSampling2D and Conv2D as one Keras layer, made from a trained pair, and whole models rewritten with it.

Keras is imported here only; the layer runs on any of its backends.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from unet_complexity.engineering.collapse import rule
from unet_complexity.escaping import in_message
from unet_complexity.phases import phase_kernels
from unet_complexity.symbols import as_pair

# of a Conv2D that its replacement takes over
SETTINGS = "filters kernel_size data_format activation use_bias name".split()


@keras.saving.register_keras_serializable("unet_complexity")
class PhaseConv2D(keras.layers.Conv2D):
    """Layer with the output of UpSampling2D(size) and Conv2D(padding="same"), for fewer multiplications.

    (batch, h, w, c) -> (batch, s_h h, s_w w, filters), or channels first.  Its weights are the s_h s_w phase
    kernels, (k + s - 1)^2 c f numbers in all, and the bias; :meth:`of` takes them from a trained Conv2D.  They
    are not trainable: trained separately, the phases would stop being sums of the same taps.

    Example:
        >>> up, conv = keras.layers.UpSampling2D(2), keras.layers.Conv2D(8, 4, padding="same")
        >>> conv.build((None, 16, 16, 3))
        >>> PhaseConv2D.of(up, conv).count_params(), conv.count_params()
        (608, 392)
    """

    # those of Conv2D know one kernel only; cutting phases from it at each call
    # takes up to a third longer
    save_own_variables = keras.layers.Layer.save_own_variables
    load_own_variables = keras.layers.Layer.load_own_variables

    def __init__(self, filters: int, kernel_size: Any, size: Any = 2, **settings: Any) -> None:
        fixed = {"padding": "same", "trainable": False}
        super().__init__(filters, kernel_size, **{**settings, **fixed})
        self.size = as_pair(size, "size")
        self.channels = 1 if self.data_format == "channels_first" else -1  # their axis

    @classmethod
    def of(cls, upsampling: Any, conv: Any) -> PhaseConv2D:
        """Return the layer that replaces a built pair.

        Raises:
            ValueError: It cannot, with the reason.
        """
        name = in_message(conv.name)
        if reason := refusal(upsampling, conv):
            raise ValueError(
                f"{name} behind {in_message(upsampling.name)} cannot be collapsed: {reason}"
            )
        if not conv.built:
            raise ValueError(f"{name} has no weights yet; build the model, then collapse it")
        settings = {name: getattr(conv, name) for name in SETTINGS}
        layer = cls(size=upsampling.size, dtype=conv.dtype_policy, **settings)
        kernel, *bias = _arrays(conv)
        layer.build([kernel.shape[2]] * 4)  # of which only the channels count
        kernels = [phase.kernel for phase in phase_kernels(kernel, layer.size)]
        layer.set_weights([*kernels, *bias])
        return layer

    def build(self, input_shape: Any) -> None:
        without_channels = np.empty((*self.kernel_size, 0, 0))
        self.phases = []  # offset of the first tap, and kernel
        for row, column, first, window in phase_kernels(without_channels, self.size):
            shape = (*window.shape[:2], input_shape[self.channels], self.filters)
            kernel = self.add_weight(shape, "zeros", name=f"kernel_{row}_{column}")
            self.phases.append((first, kernel))
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    @property
    def kernel(self) -> Any:
        """Offset of the first tap, and kernel, of each phase."""
        return self.phases

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve the map by each phase and interleave the outputs; Conv2D adds bias and activation."""
        x = ops.moveaxis(inputs, self.channels, -1)
        maps = []
        for first, window in kernel:
            sides = zip(first, window.shape[:2], strict=True)
            border = [(-offset, k - 1 + offset) for offset, k in sides]
            padded = ops.pad(x, [(0, 0), *border, (0, 0)])
            maps.append(ops.conv(padded, window, data_format="channels_last"))
        _, height, width, _ = ops.shape(x)
        s_h, s_w = self.size
        apart = -1, height, width, s_h, s_w, self.filters
        large = -1, height * s_h, width * s_w, self.filters
        y = ops.concatenate(maps, -1)
        y = ops.reshape(y, apart)
        y = ops.transpose(y, (0, 1, 3, 2, 4, 5))  # row s_h i + p, column s_w j + q at (i, p, j, q)
        y = ops.reshape(y, large)
        return ops.moveaxis(y, -1, self.channels)

    def compute_output_shape(self, input_shape: Any) -> Any:
        upsampling = keras.layers.UpSampling2D(self.size, self.data_format)
        small = super().compute_output_shape(input_shape)
        return upsampling.compute_output_shape(small)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


def refusal(upsampling: Any, conv: Any) -> str:
    """Return why the two are not one PhaseConv2D; empty if they are."""
    layers = keras.layers
    if type(upsampling) is not layers.UpSampling2D or upsampling.interpolation != "nearest":
        return "the first is not a nearest UpSampling2D"
    if type(conv) is not layers.Conv2D:
        return "the second is not a plain Conv2D"
    reasons = []
    if conv.padding != "same":
        reasons.append("the convolution's padding is not 'same'")
    if {*conv.strides, *conv.dilation_rate, conv.groups} != {1}:
        reasons.append("the convolution has strides, dilations or groups")
    if upsampling.data_format != conv.data_format:
        reasons.append("the two order their axes differently")
    return "; ".join(reasons)


def collapse_keras(model: Any) -> Any:
    """Return a copy of a functional or sequential model with its pairs collapsed where the rule says so.

    A pair is replaced if only its convolution reads the upsampled map; an Identity takes the place of the
    upsampling.  The other layers are copied with their weights.

    Raises:
        TypeError: It is not such a model.
        ValueError: It has no pair that is worth collapsing.
    """
    if not getattr(model, "outputs", None):
        raise TypeError(
            f"a functional or a built sequential model can be collapsed, got {model!r}; load or build it"
        )
    new: dict[str, Any] = {}
    for upsampling, conv in _pairs(model):
        new[upsampling.name] = keras.layers.Identity(name=upsampling.name)
        new[conv.name] = PhaseConv2D.of(upsampling, conv)
    if not new:
        raise ValueError(
            f"{model.name} has no UpSampling2D in front of a Conv2D that is worth collapsing"
        )

    def replacement(layer: Any) -> Any:
        return new.get(layer.name) or type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=replacement)
    for layer in model.layers:
        if layer.weights and layer.name not in new:
            new_layer = copy.get_layer(layer.name)
            new_layer.set_weights(_arrays(layer))
            if isinstance(layer, keras.layers.Normalization):
                new_layer.finalize_state()  # it keeps what it derived from its weights
    return copy


def _arrays(layer: Any) -> list[Any]:
    """Copies of a layer's weights: JAX deletes what a model gives away."""
    return [ops.convert_to_numpy(weight.value) for weight in layer.weights]


def _pairs(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs to replace: the upsampling and the convolution."""
    outputs = set(map(id, model.outputs))
    for layer in model.layers:
        readers = [node.operation for node in layer._outbound_nodes]
        calls = [len(each._inbound_nodes) for each in (layer, *readers)]
        if calls != [1, 1] or id(layer.output) in outputs:
            continue
        conv = readers[0]
        if refusal(layer, conv):
            continue
        channels = conv.kernel.shape[2]
        _, *sides = layer.input.shape
        pixels = None if None in sides else prod(sides) // channels
        how, _ = rule.arrangement(channels, conv.filters, conv.kernel_size, layer.size, pixels)
        if how != rule.AS_WRITTEN:
            yield layer, conv
