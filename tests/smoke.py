"""What a fresh install must be able to do with SymPy and tabulate alone; run by a Python that sees nothing else.

python -I tests/smoke.py
"""

from importlib.resources import files

import unet_complexity
from unet_complexity.explorers import EXPLORERS, module
from unet_complexity.symbols import N

asked = unet_complexity.pix2pix_unet(side=256, in_channels=3)
assert asked.total().macs == 18_052_284_416
assert unet_complexity.pix2pix_unet(side=N).total().at(N=256, C=3, g=64, k=4).macs == 18_052_284_416
assert "18,052,284,416" in str(asked.table())
assert (
    unet_complexity.count(
        unet_complexity.UpSampling2D(2), unet_complexity.Tensor(4, 4, 3)
    ).cost.writes
    == 192
)
scripts = [
    each.name
    for each in (files("unet_complexity.explorers") / "static").iterdir()
    if each.name.endswith(".js")
]
assert len(scripts) >= len(EXPLORERS), scripts
assert "startOnPage" in module.page(
    {"kind": "repeat"}, module.script({"kind": "repeat"}, ""), {}, "still", "key"
)
print(f"unet_complexity {unet_complexity.__version__} works; scripts: {', '.join(sorted(scripts))}")
