"""Re-execute the committed notebooks in place, so that what they show is what the code gives today.

    python -m tools.notebooks [notebooks/01-*.ipynb ...]

What lands in a file depends on the sources alone: counts run 1..n; times, widget state and the kernel's
details go.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import zmq
from jupyter_client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets import Type
from traitlets.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS_PER_CELL = 300
WIDGET = "application/vnd.jupyter.widget-view+json"
LIVE = "Run this cell to get a slider here."
GUESSES = "UNET_COMPLEXITY_PREDICTIONS"  # where the package keeps what a reader predicts
# Everything else in a cell's metadata is some tool's own memory.
KEPT_CELL_METADATA = {
    "alt",
    "deletable",
    "editable",
    "jp-MarkdownHeadingCollapsed",
    "jupyter",
    "slideshow",
    "tags",
}
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Notebook = Any  # nbformat's NotebookNode: a dict that allows attribute access


def postprocess_html(html: str) -> str:
    """The HTML form of an output as it is committed: explorers get a still picture for viewers without scripts.

    A form loses its key, since a stored page has no kernel that knows it.
    """
    if "data-ask=" in html:
        return re.sub(r' data-key="\w*"', "", html)
    if "data-explorer=" not in html:
        return html
    from tools.stills import add_still

    return add_still(html)


def paths() -> list[Path]:
    """The committed notebooks, in reading order."""
    return sorted(FOLDER.glob("*.ipynb"))


class Channel(AsyncZMQSocketChannel):
    """A channel on which no reply is overlooked while a message is sent.

    ZeroMQ signals once that something has come, and sending takes the signal: a reply that comes while nbclient
    updates an output widget would be seen only when the time of its cell is up.
    """

    def send(self, msg: Any) -> None:
        """Send a message, and look for replies."""
        super().send(msg)
        self.socket.get(zmq.EVENTS)


class Client(AsyncKernelClient):
    """A kernel's client with such channels."""

    shell_channel_class = Type(Channel)


def execute(nb: Notebook, folder: Path = FOLDER) -> Notebook:
    """A normalised copy of ``nb`` with the outputs of a fresh kernel that runs in ``folder``."""
    fresh = normalise(without_outputs(nb))
    client = NotebookClient(
        fresh,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        extra_arguments=[
            "--IPKernelApp.log_level=ERROR"
        ],  # it warns that loopback is not encrypted
        record_timing=False,
        config=Config(AsyncKernelManager={"client_factory": Client}),
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as settings:
        # Neither the user's startup files, nor a plotting back end of the caller's, nor a reader's guesses may show in
        # the outputs.
        env = {
            **os.environ,
            "IPYTHONDIR": settings,
            "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", settings),
        }
        env[GUESSES] = os.path.join(settings, "predictions.json")
        env.pop("MPLBACKEND", None)
        client.execute(env=env)
    return normalise(fresh)


def without_outputs(nb: Notebook) -> Notebook:
    """A copy of ``nb`` as if no cell had run yet."""
    nb = nbformat.from_dict(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nb


def normalise(nb: Notebook) -> Notebook:
    """A copy of ``nb`` without anything that changes from run to run or from machine to machine."""
    nb = nbformat.from_dict(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    taken: set[str] = set()
    for number, cell in enumerate(nb.cells, start=1):
        cell.metadata = {
            key: cell.metadata[key] for key in sorted(KEPT_CELL_METADATA & set(cell.metadata))
        }
        cell.id = _stable_id(cell.get("id"), number, taken)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs = [_normalised_output(output) for output in _merged_streams(cell.outputs)]
    _renumber([cell for cell in code if cell.source.strip()])
    nbformat.validate(nb)
    return nb


def _stable_id(old: str | None, number: int, taken: set[str]) -> str:
    """Keeps an id; a missing or a second one becomes the cell's place."""
    new = old if old and old not in taken else f"cell-{number:03d}"
    taken.add(new)
    return new


def _merged_streams(outputs: list[Any]) -> list[Any]:
    """One output for consecutive writes to one stream: where the kernel cut them is chance."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _normalised_output(output: Any) -> Any:
    data = output.get("data")
    if data is None:
        return output
    if "text/html" in data:
        # Viewers would prefer the widget, and then ask a server on the internet for its manager.
        data.pop(WIDGET, None)
        data["text/html"] = postprocess_html(data["text/html"])
    elif data.pop(WIDGET, None):  # its state is not kept, and its repr says nothing to a reader
        data["text/html"], data["text/plain"] = f"<p>{LIVE}</p>", LIVE
    if "text/plain" in data:
        data["text/plain"] = _without_addresses(data["text/plain"])
    return output


def _without_addresses(text: str) -> str:
    """An object's default repr ends with its place in memory: ``<Slider at 0x7f...>``."""
    return re.sub(r" at 0x[0-9a-fA-F]{6,}", "", text)


def _renumber(cells: list[Any]) -> None:
    for count, cell in enumerate(cells, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def read(path: Path) -> Notebook:
    """The notebook in a file."""
    return nbformat.read(path, as_version=4)


def write(nb: Notebook, path: Path) -> None:
    """Writes ``nb`` as it is committed: indented by one, a newline at the end, the same on every system."""
    path.write_text(
        nbformat.writes(nb, indent=1).rstrip("\n") + "\n", encoding="utf-8", newline="\n"
    )


def export(source: Any, folder: Path) -> Path:
    """The HTML file itself, or the one that nbconvert makes of a notebook (a path or an object)."""
    from nbconvert import HTMLExporter

    if isinstance(source, Path) and source.suffix == ".html":
        return source
    nb = read(source) if isinstance(source, Path) else nbformat.from_dict(source)
    page = folder / "exported.html"
    page.write_text(HTMLExporter().from_notebook_node(nb)[0], encoding="utf-8")
    return page


def main(names: list[str]) -> int:
    """Re-executes the named notebooks, or all of them; returns how many failed, which stay as they were."""
    failed = 0
    for path in [Path(name).resolve() for name in names] or paths():
        start, before = time.perf_counter(), path.read_bytes()
        try:
            write(execute(read(path), path.parent), path)
            state = "unchanged" if path.read_bytes() == before else "changed"
        except CellExecutionError as error:
            failed += 1
            state = f"FAILED, left as it was\n{error}"
        print(f"{path.name:40} {time.perf_counter() - start:6.1f} s  {state}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
