"""An independent counter: what JAX is asked to multiply when it runs a model, whatever the layers are called."""

from __future__ import annotations

from math import prod
from typing import Any


def dense_macs(model: Any, *shapes: tuple[int, ...]) -> int:
    """MACs of all convolutions and matrix products of one call, taps on padding included.  Nothing is computed."""
    import jax

    inputs = [jax.ShapeDtypeStruct((1, *shape), "float32") for shape in shapes]
    variables = [
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
    ]

    def run(*given: Any) -> Any:
        return model.stateless_call(
            *variables, list(given) if len(given) > 1 else given[0], training=False
        )

    return in_jaxpr(jax.make_jaxpr(run)(*inputs).jaxpr)


def in_jaxpr(jaxpr: Any) -> int:
    total = 0
    for equation in jaxpr.eqns:
        if equation.params.get("name") == "_resize":
            continue  # JAX blends by matrix products with weights that no training changes
        if equation.primitive.name == "conv_general_dilated":
            total += of_convolution(equation)
        elif equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            left = equation.invars[0].aval.shape
            total += prod(equation.outvars[0].aval.shape) * prod(left[axis] for axis in contracted)
        for inner in equation.params.values():
            inner = getattr(inner, "jaxpr", inner)
            total += in_jaxpr(inner) if hasattr(inner, "eqns") else 0
    return total


def of_convolution(equation: Any) -> int:
    """Kernel places times channels in, for each element out; of a transposed one, which JAX runs over an input with
    holes, for each element in."""
    x, kernel = (variable.aval.shape for variable in equation.invars)
    numbers = equation.params["dimension_numbers"]
    out = equation.outvars[0].aval.shape
    places = prod(kernel[axis] for axis in numbers.rhs_spec[2:])
    seen, made = kernel[numbers.rhs_spec[1]], kernel[numbers.rhs_spec[0]]
    transposed = set(equation.params["lhs_dilation"]) != {1}
    sides = [
        (x if transposed else out)[axis]
        for axis in (numbers.lhs_spec if transposed else numbers.out_spec)[2:]
    ]
    return prod(sides) * places * seen * made
