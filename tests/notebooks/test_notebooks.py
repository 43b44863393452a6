"""The committed notebooks: complete without a kernel, and what they show is what the code gives today."""

import asyncio
import base64
import io
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image, ImageDraw

from tools import notebooks
from tools.notebook_checks import MOST_BYTES, differences, faults

PATHS = [pytest.param(path, id=path.stem) for path in notebooks.paths()]


@pytest.mark.parametrize("path", PATHS)
def test_notebook_reads_without_a_kernel(path):
    assert faults(notebooks.read(path)) == []


@pytest.mark.parametrize("path", PATHS)
def test_notebook_shows_what_its_code_gives(path):
    committed = notebooks.read(path)
    assert differences(committed, notebooks.execute(committed, path.parent)) == []


@pytest.mark.parametrize("path", PATHS)
def test_notebook_is_committed_normalised(path):
    """Opening and saving in an editor adds its own metadata: ``make notebooks`` takes it out."""
    assert notebooks.read(path) == notebooks.normalise(notebooks.read(path))


# From here on the checks themselves are checked, on notebooks that are made wrong.


def png(width=64, height=48, bar=20, mode="RGBA"):
    """A figure with one bar, as a notebook keeps it."""
    image = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(image).rectangle((4, 4, 4 + bar, 20), fill="black")
    file = io.BytesIO()
    image.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def notebook(*outputs, source="1 + 1", cells=()):
    cell = new_code_cell(source, execution_count=1, outputs=list(outputs))
    return notebooks.normalise(new_notebook(cells=[*cells, cell]))


def shown(metadata=None, **data):
    data = {
        {"svg": "image/svg+xml", "png": "image/png"}.get(key, f"text/{key}"): data[key]
        for key in data
    }
    return new_output("display_data", data, metadata=metadata or {})


def stream(text, name="stdout"):
    return new_output("stream", text=text, name=name)


SOUND = notebook(
    shown(plain="2"),
    shown(png=png(), plain="<Figure>", metadata={"alt": "one bar"}),
    shown(html=f'<img alt="one bar" src="data:image/png;base64,{png()}"><script>"<img>"</script>'),
    cells=[new_markdown_cell("A ![picture](a.png) of `/N/2`")],
)


def test_a_sound_notebook_has_no_faults():
    assert faults(SOUND) == []
    assert differences(SOUND, nbformat.from_dict(SOUND)) == []


HOME, TEMPORARY, ROOT_FILE = "/" + "home/ada", "/" + "tmp/x", "/" + "root/x"
WIDGET = {notebooks.WIDGET: {"model_id": "a"}}


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        (
            "ends in ZeroDivisionError",
            notebook(new_output("error", ename="ZeroDivisionError", evalue="no")),
        ),
        ("writes to stderr: careful", notebook(stream("careful", "stderr"))),
        ("output names a path of one machine: /home/", notebook(stream(f"in {HOME}/unet"))),
        (
            "output names a path of one machine: /tmp/",
            notebook(shown(html=f"<pre>{TEMPORARY}</pre>")),
        ),
        (
            "source names a path of one machine: " + "/" + "root/",
            notebook(source=f"open('{ROOT_FILE}')"),
        ),
        ("image/png without alternative text", notebook(shown(png=png()))),
        (
            "image/svg+xml without alternative text",
            notebook(shown(svg="<svg/>", metadata={"alt": " "})),
        ),
        ("picture without alternative text: <img", notebook(shown(html='<img src="a.png">'))),
        (
            "picture without alternative text: <img",
            notebook(shown(html='<img alt="" src="a.png">')),
        ),
        (
            "picture without alternative text: ![]",
            notebook(cells=[new_markdown_cell("![](a.png)")]),
        ),
        ("15 lines of code", notebook(source="\n".join("x" * 15))),
        ("more than 1,500,000", notebook(shown(plain="x" * MOST_BYTES))),
    ],
)
def test_a_fault_is_found(fault, broken):
    found = faults(broken)
    assert len(found) == 1
    assert fault in found[0]


def test_a_widget_without_a_page_is_found_and_replaced_by_a_sentence():
    raw = notebook()
    raw.cells[0].outputs = [new_output("display_data", WIDGET)]
    assert [fault for fault in faults(raw) if "no text/html form" in fault]
    (output,) = notebooks.normalise(raw).cells[0].outputs
    assert output.data == {"text/html": f"<p>{notebooks.LIVE}</p>", "text/plain": notebooks.LIVE}


def test_counts_out_of_order_and_widget_state_are_found():
    broken = notebook(shown(plain="2"))
    broken.cells[0].execution_count = 7
    broken.metadata.widgets = {}
    assert [fault.split(":")[0] for fault in faults(broken)] == [
        "execution counts are [7], not 1, 2, 3, ...",
        "widget state is committed",
    ]


@pytest.mark.parametrize(
    ("difference", "old", "new"),
    [
        (
            "text/plain was ...'88.85'..., is ...'88.86'...",
            shown(plain="88.85"),
            shown(plain="88.86"),
        ),
        ("text/latex was", shown(latex="$n$"), shown(latex="$n^2$")),
        ("text/html was", shown(html="<b>1</b>"), shown(html="<b>2</b>")),
        ("stdout was", stream("1"), stream("1\n2")),
        ("shows [['text/plain']] now, not [['stdout']]", stream("1"), shown(plain="1")),
        ("a picture differs", shown(png=png(bar=20)), shown(png=png(bar=24))),
        (
            "a picture of (50, 64, 3) pixels was one of (48, 64, 3)",
            shown(png=png()),
            shown(png=png(height=50)),
        ),
        (
            "a picture differs",
            shown(html=f'<img src="data:image/png;base64,{png(bar=20)}">'),
            shown(html=f'<img src="data:image/png;base64,{png(bar=24)}">'),
        ),
        (
            "metadata was {'alt': 'old'}",
            shown(metadata={"alt": "old"}),
            shown(metadata={"alt": "new"}),
        ),
        ("image/svg+xml differs", shown(svg="<svg/>"), shown(svg="<svg></svg>")),
    ],
)
def test_a_difference_is_found(difference, old, new):
    found = differences(notebook(old), notebook(new))
    assert len(found) == 1
    assert difference in found[0]


def test_a_picture_may_be_encoded_differently():
    assert png(mode="RGB") != png(mode="RGBA")
    assert (
        differences(notebook(shown(png=png(mode="RGB"))), notebook(shown(png=png(mode="RGBA"))))
        == []
    )


def test_a_cell_that_says_so_may_differ():
    source = "measure()  # NBVAL_IGNORE_OUTPUT"
    assert (
        differences(notebook(stream("1 s"), source=source), notebook(stream("2 s"), source=source))
        == []
    )


EVERYTHING = [
    "import ipywidgets, matplotlib.pyplot as plt, os, sympy",
    "sympy.Symbol('n') ** 2",
    "plt.plot([1, 2]);",
    "ipywidgets.IntSlider(3)",
    "print('one'); print('two', flush=True); print('three')",
    "print(os.environ['IPYTHONDIR'] != os.path.expanduser('~/.ipython'))",
    "object()",
    "ipywidgets.interact(lambda n: print(n), n=3);",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    nb = new_notebook(cells=[new_code_cell(source) for source in EVERYTHING])
    nb.cells[1].id = nb.cells[0].id  # copied in a text editor
    return notebooks.execute(nb, tmp_path_factory.mktemp("notebooks"))


def test_execution_gives_the_outputs_of_a_fresh_kernel(executed):
    outputs = [cell.outputs[0] if cell.outputs else None for cell in executed.cells]
    assert [cell.execution_count for cell in executed.cells] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert outputs[1].data == {"text/latex": "$\\displaystyle n^{2}$", "text/plain": "n**2"}
    assert outputs[2].data["image/png"].startswith("iVBOR")
    assert outputs[4].text == "one\ntwo\nthree\n"
    assert outputs[5].text == "True\n"
    assert outputs[6].data["text/plain"] == "<object>"


def test_execution_leaves_nothing_that_changes_from_run_to_run(executed, tmp_path):
    assert executed.metadata == notebooks.NOTEBOOK_METADATA
    assert len({cell.id for cell in executed.cells}) == len(EVERYTHING)
    assert all(cell.metadata == {} for cell in executed.cells)
    again = notebooks.execute(executed, tmp_path)
    assert differences(executed, again) == []


def test_a_readers_guesses_are_not_executed_into_a_notebook(tmp_path):
    (tmp_path / "my-predictions.json").write_text('{"a doubled side": 7}')
    source = "from unet_complexity.checks import ledger, predict\npredict('most pixels', 5)\nledger('a doubled side')"
    ran = notebooks.execute(new_notebook(cells=[new_code_cell(source)]), tmp_path)
    assert "no guess" in ran.cells[0].outputs[0].data["text/plain"]
    assert "most pixels" not in (tmp_path / "my-predictions.json").read_text()


def test_a_reply_that_comes_just_before_a_message_is_sent_is_not_overlooked():
    async def reply():
        with zmq.Context() as far, zmq.asyncio.Context() as near:
            session, kernel = Session(), far.socket(zmq.ROUTER)
            port = kernel.bind_to_random_port("tcp://127.0.0.1")
            with near.socket(zmq.DEALER) as socket, kernel:
                socket.connect(f"tcp://127.0.0.1:{port}")
                channel = notebooks.Channel(socket, session)
                channel.send(session.msg("execute_request"))
                address, _ = session.recv(kernel, mode=0)
                waiting = asyncio.create_task(channel.get_msg())
                await asyncio.sleep(0.1)
                session.send(kernel, "execute_reply", ident=address)
                time.sleep(0.2)  # it arrives, and the event loop has not seen it
                channel.send(session.msg("comm_msg"))
                return await asyncio.wait_for(waiting, timeout=20)

    with ThreadPoolExecutor() as pool:  # a browser's test may have left its loop in this one
        replied = pool.submit(lambda: asyncio.run(reply())).result()
    assert replied["msg_type"] == "execute_reply"


def test_execution_uses_such_a_channel(tmp_path, monkeypatch):
    send, sent = notebooks.Channel.send, []
    monkeypatch.setattr(
        notebooks.Channel, "send", lambda self, msg: sent.append(msg) or send(self, msg)
    )
    notebooks.execute(new_notebook(cells=[new_code_cell("1")]), tmp_path)
    assert "execute_request" in {msg["header"]["msg_type"] for msg in sent}


def test_html_is_kept_and_the_widget_goes():
    both = notebook(
        new_output("display_data", {**WIDGET, "text/html": "<p>", "text/plain": "Slider()"})
    )
    assert set(both.cells[0].outputs[0].data) == {"text/html", "text/plain"}


def test_html_is_postprocessed(monkeypatch):
    monkeypatch.setattr(notebooks, "postprocess_html", str.upper)
    assert notebook(shown(html="<p>")).cells[0].outputs[0].data["text/html"] == "<P>"


def test_the_command_rewrites_a_notebook_in_place_and_then_leaves_it(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    notebooks.write(new_notebook(cells=[new_code_cell("1 + 1", execution_count=9)]), path)
    notebooks.main([str(path)])
    assert notebooks.read(path).cells[0].outputs[0].data["text/plain"] == "2"
    assert path.read_text().endswith("}\n")
    notebooks.main([str(path)])
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        "changed",
        "unchanged",
    ]


def test_the_command_leaves_a_notebook_that_fails_and_goes_on_to_the_next(tmp_path, capsys):
    for name, source in [("a", "1 / 0"), ("b", "1 + 1")]:
        notebooks.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / f"{name}.ipynb")
    before = (tmp_path / "a.ipynb").read_text()
    assert notebooks.main([str(tmp_path / "a.ipynb"), str(tmp_path / "b.ipynb")]) == 1
    assert (tmp_path / "a.ipynb").read_text() == before
    assert notebooks.read(tmp_path / "b.ipynb").cells[0].outputs[0].data["text/plain"] == "2"
    assert "FAILED, left as it was" in capsys.readouterr().out
