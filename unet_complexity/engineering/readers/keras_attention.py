r"""Keras's attention layers as matrix products: queries meet keys, a softmax, and what it weighs are the values.

Of T queries and S keys with d numbers each, $\text{softmax}(Q K^T / \sqrt d)\, V$ takes 2 T S d MACs
(Vaswani et al., "Attention Is All You Need", NeurIPS 2017, eq. 1).
"""

from __future__ import annotations

import sympy as sp

from unet_complexity import layers as L
from unet_complexity.engineering import layers as E
from unet_complexity.engineering.readers.keras_call import Call, UnreadableError, Value
from unet_complexity.symbols import exact


def attend_with_heads(call: Call, *values: Value) -> Value:
    """MultiHeadAttention over all axes but the last: four dense layers, and the attention of each head."""
    given = [x for x in call.args if isinstance(x, Value)]
    given += [
        call.kwargs[name]
        for name in ("query", "value", "key")
        if isinstance(call.kwargs.get(name), Value)
    ]
    query, value, key = (*given, given[-1])[:3]
    _check(call, len(given) == len(values), query)
    sequences = {x: _tokens(call, x, i) for i, x in enumerate(dict.fromkeys((query, value, key)))}
    tokens = [sequences[x] for x in (query, value, key)]
    heads, key_dim, value_dim = (
        call.config[name] for name in ("num_heads", "key_dim", "value_dim")
    )
    q = _heads(call, tokens[0], heads, key_dim, "query")
    k = _heads(call, tokens[2], heads, key_dim, "key")
    v = _heads(call, tokens[1], heads, value_dim, "value")
    q = call.run(E.Rescaling(key_dim**-0.5), q, part="scale")
    scores = call.run(
        L.Softmax(), call.run(E.MatMul(transpose_b=True), q, k, part="scores"), part="softmax"
    )
    if call.config.get("dropout"):
        scores = call.run(L.Dropout(call.config["dropout"]), scores, part="dropout")
    met = call.run(
        E.Permute((2, 1, 3)), call.run(E.MatMul(), scores, v, part="weighed"), part="heads"
    )
    side_by_side = call.view(
        met, (tokens[0].dims[0], heads * value_dim), "channels_last", part="joined"
    )
    units = call.config.get("output_shape") or query.dims[-1]
    (units,) = units if isinstance(units, (list, tuple)) else (units,)
    out = call.run(E.Dense(units, call.config["use_bias"]), side_by_side, part="output")
    return call.view(out, (*query.dims[:-1], units), query.order, part="axes")


def _check(call: Call, plain: bool, query: Value) -> None:
    axes = call.config.get("attention_axes")
    if not plain or call.kwargs.get("return_attention_scores"):
        raise UnreadableError("it has a mask, or returns its scores")
    if axes is not None and sorted(axis % (query.rank + 1) for axis in axes) != list(
        range(1, query.rank)
    ):
        raise UnreadableError(f"it attends along the axes {axes} only")
    if call.config.get("use_gate") or call.config.get("sliding_window"):
        raise UnreadableError("it has a gate, or a window that slides")


def _tokens(call: Call, x: Value, nth: int) -> Value:
    """Whatever its axes, as a sequence."""
    tokens = exact(sp.Mul(*x.dims[:-1]))
    return call.view(x, (tokens, x.dims[-1]), "channels_last", part=f"tokens {nth + 1}")


def _heads(call: Call, x: Value, heads: int, size: int, part: str) -> Value:
    """A dense layer whose outputs are shared out among the heads, which come first."""
    made = call.run(E.Dense(heads * size, call.config["use_bias"]), x, part=part)
    apart = call.view(made, (x.dims[0], heads, size), "channels_last", part=f"{part} heads")
    return call.run(E.Permute((2, 1, 3)), apart, part=f"{part} by head")


def attend(call: Call, query: Value, value: Value, *more: Value) -> Value:
    """Attention without weights: dot products of queries and keys, softmax, and the values so weighed."""
    key = more[0] if more else value
    if (
        len(more) > 1
        or query.rank != 2
        or call.config.get("use_scale")
        or call.config.get("score_mode", "dot") != "dot"
    ):
        raise UnreadableError(
            "only plain dot products of sequences are known, without masks or a scale"
        )
    scores = call.run(
        L.Softmax(), call.run(E.MatMul(transpose_b=True), query, key, part="scores"), part="softmax"
    )
    if call.config.get("dropout"):
        scores = call.run(L.Dropout(call.config["dropout"]), scores, part="dropout")
    return call.run(E.MatMul(), scores, value)
