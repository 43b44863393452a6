r"""Convention of one tool: a rule per kind of layer, from which the total of any network follows.

$$\text{total} = \sum_{\text{steps}} \text{rule}_{\text{kind}}(\text{quantities of the step}).$$
"""

from __future__ import annotations

import ast
import operator
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from unet_complexity.closed_form import level_sum, tidy
from unet_complexity.engineering.conventions.quantities import (
    LETTERS,
    PART,
    PARTS,
    gap,
    kind,
    quantities,
)
from unet_complexity.escaping import plain
from unet_complexity.networks import Network, Step
from unet_complexity.symbols import Size, are_numbers, as_expr, exact

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


LONGEST_RULE = 200  # characters; the longest of tools.csv has some dozens


@dataclass(frozen=True, repr=False, eq=False)
class Convention:
    """Counting convention of a public tool, found by giving the tool one layer of each kind.

    Args:
        tool: Name of the tool.
        version: Version that was measured.
        unit: What the total counts: "MACs", "FLOPs" or "parameters".
        label: The tool's own word for it.
        recorded: What it printed for the pix2pix U-Net at 256 x 256 x 3.
        counts: Rule per kind of layer, in the letters of MEANING.
        issues: Public threads about unexpected counts.
        float32: The tool adds up in 32-bit numbers.

    Example:
        >>> from unet_complexity import pix2pix_unet
        >>> from unet_complexity.engineering.conventions import conventions
        >>> fvcore = conventions["fvcore"]
        >>> fvcore.total(pix2pix_unet(side=256, in_channels=3)), fvcore.unit, fvcore.label
        (18074284032, 'MACs', 'flop')
        >>> fvcore.rule("BatchNormalization")
        2*out
    """

    tool: str
    version: str
    unit: str
    label: str
    recorded: int
    counts: Mapping[str, str]
    issues: tuple[str, ...] = ()
    float32: bool = False

    def rule(self, kind: str) -> sp.Expr:
        """Return the formula for one kind of layer, in the letters of MEANING.

        Raises:
            ValueError: The tool has no rule for this kind.
        """
        return sp.Add(*self._additions(kind))

    def total(self, network: Network) -> Size:
        """Return what the tool prints for a network, in the tool's own ``unit``.

        Args:
            network: Any network of the package.

        Returns:
            An exact ``int`` if all sizes are numbers, else a formula.

        Raises:
            ValueError: The tool's count of a layer is not known; or the tool rounds, and sizes are letters or too
                large.

        Example:
            >>> from unet_complexity import classic_unet
            >>> from unet_complexity.engineering.conventions import conventions
            >>> conventions["torch FlopCounterMode"].total(classic_unet(side=256))
            96192167936
        """
        terms = [term for step in network for term in self.terms(step)]
        if not self.float32:
            return tidy(sp.Add(*terms))
        if not are_numbers(*terms):
            raise ValueError(
                f"{self.tool} adds up in 32-bit numbers, so letters have no total; give numbers: at(...)"
            )
        total = array("f", [0])  # it rounds what it holds
        try:
            for term in array("f", terms):
                total[0] += term
            return int(total[0])
        except OverflowError:
            raise ValueError(
                f"{self.tool} adds up in 32-bit numbers, which end at 3.4e38; give smaller sizes"
            ) from None

    def parts(self, network: Network) -> dict[str, Size]:
        """Return the total by cause: products of the convolutions, bias, upsampling and so on, and rounding.

        Returns:
            The parts that are not 0; they add up to the total.

        Raises:
            ValueError: As for :meth:`total`.

        Example:
            >>> from unet_complexity import pix2pix_unet
            >>> from unet_complexity.engineering.conventions import conventions
            >>> conventions["fvcore"].parts(pix2pix_unet(side=256, in_channels=3))
            {'convolutions': 18052284416, 'upsampling': 16064512, 'normalization': 5935104}
        """
        found: dict[str, Size] = dict.fromkeys(PARTS, 0)
        for step in network:
            products = sum(self.terms(step, bias=0))
            found["bias"] += sum(self.terms(step)) - products
            found[PART[kind(step.layer)]] += products
        found["rounding"] = self.total(network) - sum(found.values())
        return {part: size for part, value in found.items() if (size := tidy(value))}

    def terms(self, step: Step, **values: Size) -> list[Size]:
        """Return what the tool adds for one step, in its order.

        Args:
            step: One step of a network.
            values: Values of letters in place of the step's own, such as ``bias=0``.

        Raises:
            ValueError: The tool's count of the layer is not known.
        """
        if reason := gap(self.tool, step):
            raise self._unknown(step, reason)
        additions = self._additions(kind(step.layer))
        replaced = {
            LETTERS[name]: as_expr(value) for name, value in (quantities(step) | values).items()
        }
        counts = []
        for addition in additions:
            value = addition.xreplace(replaced)
            if value.has(sp.zoo, sp.nan):
                raise self._unknown(step, "its rule divides by 0")
            count = exact(value)
            if isinstance(count, sp.Rational):
                raise self._unknown(
                    step,
                    f"its rule gives {count}, which is not whole, and its rounding was not measured",
                )
            counts.append(level_sum(count, *step.span) if step.span else count)
        return counts

    def _unknown(self, step: Step, reason: str) -> ValueError:
        return ValueError(f"how {self.tool} counts {step.layer} is not known: {reason}")

    def _additions(self, kind: str) -> list[sp.Expr]:
        if kind not in self.counts:
            raise ValueError(
                f"how {self.tool} counts {kind} is not known; known are {', '.join(self.counts)}"
            )
        rule = self.counts[kind]
        if len(rule) > LONGEST_RULE:
            raise ValueError(f"a rule has at most {LONGEST_RULE} characters, got {len(rule):,}")
        terms = rule.split(";")  # in the order in which the tool adds them
        try:
            return [_expression(ast.parse(term.strip(), mode="eval").body) for term in terms]
        except SyntaxError:
            raise ValueError(f"a rule is arithmetic such as 2*macs + out, got {rule!r}") from None

    def __repr__(self) -> str:
        return plain(f"<{self.tool} {self.version} prints {self.label!r}, in {self.unit}>")


def _expression(node: ast.expr) -> sp.Expr:
    """Convert the arithmetic of a rule: numbers, letters, + - * / and brackets."""
    match node:
        case ast.Constant(number) if type(number) is int:
            return sp.Integer(number)
        case ast.Name(name) if name in LETTERS:
            return LETTERS[name]
        case ast.BinOp(left, sign, right) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](_expression(left), _expression(right))
    known = ", ".join(LETTERS)
    raise ValueError(f"a rule has numbers, + - * / and {known}, got {ast.unparse(node)}")
