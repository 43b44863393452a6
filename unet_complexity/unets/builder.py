r"""Shared parts of the two U-Nets: steps in running order, the sides of the maps, and the rules for them.

Level l has sides $N / 2^l$.  If the depth (or the number of doublings) is a letter, the levels between its ends
become one :class:`~unet_complexity.networks.Span`: a block whose letter ``l`` stands for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import sympy as sp

from unet_complexity.cost import Rule, Tensor, promises
from unet_complexity.layers import Layer
from unet_complexity.layers.arguments import lettered
from unet_complexity.networks import Network, Span, Step
from unet_complexity.symbols import Pair, Size, are_numbers, as_expr, exact, level


class Builder:
    """Collect steps in running order; each reads the step before it, or the steps that are named.

    Args:
        shape: Shape of the network's input.
        letters: True if a step stands for a span of levels.  Then no single step writes the map that a block reads,
            so :meth:`block` and :meth:`skip` are given its shape.
    """

    def __init__(self, shape: Tensor, letters: bool) -> None:
        self.shape = shape
        self.letters = letters
        self.steps: list[Step] = []
        self.last = "input"
        self.shapes = {self.last: shape}
        self.latest: dict[Size, str] = {}

    def block(
        self, name: str, at: Size, part: str, span: Span | None = None, reads: Tensor | None = None
    ) -> None:
        """Start a block: all layers added from here on belong to it.

        Args:
            name: Name of the block.
            at: Its level.
            part: "encoder", "bottleneck", "decoder" or "head".
            span: Levels that the block stands for, if it stands for several.
            reads: Shape of the map that the block reads; used only if the network has letters for levels.
        """
        self.place = (at, name, part, span)
        if self.letters and reads:
            self.last = "previous"
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
        self.latest[step.level] = self.last
        return self.last

    def skip(self, name: str, shape: Tensor) -> str:
        """Return the source for a skip connection; call it before a block has layers.

        Args:
            name: Name of the source if the network has letters for levels.
            shape: Its shape, used only then.

        Returns:
            The last step on the level of the block, or ``name``.
        """
        if not self.letters:
            return self.latest[self.place[0]]
        self.shapes[name] = shape
        return name

    def halved(self, times: Size, channels: Size) -> Tensor:
        """Return the shape of a map on a level of the network.

        Args:
            times: How many times the sides of the input are halved.
            channels: Its channels.
        """
        return scaled(self.shape, two_to(-times), 0, channels)

    def network(self, name: str, rules: list[Rule], recipe: partial[Network] | None) -> Network:
        """Return the network.

        Args:
            name: Its name.
            rules: What its letters must obey; rules without letters are dropped.
            recipe: The call that builds it, for :meth:`Network.at`.
        """
        kept = [rule for rule in rules if as_expr(rule.whole).free_symbols]
        if recipe:
            given = lettered(recipe.keywords)
            kept += promises(size for size in given if sp.denom(size) != 1 or not size.is_positive)
        return Network(
            name, {"input": self.shape}, tuple(self.steps), tuple(dict.fromkeys(kept)), recipe
        )


def levels(first: Size, last: Size, up: bool = False) -> Iterator[tuple[Size, Span | None]]:
    """Yield each level from first to last, or one letter for all of them if an end is a letter.

    Args:
        first: Smallest level.
        last: Largest level.
        up: Start at the largest level.

    Yields:
        The level, and the span that it stands for if it is a letter.

    Example:
        >>> [l for l, _ in levels(1, 3, up=True)]
        [3, 2, 1]
    """
    if not are_numbers(first, last):
        yield level, Span(level, first, last)
        return
    numbers = range(first, last + 1)
    for number in reversed(numbers) if up else numbers:
        yield number, None


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


def scaled(x: Tensor, factor: Size, added: Size, channels: Size) -> Tensor:
    """Return a map whose sides are those of ``x`` times ``factor`` plus ``added``.

    Args:
        x: Shape of a map.
        factor: Factor of both sides.
        added: Pixels to add to both sides after that.
        channels: Channels of the new map.

    Example:
        >>> print(scaled(Tensor(16, 8, 3), 2, -1, 64))
        31 x 15 x 64
    """
    rows, columns = (sp.expand(side * factor + added) for side in (x.height, x.width))
    return Tensor(rows, columns, channels)


def divisible(sides: Pair, depth: Size, lost: Size = 0) -> list[Rule]:
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
    # the output's side is side + 2 lost - 3 lost step; if it is at least 1, the bottleneck's is too
    smallest = 1 - 2 * lost + 3 * lost * step
    side: Any
    for side in sides:
        if not are_numbers(side, depth, lost):
            continue
        below = side - (side + lost) % step
        if side == below >= smallest:
            continue
        above = max(side + 1, smallest)
        above += -(above + lost) % step
        near = f"{below} and {above}" if below >= smallest else above
        shrink = ", and large enough to shrink" if lost else ""
        raise ValueError(
            f"side{added} must be a multiple of 2**depth = {step}{shrink}, got {side}; "
            f"sides near it that work: {near}"
        )
    return [Rule(f"{step} divides the side{added}", as_expr(side + lost) / step) for side in sides]


def sizes_rules(*maps: Tensor) -> list[Rule]:
    """Return the rules that maps have sides of at least 1."""
    sides = [side for x in maps for side in (x.height, x.width)]
    return [Rule("every map keeps a pixel", side - 1) for side in sides]


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
    most = [2 * side + 1 for side in (smallest.height, smallest.width)]
    return [Rule(f"{k} <= {side}", side - k) for side in most]
