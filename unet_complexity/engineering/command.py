"""What a network costs, from the command line: ``python -m unet_complexity model.onnx``; ``--help`` shows the rest.

Whatever is wrong is said in one sentence on stderr, with exit status 2.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any, NoReturn

import unet_complexity
from unet_complexity.cost import BYTES_PER_ELEMENT
from unet_complexity.engineering.readers.limits import LARGEST_TYPED
from unet_complexity.engineering.report import CONVENTIONS, as_data, as_text
from unet_complexity.engineering.roofline import MACHINES, Machine, roofline
from unet_complexity.escaping import one_line, shortened
from unet_complexity.networks import Network
from unet_complexity.symbols import N
from unet_complexity.tables import Table
from unet_complexity.unets import classic_unet, pix2pix_unet

READERS = {".onnx": "onnx", ".keras": "keras"}  # a module, a function from_..., an extra to install
DESCRIPTION = """\
What does a network cost? Parameters, MACs and elements moved: a table, totals, and formulas in the side N.

  %(prog)s model.onnx                 at the size that the file states
  %(prog)s model.keras --side 512     at another one
  %(prog)s model.onnx --side N        all of it as formulas
  %(prog)s --pix2pix 256 --by block   a U-Net that needs no file, block by block
  %(prog)s model.onnx --machine 2e12,80e9 --fused    and the least seconds on a machine
  %(prog)s collapse in.onnx out.onnx  rewrite each upsampling before a convolution: same output, less work"""
STOPPED = {
    MemoryError: "this needs more memory than there is; try a smaller model, or a machine with more",
    RecursionError: "the model is nested too deeply to be read; export it with fewer levels",
    OverflowError: "this needs numbers above 1e308; try smaller sizes, or a smaller batch",
    KeyboardInterrupt: "interrupted, and no file was left half-written",
}
EPILOG = f"Counted: {CONVENTIONS}. Nothing in a file is executed, and nothing is downloaded."


class Parser(argparse.ArgumentParser):
    """Complains in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Exit status 2, as for any other error."""
        self.exit(2, f"unet_complexity: {one_line(f'{message}; --help shows what is possible')}\n")


def parser() -> Parser:
    """The arguments."""
    form = argparse.RawDescriptionHelpFormatter
    command = Parser("python -m unet_complexity", description=DESCRIPTION, epilog=EPILOG, formatter_class=form)
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("model", nargs="?", help="an .onnx or a .keras file")
    what.add_argument("--pix2pix", type=side, metavar="SIDE", help="the U-Net generator of the question, 3 channels")
    what.add_argument("--classic", type=side, metavar="SIDE", help="the classic U-Net, 1 channel, 2 classes")
    command.add_argument("--side", type=side, help="size of the model's input: 512, 512x256, or N for formulas")
    free = "another free size of an .onnx file, by its name; as often as there are such"
    command.add_argument("--dims", type=a_dim, action="append", metavar="NAME=SIZE", help=free)
    rows = ("level", "part", "block", "layer")
    command.add_argument("--by", choices=rows, default="level", help="what a row of the table is (level)")
    unknown = "layers that cannot be counted: an error, or counted as missing (error)"
    command.add_argument("--unknown", choices=("error", "report"), default="error", help=unknown)
    machine = command.add_argument_group("seconds", "The least time that each part takes (roofline model), as a table")
    names = ", ".join(MACHINES)
    machine.add_argument("--machine", type=a_machine, help=f"{names}; or yours, FLOP/s and bytes/s: 2e12,80e9")
    machine.add_argument("--batch", type=a_batch, help="images that run together (1)")
    machine.add_argument("--dtype", choices=BYTES_PER_ELEMENT, help="type of all numbers (float32)")
    machine.add_argument("--fused", action="store_true", help="copies and elementwise steps run with what they follow")
    output = command.add_mutually_exclusive_group()
    output.add_argument("--csv", action="store_true", help="the table (with --machine, that of seconds) as CSV")
    output.add_argument("--json", action="store_true", help="table, totals and formulas for other programs")
    command.add_argument("--version", action="version", version=f"unet_complexity {unet_complexity.__version__}")
    return command


def side(text: str) -> Any:
    """A size as it is typed: 512, 512x256, or N.

    >>> side("512x256")
    (512, 256)
    """
    sizes = tuple(N if part == "N" else whole(part) for part in text.split("x"))
    if 0 in sizes or len(sizes) > 2:
        raise argparse.ArgumentTypeError(f"a size is 256, 512x256 (rows x columns) or N, got {text!r}; try 256")
    return sizes if len(sizes) == 2 else sizes[0]


def whole(text: str) -> int:
    """Return a typed number; 0 if it is not written in digits only."""
    digits = text.lstrip("0")
    if not text.isdecimal() or not digits:
        return 0
    if len(digits) > len(str(LARGEST_TYPED)) or int(digits) > LARGEST_TYPED:
        raise argparse.ArgumentTypeError(f"a typed number is at most {LARGEST_TYPED:,}, got {shortened(text, 40)}")
    return int(digits)


def a_batch(text: str) -> int:
    """Return a typed number of images."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a batch is a whole number from 1 on, got {text!r}; try 16")
    return whole(text)


def a_dim(text: str) -> tuple[str, Any]:
    """A free size as it is typed.

    >>> a_dim("tokens=77")
    ('tokens', 77)
    """
    name, _, size = text.partition("=")
    number = N if size == "N" else whole(size)
    if not name or number == 0:
        raise argparse.ArgumentTypeError(f"a free size is given by its name in the file, tokens=77, got {text!r}")
    return name, number


def a_machine(text: str) -> Machine:
    """A machine as it is typed: its name, or the FLOPs and the bytes that it manages in a second.

    >>> print(a_machine("2e12,80e9"))
    your machine (2,000 GFLOP/s, 80 GB/s)
    """
    if text in MACHINES:
        return MACHINES[text]
    try:
        flops, moved = (int(float(part)) for part in text.split(","))
        return Machine("your machine", flops, moved)
    except (ValueError, OverflowError):
        names = ", ".join(map(repr, MACHINES))
        raise argparse.ArgumentTypeError(f"{text!r} is none of {names}, nor two rates such as 2e12,80e9") from None


def read(path: str, size: Any, unknown: str, dims: list[tuple[str, Any]] | None) -> Network:
    """The network in a file; ``size`` None: as the file states it.  ValueError where there is none to be read."""
    ending = Path(path).suffix.lower()
    if ending not in READERS:
        raise ValueError(
            f"a model is an .onnx or a .keras file, got {path}; torch.onnx.export writes "
            "the first, model.save('model.keras') the second"
        )
    kind, more = READERS[ending], {"dims": dict(dims)} if dims else {}
    if dims and kind != "onnx":
        raise ValueError(f"--dims is for .onnx files, got {path}; a .keras file has --side alone")
    with needing(kind):
        if kind == "onnx":
            import_whole("onnx")
        reader = getattr(import_module(f"unet_complexity.engineering.readers.{kind}"), f"from_{kind}")
        network: Network = reader(path, side=size, unknown=unknown, **more)
    return network


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Says what to install where a module is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is needed for this: pip install 'unet_complexity[{extra}]'") from None


def import_whole(*libraries: str) -> None:
    """Import native libraries while Ctrl-C waits; during an import it could abort, or be lost."""
    came: list[int] = []
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    waits = usual and current_thread() is main_thread()
    if waits:
        signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        for library in libraries:
            import_module(library)
    finally:
        if waits:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt


def source(given: argparse.Namespace) -> Callable[[Any], Network]:
    """What gives the wanted network at a size; None: at its own."""
    if given.model is not None:
        return lambda size: read(given.model, size, given.unknown, given.dims)
    if given.side is not None:
        raise ValueError("--side is for a model in a file; here the size follows the name, as in --pix2pix 512")
    if given.pix2pix is not None:
        return lambda size: pix2pix_unet(given.pix2pix if size is None else size, in_channels=3)
    return lambda size: classic_unet(given.classic if size is None else size)


def in_seconds(given: argparse.Namespace, network: Network) -> Table | None:
    """The table of least seconds, where a machine is given.  ValueError for what is asked about none."""
    how: dict[str, Any] = {"batch": given.batch, "dtype": given.dtype, "fused": given.fused or None}
    how = {name: value for name, value in how.items() if value is not None}
    if given.machine is None:
        if how:
            raise ValueError(f"--{next(iter(how))} is about seconds, and needs --machine; try --machine 'NVIDIA T4'")
        return None
    if not isinstance(network.total().reads, int):
        raise ValueError(f"seconds need a size in numbers, got {network.heading}; give one, as in --side 256")
    return roofline(network, given.machine, **how).table(given.by)


def in_letters(network: Network, build: Callable[[Any], Network]) -> Network | str:
    """The network at the side N, or why there is none."""
    if not isinstance(network.total().reads, int):
        return network
    try:
        return build(N)
    except ValueError as error:
        return str(error)


def at_its_size(build: Callable[[Any], Network], size: Any) -> Network:
    """The network; where it cannot have this size, ValueError that says which ones it can have."""
    try:
        return build(size)
    except ValueError as error:
        if size is None or N in (size if isinstance(size, tuple) else (size,)):
            raise
        try:
            rules = build(N).regime
        except ValueError:
            rules = ""
        raise ValueError(f"{error}{f'; for this model {rules}' if rules else ''}") from None


@contextmanager
def progress(what: str, after: float = 2) -> Iterator[None]:
    """Tells a terminal, from the second second on, that it goes on."""
    done, what = Event(), one_line(what)

    def tell() -> None:
        seconds = 0.0
        while not done.wait(after if seconds == 0 else 1):
            seconds += after if seconds == 0 else 1
            print(f"\r{what} ... {seconds:.0f} s", end="", file=sys.stderr, flush=True)

    thread = Thread(target=tell, daemon=True)
    if sys.stderr.isatty():
        thread.start()
    try:
        yield
    finally:
        done.set()
        if sys.stderr.isatty():
            thread.join()
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


COLLAPSE = """\
usage: python -m unet_complexity collapse in.onnx out.onnx

Nearest upsampling and the convolution that alone reads it become one: the phases of the kernel, run on the small map.
Where a map is joined with a skip after it was upsampled, nothing is changed. The new model is run beside the old one
before it is written, and where it is not faster here, that is said. out.onnx must not be there yet."""


def collapse(arguments: Sequence[str]) -> None:
    """Hand two files to the rewriting of upsamplings."""
    if {"-h", "--help"}.intersection(arguments):
        print(COLLAPSE)
        return
    if len(arguments) != 2:
        raise ValueError(f"collapse takes two files, got {len(arguments)}: collapse in.onnx out.onnx")
    with needing("onnx"), progress(f"rewriting {arguments[0]}"):
        import_whole("onnx", "onnxruntime", "numpy.random")
        told = import_module("unet_complexity.engineering.collapse").command(*arguments)
    print(told)


def report(arguments: Sequence[str]) -> None:
    """Print what was asked for."""
    given = parser().parse_args(arguments)
    build = source(given)
    with progress(f"reading {given.model or 'the network'}"):
        network = at_its_size(build, given.side)
        seconds = in_seconds(given, network)
        if given.csv:
            print((seconds or network.table(given.by)).to_csv(), end="")
            return
        formulas = in_letters(network, build)
        data = as_data(network, formulas, given.by, seconds) if given.json else None
        text = json.dumps(data, indent=1) if data else "\n\n".join(as_text(network, formulas, given.by, seconds))
    print(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit status is 0, or 2 after one sentence on stderr."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["collapse"]:
            collapse(arguments[1:])
        else:
            report(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # who read along, as head does, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except (ValueError, TypeError, OSError, ImportError) as error:
        said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        print("unet_complexity:", one_line(said), file=sys.stderr)
        return 2
    except tuple(STOPPED) as error:
        said = next(said for kind, said in STOPPED.items() if isinstance(error, kind))
        print("unet_complexity:", said, file=sys.stderr)
        return 2
    return 0
