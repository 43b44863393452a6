"""Questions of notebook 00: what does a copy cost, and what does it do to the next layer?"""

from __future__ import annotations

PREDICTIONS = """
a doubled side | x {} | If the side doubles, by what factor does UpSampling2D(size=2) write more
  elements?
+ 4
- 2: The side doubles, so rows and columns both do
- 8: Only the map's two sides double; size=2 stays
- 16: Each side enters once: 2 x 2

convolution after a copy | x {} | By what factor does a convolution cost more after
  UpSampling2D(size=2) than before it?
+ 4
- 1: The window stops at each copy, and multiplies it like any other value
- 2: Rows double, and columns double too
- 16: Only the map grows; kernel and channels stay

share after copies | {} % | What percentage of the multiplications of the asker's network runs after
  an UpSampling2D?
+ 88.85
- 50: Half of the steps go up, but on maps 4 times as large
"""
