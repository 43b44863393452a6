"""The inventory: eight questions before the class and eight like them after it, with what each wrong answer shows.

Both forms ask the same ideas with other numbers, and every number is computed; docs/teaching holds them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from unet_complexity import (
    Conv2D,
    Conv2DTranspose,
    Network,
    Tensor,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.checks.feedback import shown
from unet_complexity.checks.quiz import Question


@dataclass(frozen=True)
class Form:
    """What the questions of one form are about."""

    name: str
    side: int
    channels: int
    filters: int
    kernel: int
    size: int
    network: Network


BEFORE = Form(
    "A",
    side=8,
    channels=5,
    filters=4,
    kernel=3,
    size=2,
    network=pix2pix_unet(side=256, in_channels=3),
)
AFTER = Form(
    "B",
    side=6,
    channels=4,
    filters=5,
    kernel=5,
    size=3,
    network=classic_unet(side=256, up="upsample"),
)


def questions(form: Form) -> list[Question]:
    """The eight questions; the right option moves from place to place, the same in both forms."""
    x, size = Tensor(form.side, form.side, form.channels), form.size
    copy, conv = UpSampling2D(size), Conv2D(form.filters, form.kernel, use_bias=False)
    up = Conv2DTranspose(form.filters, form.kernel, strides=size, use_bias=False)
    return [
        *_about_copies(form, x, copy.cost(x)),
        *_about_convolutions(
            form, x, conv, conv.cost(copy.output(x)).macs // conv.cost(x).macs, up.cost(x).macs
        ),
        *_about_networks(form),
    ]


def _about_copies(form: Form, x: Tensor, cost: Any) -> list[Question]:
    size, side = form.size, form.side
    larger = UpSampling2D(2).cost(Tensor(size * side, size * side, 1)).writes
    times = larger // UpSampling2D(2).cost(Tensor(side, side, 1)).writes
    return [
        Question(
            f"`UpSampling2D(size={size})` reads a map of {x} (rows, columns, channels). Elements written?",
            1,
            {
                shown(
                    cost.reads * size
                ): "side for pixels: only one of the two axes was made longer",
                shown(cost.writes): "",
                shown(
                    2 * size * side * form.channels
                ): "the accepted answer's slip: a row counted as one thing",
                shown(cost.writes // form.channels): "one channel for all of them",
            },
        ),
        Question(
            f"How many multiplications does `UpSampling2D(size={size})` make when it reads {x}?",
            2,
            {
                shown(cost.writes): "writing taken for calculating",
                shown(cost.reads): "reading taken for calculating",
                shown(cost.macs): "",
                shown(size**2): "the factor taken for an operation",
            },
        ),
        Question(
            f"`UpSampling2D` reads a map whose side has become {size} times as long. By what factor does it write "
            "more elements?",
            0,
            {
                f"{times} times": "",
                f"{size} times": "side for pixels: linear in the side",
                "as many": "the factor of the layer taken for the whole count",
                f"{times**2} times": "squared once too often",
            },
        ),
    ]


def _about_convolutions(
    form: Form, x: Tensor, conv: Conv2D, after: int, transposed: int
) -> list[Question]:
    macs, size = conv.cost(x).macs, form.size
    layer = f"{form.filters} filters of {form.kernel} × {form.kernel} (stride 1, padding 'same')"
    return [
        Question(
            f"A convolution with {layer} reads {x}. How many MACs (multiply-accumulates), padding included?",
            3,
            {
                shown(macs // form.channels): "the channels that come in forgotten",
                shown(2 * macs): "FLOPs for MACs",
                shown(macs // form.kernel): "the kernel's side for its taps",
                shown(macs): "",
            },
        ),
        Question(
            f"A convolution runs after `UpSampling2D(size={size})` in place of before it. How many MACs does it "
            "take then?",
            1,
            {
                "as many: copies bring nothing new": "a convolution does not know that its input repeats",
                f"{after} times as many": "",
                f"{size} times as many": "side for pixels",
                f"{after**2} times as many": "the kernel or the channels taken to grow as well",
            },
        ),
        Question(
            f"`Conv2DTranspose` with {form.filters} filters of {form.kernel} × {form.kernel} and stride {size} reads "
            f"{x}. How many MACs?",
            2,
            {
                shown(
                    size**2 * transposed
                ): "counted on the output: each input meets the kernel once",
                shown(size * transposed): "the stride taken as a factor",
                shown(transposed): "",
                shown(
                    form.channels * form.filters * form.side**2
                ): "the taps of the kernel forgotten",
            },
        ),
    ]


def _about_networks(form: Form) -> list[Question]:
    small, large = (
        classic_unet(side=side, base_filters=8, depth=2).total() for side in (32, 32 * form.size)
    )
    params, macs = large.params // small.params, large.macs // small.macs
    copies, whole = form.network.only(UpSampling2D), form.network.total()
    share = 100 * copies.total().bytes() / whole.bytes()
    return [
        Question(
            f"A U-Net gets images with {form.size} times the side. What happens to its parameters and to its MACs?",
            3,
            {
                f"both {_times(macs)}": "parameters taken to depend on the size of a map",
                f"both {_times(form.size)}": "side for pixels, and parameters taken to depend on them",
                f"parameters {_times(macs)}, MACs {_times(params)}": "parameters and MACs exchanged",
                f"parameters {_times(params)}, MACs {_times(macs)}": "",
            },
        ),
        Question(
            f"A U-Net has {len(copies.steps)} `UpSampling2D` layers. In which count do these layers themselves show?",
            0,
            {
                "in the bytes that are read and written": f"{share:.0f} per cent here, when nothing is fused",
                "in the FLOPs": "moving taken for calculating",
                "in none: they are negligible": "no unit asked for",
                "in the parameters": "a layer without weights taken to learn",
            },
        ),
    ]


def _times(factor: int) -> str:
    return "stay" if factor == 1 else f"{factor} times as many"


def texts() -> dict[str, str]:
    """Both forms and the key, by file name."""
    key = ["# The inventory's key", _INSTRUCTIONS]
    found = {}
    for form, when in ((BEFORE, "before"), (AFTER, "after")):
        listed = questions(form)
        found[f"inventory-{when}.md"] = (
            "\n\n".join([f"# Eight questions, {when} the class", HOW, *asked(listed)]) + "\n"
        )
        key += [f"## Form {form.name}, {when}", answers(listed)]
    return found | {"inventory-key.md": "\n\n".join(key) + "\n"}


HOW = "Ten minutes, alone, no computer. Choose one answer for each. *I do not know* is an answer too: leave it open."
_INSTRUCTIONS = (
    "Give form A before the first notebook and form B after the last one, ten minutes each. Both forms ask the same "
    "in the same order, with other numbers. Compare per question, not per person: where the share of right answers "
    "did not grow, the last column says what to talk about."
)


def asked(questions: list[Question]) -> list[str]:
    """Each question in Markdown, with its options in a list."""
    return [
        "\n".join(
            [
                f"**{place}.** {question.asked}",
                "",
                *(f"- **{a}** {text}" for a, text in _lettered(question.options)),
            ]
        )
        for place, question in enumerate(questions, start=1)
    ]


def answers(questions: list[Question]) -> str:
    """The key to questions, as a table in Markdown."""
    lines = ["| question | right | what the others show |", "| --- | --- | --- |"]
    for place, question in enumerate(questions, start=1):
        said = [f"**{a}** {why}".strip() for a, why in _lettered(question.options.values())]
        right = said.pop(question.right)
        lines.append(f"| {place} | {right} | {'; '.join(said)} |")
    return "\n".join(lines)


def _lettered(texts: Iterable[str]) -> list[tuple[str, str]]:
    return list(zip("abcd", texts, strict=True))
