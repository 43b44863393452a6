"""Command line: ``python -m unet_complexity model.onnx``; ``--help`` shows every option.

An error is one sentence on stderr, with exit status 2.  A broken bound of ``--at-most`` is a line there, with status 3.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from typing import Any, NoReturn

import unet_complexity
from unet_complexity import engineering
from unet_complexity.cost import BYTES_PER_ELEMENT
from unet_complexity.engineering.bounded import PATIENCE, OutOfPatience, bounded
from unet_complexity.engineering.budget import bounds, broken
from unet_complexity.engineering.explain import explain
from unet_complexity.engineering.fits import OPTIMIZERS, amount, footprint, letters_of
from unet_complexity.engineering.reach import reach
from unet_complexity.engineering.readers.limits import LARGEST_TYPED
from unet_complexity.engineering.report import CONVENTIONS, PHASES, Data, as_json, as_text
from unet_complexity.engineering.roofline import MACHINES, Machine, roofline
from unet_complexity.engineering.variants import KEYS, variants
from unet_complexity.escaping import one_line, shortened
from unet_complexity.files import undisturbed
from unet_complexity.networks import Network
from unet_complexity.symbols import N
from unet_complexity.tables import Table
from unet_complexity.unets import classic_unet, pix2pix_unet

DESCRIPTION = """\
What does a network cost? Parameters, MACs and elements moved: a table, totals, and formulas in the side N.

  %(prog)s model.onnx                 at the size that the file states
  %(prog)s model.keras --side 512     at another one
  %(prog)s model.onnx --side N        all of it as formulas
  %(prog)s --pix2pix 256 --by block   a U-Net that needs no file, block by block
  %(prog)s model.onnx --machine 2e12,80e9 --fused    and the least seconds on a machine
  %(prog)s collapse in.onnx out.onnx  rewrite each upsampling before a convolution: same output, less work"""
STOPPED = {  # the first kind that fits an error says what is wrong
    OutOfPatience: "this takes more time than any network that we know; if you trust the file, try --patience 100",
    MemoryError: "this needs more memory than there is, or than a file of this size may take; try a smaller model",
    RecursionError: "the model is nested too deeply to be read; export it with fewer levels",
    OverflowError: "this needs numbers above 1e308; try smaller sizes, or a smaller batch",
    KeyboardInterrupt: "interrupted, and no file was left half-written",
    ModuleNotFoundError: "{0.name} is needed for this: pip install 'unet_complexity[onnx]'",
    ImportError: "{0}",
    TypeError: "{0}",
    ValueError: "{0}",
}
EPILOG = f"Counted: {CONVENTIONS}. Nothing in a file is executed, and nothing is downloaded."
FIXED = "A file fixes widths, kernels and depth: only the side, the batch and the number type move."


class Parser(ArgumentParser):
    """Parser whose errors are told as any other error."""

    def error(self, message: str) -> NoReturn:
        """Raise the error."""
        raise ValueError(f"{message}; --help shows all options")


def parser() -> Parser:
    """Return the parser of the arguments."""
    command = Parser(
        "python -m unet_complexity",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    network = command.add_mutually_exclusive_group(required=True).add_argument
    network("model", nargs="?", help="an .onnx or a .keras file")
    network("--pix2pix", type=side, metavar="SIDE", help="the pix2pix U-Net generator, 3 channels")
    network("--classic", type=side, metavar="SIDE", help="the classic U-Net, 1 channel, 2 classes")
    option = command.add_argument
    option("--side", type=side, help="size of the model's input: 512, 512x256, or N for formulas")
    option(
        "--dims",
        type=a_dim,
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="another free size of an .onnx file, by its name; may be repeated",
    )
    option(
        "--by",
        choices=("level", "part", "block", "layer"),
        default="level",
        help="meaning of a row of the table (level)",
    )
    option(
        "--unknown",
        choices=("error", "report"),
        default="error",
        help="layers that cannot be counted: an error, or counted as missing (error)",
    )
    seconds = command.add_argument_group(
        "seconds",
        "The least time that each part takes (roofline model), as a table",
    ).add_argument
    seconds(
        "--machine",
        type=a_machine,
        help="'NVIDIA T4', 'Apple M1' or another name ('list' prints all); or yours, FLOP/s and bytes/s: 2e12,80e9",
    )
    option(
        "--batch",
        type=partial(a_number, "a batch"),
        default=1,
        help="images that run together (1)",
    )
    option(
        "--patience",
        type=partial(a_number, "a patience"),
        default=PATIENCE,
        metavar="SECONDS",
        help="of processor time after which the command gives up (%(default)s)",
    )
    option(
        "--dtype",
        choices=BYTES_PER_ELEMENT,
        default="float32",
        help="type of all numbers (float32)",
    )
    option(
        "--optimizer", choices=OPTIMIZERS, default="adam", help="of the training's memory (adam)"
    )
    option(
        "--at-most",
        type=bounds,
        default={},
        metavar="BOUNDS",
        help="macs=2e9,params=3e6,peak=2GB: exit status 3 above",
    )
    seconds(
        "--fused",
        action="store_true",
        help="copies and elementwise steps run with the step before",
    )
    question = command.add_mutually_exclusive_group().add_argument
    question(
        "--explain", metavar="NUMBER", help="only the counts that round to a published number: 6.0G"
    )
    question(
        "--reach", action="store_true", help="only the receptive fields, and MACs per output pixel"
    )
    question(
        "--what-if",
        action="store_true",
        help="only the costs with one size moved: half the width, ...",
    )
    output = command.add_mutually_exclusive_group().add_argument
    output("--csv", action="store_true", help="the table (with --machine, that of seconds) as CSV")
    output("--json", action="store_true", help="the same for other programs")
    option("--version", action="version", version=f"unet_complexity {unet_complexity.__version__}")
    return command


def size(text: str) -> Any:
    """Parse a positive number or N; return 0 for any other text.

    Example:
        >>> size("512"), size("N"), size("-1")
        (512, N, 0)
    """
    if text == "N":
        return N
    if not text.isdecimal():
        return 0
    number = float(text)  # int() refuses thousands of digits
    if number > LARGEST_TYPED:
        raise ArgumentTypeError(
            f"a typed number is at most {LARGEST_TYPED:,}, got {shortened(text, 40)}"
        )
    return int(number)


def side(text: str) -> Any:
    """Parse the size of an input: 512, 512x256, or N.

    Example:
        >>> side("512x256")
        (512, 256)
    """
    sizes = tuple(map(size, text.split("x", 1)))
    if 0 in sizes:
        raise ArgumentTypeError(
            f"a size is 256, 512x256 (rows x columns) or N, got {text!r}; try 256"
        )
    return sizes if len(sizes) == 2 else sizes[0]


def a_number(what: str, text: str) -> Any:
    """Parse a positive number of something.

    Example:
        >>> a_number("a batch", "16")
        16
    """
    number = size(text)
    if number in (0, N):
        raise ArgumentTypeError(f"{what} is a whole number from 1 on, got {text!r}; try 16")
    return number


def a_dim(text: str) -> tuple[str, Any]:
    """Parse a free size: NAME=SIZE.

    Example:
        >>> a_dim("tokens=77")
        ('tokens', 77)
    """
    name, _, number = text.partition("=")
    found = size(number)
    if not (name and found):
        raise ArgumentTypeError(
            f"a free size is given by its name in the file, tokens=77, got {text!r}"
        )
    return name, found


def a_machine(text: str) -> Machine:
    """Parse a machine: a name, or FLOPs and bytes per second.

    Raises:
        ArgumentTypeError: It is neither; the message has names that are near.
        SystemExit: The text is "list"; all named machines are printed.

    Example:
        >>> print(a_machine("2e12,80e9"))
        your machine (2,000 GFLOP/s, 80 GB/s)
    """
    if text == "list":
        print_machines()
    if text in MACHINES:
        return MACHINES[text]
    try:
        flops, moved = map(amount, text.replace(" ", "").split(","))
        return Machine("your machine", flops, moved)
    except ValueError:
        near = [name for name in MACHINES if text.lower() in name.lower()]
        near = near or get_close_matches(text, MACHINES)
        raise ArgumentTypeError(
            f"a machine is a name or two rates such as 2e12,80e9, got {shortened(text, 40)!r}; "
            f"near names: {', '.join(near[:3]) or 'none'}; --machine list prints all"
        ) from None


def print_machines() -> NoReturn:
    """Print the named machines as a table with units, and leave."""
    from tabulate import tabulate

    rows = [
        (
            machine.name,
            machine.flops_per_second / 1e9,
            machine.bytes_per_second / 1e9,
            machine.memory and machine.memory / 1e9,
            round(machine.ridge, 1),
        )
        for machine in MACHINES.values()
    ]
    columns = ("machine", "GFLOP/s", "GB/s", "memory, GB", "FLOPs per byte")
    print(tabulate(rows, columns, floatfmt=",g"))
    raise SystemExit(0)


def read(given: Namespace, size: Any) -> Network:
    """Read the network in a file.

    Args:
        given: The arguments.
        size: Size of its input; the one that the file states, if None.

    Raises:
        ValueError: The file is of another kind, or does not hold a readable model.
    """
    path = given.model
    kind = Path(path).suffix.lower()
    if kind not in (".onnx", ".keras"):
        raise ValueError(
            f"a model is an .onnx or a .keras file, got {path}; torch.onnx.export writes "
            "the first, model.save('model.keras') the second"
        )
    dims = dict(given.dims)
    if dims and kind == ".keras":
        raise ValueError(f"--dims is for .onnx files, got {path}; a .keras file has --side alone")
    if len(dims) < len(given.dims):
        raise ValueError("--dims gives one size to a name, got a name twice; leave one of them out")
    if kind == ".keras":
        return engineering.from_keras(path, size, given.unknown)
    import_whole("onnx")
    return engineering.from_onnx(path, size, given.unknown, dims=dims)


def import_whole(*libraries: str) -> None:
    """Import native libraries with Ctrl-C postponed: during such an import it can abort Python, or be lost."""
    with undisturbed():
        for library in libraries:
            import_module(library)


def build(given: Namespace, size: Any) -> Network:
    """Build the chosen network.

    Args:
        given: The arguments.
        size: Size of its input; the network's own, if None.

    Raises:
        ValueError: The network cannot have this size, or is not in a file and has an option for files.
    """
    if given.model is not None:
        return read(given, size)
    if given.side is not None or given.dims:
        raise ValueError(
            "--side and --dims are for a model in a file; here the size follows the name, as in "
            "--pix2pix 512"
        )
    if given.pix2pix is not None:
        return pix2pix_unet(size or given.pix2pix, in_channels=3)
    return classic_unet(size or given.classic)


def in_seconds(given: Namespace, network: Network) -> Table | None:
    """Return the table of least seconds, if a machine is given.

    Raises:
        ValueError: An option about seconds has no machine, or the network has letters.
    """
    if given.machine is None:
        if given.fused:
            raise ValueError(
                "--fused is about seconds, and needs --machine; try --machine 'NVIDIA T4'"
            )
        return None
    if letters_of(network):
        raise ValueError(
            f"seconds need a size in numbers, got {network.heading}; give one, as in --side 256"
        )
    return roofline(network, given.machine, given.dtype, given.batch, given.fused).table(given.by)


def in_bytes(given: Namespace, network: Network) -> Data:
    """Return the memory of inference and of training, and the machine's, if it is known.

    It is empty if sizes are letters or layers are not counted.
    """
    if network.missing or letters_of(network):
        return {}
    setting = {"batch": given.batch, "dtype": given.dtype, "optimizer": given.optimizer}
    found = {}
    for phase in PHASES:
        held = footprint(network, phase == "training", **setting)
        found[phase] = asdict(held) | {"peak": held.peak}
    machine = given.machine
    if machine and machine.memory:
        setting |= {"machine": machine.name, "machine_bytes": machine.memory}
    return setting | found


def in_letters(given: Namespace) -> Network | str:
    """Return the network at the side N, or the reason why there is none."""
    try:
        return build(given, N)
    except ValueError as error:
        return str(error)


def at_its_size(given: Namespace) -> Network:
    """Build the network at the size of the arguments.

    Raises:
        ValueError: It cannot have this size; the message adds the sizes that it can have.
    """
    try:
        return build(given, given.side)
    except ValueError as error:
        rules = given.side and getattr(in_letters(given), "regime", "")
        if not rules:
            raise
        raise ValueError(f"{error}; for this model {rules}") from None


@contextmanager
def progress(what: str, after: float = 2) -> Iterator[None]:
    """Show the seconds that a task has taken, in a terminal, once it has taken ``after`` seconds."""
    if not sys.stderr.isatty():
        yield
        return
    done = Event()
    name = one_line(what)

    def tell() -> None:
        seconds = pause = after
        while not done.wait(pause):
            print(f"\r{name} ... {seconds:.0f} s", end="", file=sys.stderr, flush=True)
            pause = 1
            seconds += pause

    thread = Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


COLLAPSE = """\
usage: python -m unet_complexity collapse in.onnx out.onnx

Merge each nearest upsampling with the convolution that is its only reader: the phases of the kernel run on the small
map. An upsampling whose output is first joined with a skip stays as it is; the report says why for each. Before the new
model is written, it is run beside the old one; MACs, parameters, peak memory and times before and after are told.
out.onnx must not exist yet."""


def collapse(arguments: Sequence[str]) -> None:
    """Rewrite the upsamplings of one file into another."""
    if {"-h", "--help"}.intersection(arguments):
        print(COLLAPSE)
        return
    if len(arguments) != 2:
        raise ValueError(
            f"collapse takes two files, got {len(arguments)}: collapse in.onnx out.onnx"
        )
    with progress(f"rewriting {arguments[0]}"):
        import_whole("onnx", "onnxruntime", "numpy.random")
        told = import_module("unet_complexity.engineering.collapse").command(*arguments)
    print(told)


def answered(given: Namespace, network: Network) -> tuple[Data, str] | None:
    """Return the answer to --explain, --reach or --what-if, as data and as text; None if nothing is asked.

    Raises:
        ValueError: The answer is not a table, and CSV is wanted.
    """
    data: Data = {"network": network.heading}
    if given.what_if:
        table = variants(network, None, given.machine, given.batch, given.dtype, given.fused)
        note = given.model and FIXED
        rows = [dict(zip(KEYS, row, strict=False)) for row in (*table.rows, table.total)]
        data |= {"setting": table.title, "rows": rows, "note": note}
        text = table.to_csv() if given.csv else f"{table}\n{note or ''}"
        return data, text
    if given.csv and (given.reach or given.explain is not None):
        raise ValueError(
            "--csv is for tables; --explain and --reach answer in text or, with --json, in JSON"
        )
    if given.reach:
        fields = reach(network)
        text = f"{network.heading}; receptive field, rows x columns:\n{fields}"
        return data | fields._asdict(), text
    if given.explain is not None:
        readings = explain(network, given.explain, in_letters(given))
        text = "\n".join(map(str, readings)) or (
            f"None of these counts of {network.heading}, rounds to {given.explain}, nor at another side."
        )
        found = [reading._asdict() for reading in readings]
        return data | {"number": given.explain, "readings": found}, text
    return None


def report(arguments: Sequence[str]) -> int:
    """Print the report of a network; return 3 if a bound is broken, else 0."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            given = parser().parse_args(arguments)
    except SystemExit:  # after --help, or a wrong argument
        print(printed.getvalue(), end="", flush=True)  # argparse would not say that a disk is full
        raise
    with bounded(given.model, given.patience), progress(f"reading {given.model or 'the network'}"):
        network = at_its_size(given)
        seconds = in_seconds(given, network)
        memory = in_bytes(given, network)
        above = broken(given.at_most, network, memory)
        if answer := answered(given, network):
            data, text = answer
            text = json.dumps(data, indent=1) if given.json else text
        elif given.csv:
            text = (seconds or network.table(given.by)).to_csv()
        else:
            formulas = network if letters_of(network) else in_letters(given)
            told = network, formulas, given.by, seconds, memory
            text = as_json(*told) if given.json else "\n\n".join(as_text(*told))
    print(text.rstrip("\n"))
    for line in above:
        print("unet_complexity:", one_line(line), file=sys.stderr)
    return 3 if above else 0


def main(arguments: Sequence[str]) -> int:
    """Run the command.

    Args:
        arguments: What follows the command's name.

    Returns:
        Exit status: 0, 2 after one sentence on stderr, or 3 after a line for each broken bound.
    """
    status = 0
    if sys.stderr is None:  # closed; the report can still be printed
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  it lives as long as the process
    try:
        if sys.stdout is None:
            raise ValueError("the standard output is closed; send it to a file or a terminal")
        match arguments:
            case ["collapse", *files]:
                collapse(files)
            case _:
                status = report(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # stdout was closed, for example by `head`
        return 2
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except tuple(STOPPED) as error:
        fitting = (text for kind, text in STOPPED.items() if isinstance(error, kind))
        said = next(fitting).format(error)
    print("unet_complexity:", one_line(said), file=sys.stderr)
    return 2


def run() -> NoReturn:
    """Run the command as a process: exit with the status of :func:`main`.

    The exit unloads nothing.  Unloading the native libraries would take some 50 ms, in which Ctrl-C would replace the
    status of work that is done.
    """
    gc.freeze()  # SymPy's many objects stay: without it, about 30 ms go into looking for garbage among them
    status = main(sys.argv[1:])  # it has flushed the output, or said why it could not
    os._exit(status)
