"""Questions of notebook 07: your own network, read from a file.

The file holds a classic U-Net.  The right values are counted on a network built here.
"""

from __future__ import annotations

from unet_complexity.checks.judging import Values
from unet_complexity.cost import Tensor
from unet_complexity.layers import Multiply
from unet_complexity.memory import peak
from unet_complexity.networks import Network
from unet_complexity.symbols import N, Size
from unet_complexity.unets import classic_unet

PREDICTIONS = """
busiest level of the file | {} | Which level of the U-Net in the file (width 16, depth 3) needs the
  most MACs?
- level 0: Its maps are the largest, but its channels the fewest
+ level 1
+ level 2
- level 3: It has the most channels, but the smallest maps

memory on the top level | {} % | What percentage of its convolutions' outputs, in elements, lies on
  level 0?
+ 55.9
- 25: A level's maps shrink by 4, and its channels only double

the file twice as wide | x {} | By what factor do its MACs grow with width 32 instead of 16?
+ 3.975
- 2: Nearly every layer has twice the channels in as well
- 4: The image's channels and the head's one filter do not double
"""


def in_the_file(width: Size = 16, depth: Size = 3, side: Size = N) -> Network:
    """Return the network of ``models/unet-16-3.onnx``, or one like it: 3 channels in, one class."""
    return classic_unet(side, in_channels=3, classes=1, base_filters=width, depth=depth)


TASKS = """
macs of dec0/conv1 | the MACs of dec0/conv1, a 3 x 3 convolution from 32 to 16 channels, for a
  side N | N
x 0.5: Two maps of 16 channels are concatenated: 32 channels come in.
* 16: f (16 filters)
* 32: c (32 channels in, two maps of 16)
* 3: k (3 taps)

macs of the file at 512 | the MACs of the network in the file for an image of 512 x 512
x 0.25: That is for 256 x 256. The side is 512.
x 0.5: The side doubles, so there are four times as many pixels.
x 1/262,144: That is for one pixel. The image has 512 x 512 of them.
x N/512: Side or pixels? The formula has N squared.

one level more | how many more parameters the U-Net of width 16 has with depth 4 than with depth 3
- deeper: That is the whole deeper network. The difference is asked for.
- whole: That is the network of depth 3. The difference is asked for.

elements written after a gate | the elements that the gated network writes, for side N, if a Gate
  multiplies two maps | N
- without the gate: That is without the gate, which writes N x N x 16 elements too.
- reads: Those are the elements that are read.
- elementwise: Those are the elementwise operations.
- two gates: Two maps go into the gate. One comes out.

your network on a budget
? 1,000: width
? 8: depth
< 1,500,000,000: MACs
< 3,000,000: numbers at the fullest moment
< 4,000,000: parameters
> 1,000,000: parameters
"""


def values() -> Values:
    """Return the right values, what measures the puzzle, and the values that lines of ``TASKS`` name."""
    network = in_the_file()
    whole, deeper = network.total(), in_the_file(depth=4).total()
    gate = Multiply().cost(Tensor(N, N, 16), Tensor(N, N, 16))
    return {
        "macs of dec0/conv1": network.groups("layer")["dec0.conv1"].total(),
        "macs of the file at 512": in_the_file(side=512).total(),
        "one level more": deeper.params - whole.params,
        "elements written after a gate": whole.writes + gate.writes,
        "your network on a budget": _own,
        "deeper": deeper.params,
        "whole": whole.params,
        "without the gate": whole.writes,
        "reads": whole.reads + gate.reads,
        "elementwise": whole.elementwise + gate.elementwise,
        "two gates": whole.writes + 2 * gate.writes,
    }


def _own(width: Size, depth: Size) -> Values:
    network = in_the_file(width, depth, side=256)
    return {
        "MACs": network.total().macs,
        # it is at the top, whatever lies below
        "numbers at the fullest moment": peak(in_the_file(width, 1, side=256)).elements,
        "parameters": network.total().params,
    }
