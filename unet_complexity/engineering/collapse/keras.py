"""UpSampling2D + Conv2D as one Keras layer, made from the two that were trained, and a whole model rewritten with it.

Only here Keras is imported; it runs on whatever backend Keras runs on.
"""

from __future__ import annotations

from math import prod
from typing import Any

import keras
from keras import ops

from unet_complexity.engineering.collapse.rule import AS_WRITTEN, arrangement
from unet_complexity.phases import phase_kernels
from unet_complexity.symbols import as_pair


@keras.saving.register_keras_serializable("unet_complexity")
class PhaseConv2D(keras.layers.Layer):
    """What UpSampling2D(size) and Conv2D(filters, kernel_size, padding="same") compute, for fewer multiplications.

    (batch, h, w, c) -> (batch, s_h h, s_w w, filters), or channels first.  Its weights are the s_h s_w phase kernels,
    (k + s - 1)^2 c f numbers in all, and the bias; :meth:`of` takes them from a trained Conv2D.  They are not
    trainable: apart, the phases would stop being sums of the same taps.

    >>> up, conv = keras.layers.UpSampling2D(2), keras.layers.Conv2D(8, 4, padding="same")
    >>> conv.build((None, 16, 16, 3))
    >>> PhaseConv2D.of(up, conv).count_params(), conv.count_params()
    (608, 392)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        size: Any = 2,
        data_format: str = "channels_last",
        activation: Any = None,
        use_bias: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(**{**settings, "trainable": False})
        self.filters, self.data_format, self.use_bias = filters, data_format, use_bias
        self.kernel_size, self.size = as_pair(kernel_size, "kernel_size"), as_pair(size, "size")
        self.activation = keras.activations.get(activation)

    @classmethod
    def of(cls, upsampling: Any, conv: Any) -> PhaseConv2D:
        """The layer that takes the place of a built pair.  ValueError, with the reason, where it cannot."""
        if reason := refusal(upsampling, conv):
            raise ValueError(f"{conv.name} behind {upsampling.name} cannot be collapsed: {reason}")
        if not conv.built:
            raise ValueError(f"{conv.name} has no weights yet; build the model, then collapse it")
        layer = cls(
            conv.filters,
            conv.kernel_size,
            upsampling.size,
            conv.data_format,
            conv.activation,
            conv.use_bias,
            name=conv.name,
            dtype=conv.dtype_policy,
        )
        kernel, *bias = (ops.convert_to_numpy(weight.value) for weight in conv.weights)
        shape = [None, None, None, kernel.shape[2]]
        layer.build(shape if conv.data_format == "channels_last" else [None, kernel.shape[2], None, None])
        layer.set_weights([*(phase.kernel for phase in phase_kernels(kernel, upsampling.size)), *bias])
        return layer

    def build(self, input_shape: Any) -> None:
        import numpy as np

        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        # of a kernel without channels: where the phases' windows lie, without any values
        self.phases = phase_kernels(np.empty((*self.kernel_size, 0, 0)), self.size)
        shapes = [(*phase.kernel.shape[:2], channels, self.filters) for phase in self.phases]
        self.kernels = [self.add_weight(shape, "zeros", name=f"kernel_{i}") for i, shape in enumerate(shapes)]
        self.bias = self.add_weight((self.filters,), "zeros", name="bias") if self.use_bias else None

    def call(self, x: Any) -> Any:
        phases = [self._phase(x, *phase) for phase in zip(self.phases, self.kernels, strict=True)]
        y = self._interleaved(phases)
        if self.bias is not None:
            y = y + ops.reshape(self.bias, (-1,) if self.data_format == "channels_last" else (-1, 1, 1))
        return self.activation(y)

    def _phase(self, x: Any, phase: Any, kernel: Any) -> Any:
        sides = zip(phase.first, phase.kernel.shape, strict=False)
        pads = [(-first, first + taps - 1) for first, taps in sides]
        around = [(0, 0), *pads, (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), *pads]
        return ops.conv(ops.pad(x, around), kernel, padding="valid", data_format=self.data_format)

    def _interleaved(self, phases: list[Any]) -> Any:
        """Phase (p, q) of pixel (i, j) goes to (s_h i + p, s_w j + q)."""
        rows = 1 if self.data_format == "channels_last" else 2
        s_h, s_w = self.size
        lines = [ops.stack(phases[p * s_w : (p + 1) * s_w], rows + 2) for p in range(s_h)]
        y = ops.stack(lines, rows + 1)
        shape = ops.shape(phases[0])
        sides = (s_h * shape[rows], s_w * shape[rows + 1])
        return ops.reshape(y, (*((-1,) if rows == 1 else (-1, self.filters)), *sides, *([self.filters] * (rows == 1))))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        rows = 1 if self.data_format == "channels_last" else 2
        old = input_shape[rows : rows + 2]
        sides = [side and s * side for side, s in zip(old, self.size, strict=True)]
        return (input_shape[0], *sides, self.filters) if rows == 1 else (input_shape[0], self.filters, *sides)

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "size", "data_format", "use_bias")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}


def refusal(upsampling: Any, conv: Any) -> str:
    """Why the two are not one PhaseConv2D; empty where they are."""
    wrong = {
        "the first is no nearest UpSampling2D": type(upsampling) is not keras.layers.UpSampling2D
        or upsampling.interpolation != "nearest",
        "the second is no plain Conv2D": type(conv) is not keras.layers.Conv2D,
    }
    if not any(wrong.values()):
        wrong["the convolution's padding is not 'same'"] = conv.padding != "same"
        ones = (*conv.strides, *conv.dilation_rate, conv.groups)
        wrong["the convolution has strides, dilations or groups"] = set(ones) != {1}
        wrong["the two order their axes differently"] = upsampling.data_format != conv.data_format
    return "; ".join(reason for reason, is_so in wrong.items() if is_so)


def collapse_keras(model: Any) -> Any:
    """A functional or sequential model that computes the same, UpSampling2D and Conv2D collapsed where the rule says.

    Replaced are pairs of which the upsampled map goes to that convolution only; in the place of the upsampling stands
    an Identity.  The rest is copied with its weights.  ValueError where there is nothing to replace.
    """
    if not getattr(model, "outputs", None):
        raise TypeError(f"a functional or a built sequential model can be collapsed, got {model!r}; load or build it")
    pairs = dict(_pairs(model))
    if not pairs:
        raise ValueError(f"{model.name} has no UpSampling2D in front of a Conv2D that is worth collapsing")
    gone = {upsampling.name for upsampling in pairs.values()}

    def own(layer: Any) -> Any:
        if layer.name in gone:
            return keras.layers.Identity(name=layer.name)
        pair = pairs.get(layer.name)
        return PhaseConv2D.of(pair, layer) if pair else type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=own)
    for layer in model.layers:
        if layer.weights and layer.name not in pairs:
            for new, old in zip(copy.get_layer(layer.name).weights, layer.weights, strict=True):
                new.assign(ops.convert_to_numpy(old.value))  # a copy: JAX deletes what a model gives away
            if isinstance(layer, keras.layers.Normalization):
                copy.get_layer(layer.name).finalize_state()  # it keeps what it derived from its weights
    return copy


def _pairs(model: Any) -> Any:
    """(name of the convolution, upsampling layer) of every pair to replace."""
    given_out = {id(output) for output in model.outputs}
    for layer in model.layers:
        readers = [node.operation for node in layer._outbound_nodes]
        if given_out & {id(output) for node in layer._inbound_nodes for output in node.output_tensors}:
            continue
        if len(readers) != 1 or len(layer._inbound_nodes) != 1 or len(readers[0]._inbound_nodes) != 1:
            continue
        if not refusal(layer, readers[0]) and _worthwhile(layer, readers[0]):
            yield readers[0].name, layer


def _worthwhile(upsampling: Any, conv: Any) -> bool:
    channels = conv.kernel.shape[2]
    sides = [side for side in upsampling.input.shape[1:] if side is not None]
    pixels = prod(sides) // channels if len(sides) == 3 else None
    way, _ = arrangement(channels, conv.filters, conv.kernel_size, upsampling.size, pixels)
    return way != AS_WRITTEN
