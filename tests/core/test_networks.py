"""Networks: wiring, parts, and being built anew with numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.test_counting import SMALL_NETWORKS
from unet_complexity import (
    Concatenate,
    Conv2D,
    Cost,
    Network,
    UpSampling2D,
    classic_unet,
    pix2pix_unet,
)
from unet_complexity.closed_form import powers_of_two
from unet_complexity.cost import COUNTS
from unet_complexity.symbols import C, C_in, C_out, H, L, N, W, g, k, q

LETTERED = {
    "asked": pix2pix_unet(),
    "asked, depth": pix2pix_unet(N, C_in, C_out, g, k, L, q),
    "asked, never capped": pix2pix_unet((H, W), C, base_filters=g, depth=L, doublings=None),
    "classic": classic_unet(),
    "classic, depth": classic_unet(N, C, base_filters=g, kernel_size=k, depth=L),
    "classic, upsampled, valid": classic_unet(N, C, depth=L, up="upsample", padding="valid"),
}
ALL = SMALL_NETWORKS | LETTERED


@pytest.mark.parametrize("net", SMALL_NETWORKS.values(), ids=SMALL_NETWORKS)
def test_every_step_is_fed_by_a_step_before_it(net: Network) -> None:
    shapes = {"input": net.input}
    for step in net:
        assert step.name not in shapes
        assert step.inputs == tuple(shapes[source] for source in step.sources)
        shapes[step.name] = step.output
    read = {source for step in net for source in step.sources}
    assert set(shapes) - read == {net.steps[-1].name}  # nothing is computed in vain


@pytest.mark.parametrize("net", ALL.values(), ids=ALL)
@pytest.mark.parametrize("by", ["layer", "block", "level", "part"])
def test_the_parts_of_a_network_make_up_the_whole(net: Network, by: str) -> None:
    groups = net.groups(by)
    assert sorted(step.name for part in groups.values() for step in part) == sorted(
        step.name for step in net
    )
    whole, parts = net.total(), sum((part.total() for part in groups.values()), Cost())
    for name in COUNTS:
        assert powers_of_two(getattr(whole, name) - getattr(parts, name)) == 0, name


@pytest.mark.parametrize("net", SMALL_NETWORKS.values(), ids=SMALL_NETWORKS)
def test_a_step_on_level_l_writes_a_map_of_side_n_over_two_to_the_l(net: Network) -> None:
    if all(step.layer.padding == "same" for step in net.only(Conv2D)):
        for step in net:
            assert step.output.height * 2**step.level == net.input.height


def test_parts_of_the_asked_network() -> None:
    net = pix2pix_unet(side=256, in_channels=3)
    assert list(net.groups("part")) == ["encoder", "decoder"]
    assert list(net.groups("level")) == list(range(8))
    assert len(net.only(UpSampling2D).steps) == len(net.only(Conv2D).steps) / 2 == 7
    skips = net.only(Concatenate).steps
    assert [skip.sources[1].split(".")[0] for skip in skips] == ["d6", "d5", "d4", "d3", "d2", "d1"]


def test_parts_of_the_classic_network() -> None:
    assert list(classic_unet(64).groups("part")) == ["encoder", "bottleneck", "decoder", "head"]


@pytest.mark.parametrize(
    ("net", "values", "built"),
    [
        (pix2pix_unet(), {"N": 128, "C": 1}, pix2pix_unet(128, 1)),
        (pix2pix_unet((H, W)), {"H": 128, "W": 256}, pix2pix_unet((128, 256))),
        (pix2pix_unet(depth=L, doublings=None), {"L": 3}, pix2pix_unet(depth=3, doublings=None)),
        (
            pix2pix_unet(depth=L),
            {"L": 3},
            pix2pix_unet(depth=3),
        ),  # below the regime of the sums, and right
        (pix2pix_unet(depth=L, doublings=q), {"q": 0, "L": 1}, pix2pix_unet(depth=1, doublings=0)),
        (pix2pix_unet(in_channels=C), {"C": C_in}, pix2pix_unet(in_channels=C_in)),
        (classic_unet(up="upsample"), {"N": 64}, classic_unet(64, up="upsample")),
        (
            classic_unet(padding="valid", depth=L),
            {"L": 4, "N": 572},
            classic_unet(572, padding="valid"),
        ),
    ],
    ids=lambda value: None,
)
def test_a_network_is_built_anew_with_numbers(
    net: Network, values: dict[str, Any], built: Network
) -> None:
    assert net.at(**values).steps == built.steps
    assert net.at(**values).regime == built.regime


@pytest.mark.parametrize(
    ("net", "regime"),
    [
        (pix2pix_unet(256, 3), ""),
        (pix2pix_unet(256, C, base_filters=g), ""),
        (pix2pix_unet(), "128 divides the side"),
        (pix2pix_unet(depth=L), "2**L divides the side, L >= 5"),
        (pix2pix_unet(depth=L, doublings=q), "2**L divides the side, L >= q + 2"),
        (pix2pix_unet(depth=L, doublings=None), "2**L divides the side, L >= 2"),
        (pix2pix_unet(256, 3, doublings=q), "7 >= q + 2"),
        (pix2pix_unet(kernel_size=k), "128 divides the side, k <= N/32 + 1"),
        (classic_unet(), "16 divides the side"),
        (classic_unet(depth=L), "2**L divides the side"),
        (classic_unet(kernel_size=k), "16 divides the side, k <= N/8 + 1"),
        (classic_unet(padding="valid"), "16 divides the side + 4, every map keeps a pixel"),
        (
            pix2pix_unet(256, (C + 1) / 2, 3, base_filters=g + 1),
            "C/2 + 1/2 is a whole number, 1 or more",
        ),
    ],
    ids=lambda value: None,
)
def test_a_network_says_what_its_letters_must_obey(net: Network, regime: str) -> None:
    assert net.regime == regime
    assert net.only(Conv2D).regime == regime


@pytest.mark.parametrize("more", [-3, -2, -1, 0, 3])
def test_doublings_may_depend_on_the_depth(more: int) -> None:
    lettered = pix2pix_unet(depth=L, doublings=L + more).total()
    assert lettered.at(L=5, N=64, C=3) == pix2pix_unet(64, 3, depth=5, doublings=5 + more).total()


def test_networks_are_values() -> None:
    assert pix2pix_unet(256, 3) == pix2pix_unet(256, 3)
    assert pix2pix_unet(256, 3) != pix2pix_unet(256, 3, depth=6)
    assert len({step.name for step in pix2pix_unet(256, 3)}) == len(list(pix2pix_unet(256, 3)))


def test_a_part_without_macs_is_shown_with_letters_too() -> None:
    """Its MACs are the number 0; what it writes is a formula, which has no share to print."""
    part = pix2pix_unet().only(UpSampling2D)
    assert part.total().macs == 0
    assert "N**2" in str(part)
    assert "%" not in str(part)
    assert "N^{2}" in part._repr_html_()
    assert "N**2" in part.table().to_csv()
