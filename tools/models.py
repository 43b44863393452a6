"""Write the ONNX models of notebook 07: U-Nets as PyTorch exports them, free in batch, height and width.

    python -m tools.models

Their weights are said to lie in another file, which is not there: counting needs shapes alone, and a model stays small.
"""

import sys
from pathlib import Path
from typing import Any

from onnx import TensorProto, helper

FOLDER = Path(__file__).resolve().parent.parent / "notebooks" / "models"
WIDTHS, DEPTHS = (8, 16, 32), (3, 4)


class Graph:
    """Nodes and weights in the order in which they are written down."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(
        self, operator: str, path: str, *inputs: str, domain: str = "", **attributes: Any
    ) -> str:
        """A node; the name of what it writes."""
        output = f"{path}/{operator}_output_0"
        self.nodes.append(
            helper.make_node(
                operator, inputs, [output], f"{path}/{operator}", domain=domain, **attributes
            )
        )
        return output

    def weight(self, name: str, *dims: int) -> str:
        """A tensor of which only the shape is known."""
        tensor = TensorProto(
            name=name, data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL
        )
        tensor.external_data.add(key="location", value="weights.bin")
        self.weights.append(tensor)
        return name

    def conv(self, path: str, x: str, channels: int, filters: int, kernel: int = 3) -> str:
        """A convolution that keeps the side."""
        name = path.strip("/").replace("/", ".")
        weights = (
            self.weight(f"{name}.weight", filters, channels, kernel, kernel),
            self.weight(f"{name}.bias", filters),
        )
        return self.add(
            "Conv", path, x, *weights, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4
        )

    def block(self, path: str, x: str, channels: int, filters: int) -> str:
        """Two convolutions, each with its ReLU."""
        for i, entering in ((1, channels), (2, filters)):
            x = self.add(
                "Relu", f"{path}/act{i}", self.conv(f"{path}/conv{i}", x, entering, filters)
            )
        return x

    def up(self, path: str, x: str, filters: int) -> str:
        """A transposed convolution that doubles the side."""
        name = path.strip("/").replace("/", ".")
        weights = (
            self.weight(f"{name}.weight", 2 * filters, filters, 2, 2),
            self.weight(f"{name}.bias", filters),
        )
        return self.add("ConvTranspose", path, x, *weights, kernel_shape=[2, 2], strides=[2, 2])


def unet(width: int, depth: int, gated: bool = False) -> Any:
    """A U-Net for images with 3 channels and one class.

    ``gated``: the uppermost skip goes through an operator of the lab's own, which no tool can know.
    """
    graph, x, channels, skips = Graph(), "image", 3, []
    for level in range(depth):
        x = graph.block(f"/enc{level}", x, channels, width << level)
        channels = width << level
        skips.append(x)
        x = graph.add("MaxPool", f"/enc{level}/pool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = graph.block("/bottleneck", x, channels, width << depth)
    for level in reversed(range(depth)):
        filters = width << level
        x, skip = graph.up(f"/dec{level}/up", x, filters), skips[level]
        if gated and level == 0:
            skip = graph.add("Gate", "/dec0/gate", skip, x, domain="lab")
        x = graph.add("Concat", f"/dec{level}", skip, x, axis=1)
        x = graph.block(f"/dec{level}", x, 2 * filters, filters)
    x = graph.conv("/head", x, width, 1, kernel=1)
    return _model(graph, x, width, gated)


def _model(graph: Graph, last: str, width: int, gated: bool) -> Any:
    def maps(name: str, channels: int, batch: Any = "batch") -> Any:
        return helper.make_tensor_value_info(
            name, TensorProto.FLOAT, [batch, channels, "height", "width"]
        )

    graph.nodes[-1].output[0] = "logits"
    gate = [maps("/dec0/gate/Gate_output_0", width, batch=1)] if gated else []
    whole = helper.make_graph(
        graph.nodes, "unet", [maps("image", 3)], [maps("logits", 1)], graph.weights, value_info=gate
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid("lab", 1)] if gated else [])]
    return helper.make_model(
        whole, opset_imports=opsets, ir_version=8, producer_name="unet_complexity"
    )


def models() -> dict[Path, Any]:
    """Each file and its model."""
    plain = {
        f"unet-{width}-{depth}.onnx": unet(width, depth) for width in WIDTHS for depth in DEPTHS
    }
    return {
        FOLDER / name: model
        for name, model in {**plain, "gated.onnx": unet(16, 3, gated=True)}.items()
    }


def main() -> int:
    """Writes all of them."""
    FOLDER.mkdir(exist_ok=True)
    for path, model in models().items():
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{path.name:20} {path.stat().st_size:7,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
