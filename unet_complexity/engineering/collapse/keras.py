"""UpSampling2D and Conv2D as one Keras layer, made from a trained pair, and whole models rewritten with it.

Keras is imported here only; the layer runs on any of its backends.
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
    """Layer with the output of UpSampling2D(size) and Conv2D(padding="same"), for fewer multiplications.

    (batch, h, w, c) -> (batch, s_h h, s_w w, filters), or channels first.  Its weights are the s_h s_w phase
    kernels, (k + s - 1)^2 c f numbers in all, and the bias; :meth:`of` takes them from a trained Conv2D.  They
    are not trainable: trained separately, the phases would stop being sums of the same taps.

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
        """Return the layer that replaces a built pair; ValueError, with the reason, if it cannot."""
        if reason := refusal(upsampling, conv):
            raise ValueError(f"{conv.name} behind {upsampling.name} cannot be collapsed: {reason}")
        if not conv.built:
            raise ValueError(f"{conv.name} has no weights yet; build the model, then collapse it")
        names = ("filters", "kernel_size", "data_format", "activation", "use_bias", "name")
        settings = {name: getattr(conv, name) for name in names}
        layer = cls(size=upsampling.size, dtype=conv.dtype_policy, **settings)
        kernel, *bias = (ops.convert_to_numpy(weight.value) for weight in conv.weights)
        layer.build(layer._ordered(None, None, None, kernel.shape[2]))
        kernels = [phase.kernel for phase in phase_kernels(kernel, upsampling.size)]
        layer.set_weights([*kernels, *bias])
        return layer

    def build(self, input_shape: Any) -> None:
        import numpy as np

        channels = input_shape[1 if self._is_first() else -1]
        # the windows of the phases, from a kernel without channels
        self.phases = phase_kernels(np.empty((*self.kernel_size, 0, 0)), self.size)
        self.kernels = []
        for i, phase in enumerate(self.phases):
            shape = (*phase.kernel.shape[:2], channels, self.filters)
            self.kernels.append(self.add_weight(shape, "zeros", name=f"kernel_{i}"))
        self.bias = (
            self.add_weight((self.filters,), "zeros", name="bias") if self.use_bias else None
        )

    def call(self, x: Any) -> Any:
        pairs = zip(self.phases, self.kernels, strict=True)
        y = self._interleaved([self._phase(x, phase, kernel) for phase, kernel in pairs])
        if self.bias is not None:
            y = y + ops.reshape(self.bias, self._ordered(1, 1, 1, self.filters))
        return self.activation(y)

    def _phase(self, x: Any, phase: Any, kernel: Any) -> Any:
        sides = zip(phase.first, phase.kernel.shape[:2], strict=True)
        rows, columns = [(-first, first + taps - 1) for first, taps in sides]
        around = self._ordered((0, 0), rows, columns, (0, 0))
        return ops.conv(ops.pad(x, around), kernel, padding="valid", data_format=self.data_format)

    def _interleaved(self, phases: list[Any]) -> Any:
        """Move phase (p, q) of pixel (i, j) to (s_h i + p, s_w j + q)."""
        rows = 2 if self._is_first() else 1
        s_h, s_w = self.size
        lines = [ops.stack(phases[p * s_w : (p + 1) * s_w], rows + 2) for p in range(s_h)]
        y = ops.stack(lines, rows + 1)
        height, width = ops.shape(phases[0])[rows : rows + 2]
        return ops.reshape(y, self._ordered(-1, s_h * height, s_w * width, self.filters))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        rows = 2 if self._is_first() else 1
        sides = zip(input_shape[rows : rows + 2], self.size, strict=True)
        height, width = (side and s * side for side, s in sides)
        return self._ordered(input_shape[0], height, width, self.filters)

    def _is_first(self) -> bool:
        return bool(self.data_format == "channels_first")

    def _ordered(self, batch: Any, rows: Any, columns: Any, channels: Any) -> tuple[Any, ...]:
        """Return the entries of the four axes in the order of the data format."""
        if self._is_first():
            return batch, channels, rows, columns
        return batch, rows, columns, channels

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "size", "data_format", "use_bias")
        own = {name: getattr(self, name) for name in names}
        return {
            **super().get_config(),
            **own,
            "activation": keras.activations.serialize(self.activation),
        }


def refusal(upsampling: Any, conv: Any) -> str:
    """Return why the two are not one PhaseConv2D; empty if they are."""
    reasons = []
    if type(upsampling) is not keras.layers.UpSampling2D or upsampling.interpolation != "nearest":
        reasons.append("the first is not a nearest UpSampling2D")
    if type(conv) is not keras.layers.Conv2D:
        reasons.append("the second is not a plain Conv2D")
    if reasons:
        return "; ".join(reasons)
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
        TypeError: it is not such a model.
        ValueError: it has no pair that is worth collapsing.
    """
    if not getattr(model, "outputs", None):
        raise TypeError(
            f"a functional or a built sequential model can be collapsed, got {model!r}; load or build it"
        )
    pairs = dict(_pairs(model))
    if not pairs:
        raise ValueError(
            f"{model.name} has no UpSampling2D in front of a Conv2D that is worth collapsing"
        )
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
                new.assign(
                    ops.convert_to_numpy(old.value)
                )  # a copy: JAX deletes what a model gives away
            if isinstance(layer, keras.layers.Normalization):
                copy.get_layer(
                    layer.name
                ).finalize_state()  # it keeps what it derived from its weights
    return copy


def _pairs(model: Any) -> Any:
    """Yield (name of the convolution, upsampling layer) of each pair to replace."""
    given_out = {id(output) for output in model.outputs}
    for layer in model.layers:
        readers = [node.operation for node in layer._outbound_nodes]
        if given_out & {
            id(output) for node in layer._inbound_nodes for output in node.output_tensors
        }:
            continue
        if (
            len(readers) != 1
            or len(layer._inbound_nodes) != 1
            or len(readers[0]._inbound_nodes) != 1
        ):
            continue
        if not refusal(layer, readers[0]) and _worthwhile(layer, readers[0]):
            yield readers[0].name, layer


def _worthwhile(upsampling: Any, conv: Any) -> bool:
    channels = conv.kernel.shape[2]
    sides = [side for side in upsampling.input.shape[1:] if side is not None]
    pixels = prod(sides) // channels if len(sides) == 3 else None
    way, _ = arrangement(channels, conv.filters, conv.kernel_size, upsampling.size, pixels)
    return way != AS_WRITTEN
