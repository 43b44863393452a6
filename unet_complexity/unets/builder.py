r"""Shared parts of the two U-Nets: steps in running order, the sides of the maps, and the rules for them.

Level l has sides $N / 2^l$.  If the depth (or the number of doublings) is a letter, the levels between its ends
become one :class:`~unet_complexity.networks.Span`: a block whose letter ``l`` stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, wraps
from inspect import getcallargs
from typing import Any, ParamSpec

import sympy as sp

from unet_complexity.cost import Rule, Tensor, promises
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import CHECKS, lettered
from unet_complexity.networks import Network, Span, Step
from unet_complexity.symbols import Size, Sizes, are_numbers, as_expr, exact, level

P = ParamSpec("P")


def unet(build: Callable[P, Network]) -> Callable[P, Network]:
    """Check the sizes that a function builds a U-Net of, and let :meth:`Network.at` call it again.

    The type of an argument says how it is checked, as in a layer.

    Args:
        build: The function.
    """

    @wraps(build)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Network:
        arguments = getcallargs(build, *args, **kwargs)
        given: list[sp.Expr] = []
        for name, value in arguments.items():
            kind = build.__annotations__[name]
            if check := CHECKS.get(kind):
                arguments[name] = check(value, name)
            given += lettered(arguments[name], kind)
        net = build(**arguments)  # type: ignore[call-arg]
        rules = dict.fromkeys((*net.rules, *promises(given)))
        return replace(net, rules=tuple(rules), recipe=partial(checked, **arguments))

    return checked


class Builder:
    """Collect steps in running order; each reads the step before it, or the steps that are named.

    Args:
        shape: Shape of the network's input.
    """

    def __init__(self, shape: Tensor) -> None:
        self.shape = shape
        self.steps: list[Step] = []
        self.last = "input"
        self.shapes = {self.last: shape}
        self.encoded: dict[Size, str] = {}
        self.span: Span | None = None

    def levels(self, first: Size, last: Size, up: bool = False) -> Iterator[Size]:
        """Yield each level from first to last, or one letter for all of them if an end is a letter.

        Args:
            first: Smallest level.
            last: Largest level.
            up: Start at the largest level.

        Yields:
            The level.  If it is a letter, ``span`` says which levels it stands for.

        Example:
            >>> list(Builder(Tensor(8, 8, 3)).levels(1, 3, up=True))
            [3, 2, 1]
        """
        if are_numbers(first, last):
            numbers = range(first, last + 1)
            yield from reversed(numbers) if up else numbers
        else:
            self.span = Span(level, first, last)
            yield level
            self.span = None

    def block(self, name: str, at: Size, part: str, reads: Tensor | None = None) -> None:
        """Start a block: all layers added from here on belong to it.

        Args:
            name: Name of the block.
            at: Its level.
            part: "encoder", "bottleneck", "decoder" or "head".
            reads: Shape of the map that the block reads.  If a block stands for a span of levels, no single step
                writes that map.
        """
        self.place = (at, name, part, self.span)
        if reads:
            self.shapes[self.last] = reads

    def add(self, name: str, layer: Layer, *sources: str) -> str:
        """Add a layer to the block.

        Args:
            name: Name of the layer within its block.
            layer: The layer.
            *sources: Names of the steps that it reads; by default the step before.

        Returns:
            The name of the new step.
        """
        sources = sources or (self.last,)
        inputs = tuple(self.shapes[source] for source in sources)
        self.last = f"{self.place[1]}.{name}"
        step = Step(self.last, layer, inputs, sources, *self.place)
        self.steps.append(step)
        self.shapes[self.last] = step.output
        if step.part == "encoder":
            self.encoded[step.level] = self.last
        return self.last

    def skip(self, shape: Tensor) -> str:
        """Return the source for a skip connection: the encoder's last step on the level of the block.

        Args:
            shape: Shape of the map.  If a step stands for a span of levels, its own shape has another letter.
        """
        source = self.encoded.get(self.place[0], "encoder")  # none if its level is in a span
        self.shapes[source] = shape
        return source

    def halved(self, times: Size, channels: Size, added: Size = 0) -> Tensor:
        """Return the shape of a map on a level of the network.

        Args:
            times: How many times the sides of the input are halved.
            channels: Its channels.
            added: Pixels to add to both sides after that.

        Example:
            >>> print(Builder(Tensor(64, 32, 3)).halved(2, 64, -1))
            15 x 7 x 64
        """
        shrunk = two_to(-times)
        rows, columns = (sp.expand(side * shrunk + added) for side in self.shape.sides)
        return Tensor(rows, columns, channels)

    def network(self, name: str, rules: list[Rule]) -> Network:
        """Return the network.

        Args:
            name: Its name.
            rules: What its letters must obey; rules without letters are dropped.
        """
        kept = [rule for rule in rules if as_expr(rule.whole).free_symbols]
        return Network(name, self.shape, tuple(self.steps), tuple(kept))


def numbered(name: str, at: object) -> str:
    """Return the name of a block with its number, or with letters in brackets.

    Args:
        name: Name of the kind of block, such as "d".
        at: Its number, a formula, or a span of levels.

    Example:
        >>> numbered("d", 3), numbered("d", level)
        ('d3', 'd(l)')
    """
    return f"{name}{at}" if isinstance(at, int) else f"{name}({at})"


def two_to(exponent: Size) -> Any:
    """Return 2**exponent, with a constant factor apart: 2 * 2**L, not 2**(L + 1).

    So equal shapes are equal expressions.
    """
    return exact(sp.expand(sp.Integer(2) ** exponent))


def divisible(sides: Sizes, depth: Size, lost: Any = 0) -> list[Rule]:
    """Check that a U-Net can halve its sides ``depth`` times.

    Args:
        sides: Rows and columns of the input.
        depth: Number of halvings.
        lost: Pixels of a side that the convolutions of one block take.

    Returns:
        The rules for the letters.

    Raises:
        ValueError: If a map would have no whole side of at least 1; the message has the nearest sides that work.
    """
    step = two_to(depth)
    added = "" if lost == 0 else f" + {lost}"
    for side in sides:
        if are_numbers(side, depth, lost):
            # step i - lost works if the output's side, step i + lost - 3 lost step, is at least 1
            least = 3 * lost - (lost - 1) // step
            below = step * max((side + lost) // step, least) - lost
            if below != side:
                shrink = ", and large enough to shrink" if lost else ""
                near = f"{below} and {below + step}" if below < side else below
                raise ValueError(
                    f"side{added} must be a multiple of 2**depth = {step}{shrink}, got {side}; "
                    f"sides near it that work: {near}"
                )
    return [Rule(f"{step} divides the side{added}", as_expr(side + lost) / step) for side in sides]


def kernel_rules(k: Size, smallest: Tensor, least: int) -> list[Rule]:
    """Return the rules for a kernel whose in-bounds taps are counted.

    Args:
        k: Side of the kernel.
        smallest: Smallest map that the kernel slides over.
        least: Smallest side that this map has for any letters.

    Returns:
        No rule if the kernel fits anyway.
    """
    if isinstance(k, int) and k <= 2 * least + 1:
        return []
    return [Rule(f"{k} <= {2 * n + 1}", 2 * n + 1 - k) for n in smallest.sides]
