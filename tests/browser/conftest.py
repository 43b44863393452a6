"""A real Chromium, a real JupyterLab, and pages that fail on any error they log.

    chromium        the browser, one for all tests in this folder
    page            a fresh page; an error in its console, or in its scripts, fails the test
    lab_server      a JupyterLab of its own: ``.url``, and ``.root``, where a copy of notebooks/ lies
    lab_page(nb)    a page like ``page`` with a notebook (a file name, or a notebook object) open in Lab, trusted and
                    executed; Lab is loaded once, its next notebook starts when the last one is closed
    notebook_page   the same in Notebook 7
    voila_page(nb)  ``page`` with the notebook as Voila shows it: outputs only
    far_page(nb)    as ``lab_page``, over a connection with round trips of 150 ms, as to Binder
    offline_page(p) ``page`` with an HTML file or a notebook exported to HTML, every request refused
    site            the folder in which the static site has been built
    lite_site       the address of what "make lite" has built, on a server that knows nothing but files
    lite_page(nb)   ``page`` with a notebook of that site, its cells about to run, every other request refused

The browser is Debian's or the user's own. As root on Debian a missing one is installed; elsewhere the
tests are skipped, and with CI=true they fail.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import TimeoutError, sync_playwright

from tools import lite, notebooks

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
WINDOWS = "C:/Program Files/Google/Chrome/Application/chrome.exe"
# No sandbox: a container cannot provide one. Most of the rest keeps the browser from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-smooth-scrolling",  # the theme glides to each button: half a second of frames before a click
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 60
REFUSED = "net::ERR_FAILED"  # what a page logs for each request that offline_page aborts


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, (*NAMES, MACOS, WINDOWS))), None)


def install_browser() -> None:
    """Debian's package, where that is possible without a password."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], check=False, **quiet)
        subprocess.run(
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            **quiet,
        )


def browser_or_skip() -> str:
    if not find_browser():
        install_browser()
    if path := find_browser():
        return path
    message = (
        "NO BROWSER: the explorers were not moved. Install Chromium or Chrome to run these tests."
    )
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="package")
def chromium():
    executable = browser_or_skip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def listening(browser):
    """A page in a window of its own that keeps the errors that it reports."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(f"page error: {error}"))
    page.on(
        "console", lambda message: message.type == "error" and page.errors.append(describe(message))
    )
    return page


@pytest.fixture
def page(chromium):
    """Fails its test for an error that the page reported, unless the test takes it out of ``page.errors``."""
    page = listening(chromium)
    yield page
    page.context.close()
    assert page.errors == []


def describe(message) -> str:
    return f"console error: {message.text} ({message.location.get('url')})"


@dataclass
class Lab:
    """A running JupyterLab, its notebooks' folder, and the environment that keeps its settings to itself."""

    url: str
    root: Path
    env: dict[str, str]

    def get(self, path: str, method: str = "GET"):
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def stop_kernels(self) -> None:
        """Otherwise the next test could get this one's kernel, or its processor time."""
        for session in self.get("api/sessions"):
            self.get(f"api/sessions/{session['id']}", method="DELETE")

    def put(self, notebook) -> str:
        """Store a notebook as trusted, as after its author ran it, and return its name in Lab."""
        name = notebook if isinstance(notebook, str) else f"{uuid.uuid4().hex}.ipynb"
        if name != notebook:
            notebooks.write(notebooks.normalise(notebook), self.root / name)
        notary = NotebookNotary(data_dir=self.env["JUPYTER_DATA_DIR"])
        notary.sign(notebooks.read(self.root / name))
        notary.store.close()  # Python 3.13 warns of a database that is not closed
        return name


def own_environment(folder: Path) -> dict[str, str]:
    """Settings of a new user: no news dialog, and every cell in the page, not only those in view."""
    places = {
        name: folder / name
        for name in ("config", "data", "runtime", "ipython", "settings", "workspaces")
    }
    files = {
        "config/labconfig/page_config.json": {
            "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}
        },
        "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
            "windowingMode": "none"
        },
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    return os.environ | {
        "JUPYTER_CONFIG_DIR": str(places["config"]),
        "JUPYTER_DATA_DIR": str(places["data"]),
        "JUPYTER_RUNTIME_DIR": str(places["runtime"]),
        "IPYTHONDIR": str(places["ipython"]),
        "JUPYTERLAB_SETTINGS_DIR": str(places["settings"]),
        "JUPYTERLAB_WORKSPACES_DIR": str(places["workspaces"]),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    root, env, port = folder / "notebooks", own_environment(folder), free_port()
    if notebooks.FOLDER.exists():
        shutil.copytree(notebooks.FOLDER, root, ignore=shutil.ignore_patterns(".*"))
    root.mkdir(exist_ok=True)
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    with serve([sys.executable, "-m", "jupyterlab", *options], env, folder / "log.txt") as process:
        lab = Lab(f"http://127.0.0.1:{port}", root, env)
        wait_until_listening(f"{lab.url}/api/status", process)
        yield lab
        lab.stop_kernels()


@contextlib.contextmanager
def serve(command: list[str], env: dict[str, str], log: Path):
    """A server that lives as long as it is needed."""
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_listening(url: str, process: subprocess.Popen) -> None:
    for _ in range(SECONDS * 5):
        assert process.poll() is None, f"the server of {url} ended by itself"
        try:
            return urllib.request.urlopen(url, timeout=30).close()
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {SECONDS} s")


# What the page knows of the current notebook: its kernel, its cells' prompts, and the errors they show.
NOTEBOOK = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel?.status;
    if (!panel?.content?.model || !kernel) return null;
    const code = [...panel.content.model.cells].filter(cell => cell.type === 'code');
    const full = code.filter(cell => cell.sharedModel.source.trim());
    const outputs = full.flatMap(cell => cell.outputs.toJSON());
    return {
        idle: kernel === 'idle',
        started: full.some(cell => cell.executionCount !== null),
        finished: full.every(cell => cell.executionCount !== null),
        errors: outputs.filter(output => output.output_type === 'error').map(output => output.evalue),
    };
}"""
OPENED = f"() => ({NOTEBOOK})()?.idle"
STARTED = f"() => ({NOTEBOOK})()?.started"
FINISHED = f"() => {{ const now = ({NOTEBOOK})(); return now.idle && (now.finished || now.errors.length > 0); }}"


def run_all_cells(page) -> None:
    """Lab drops the command while the notebook is still being set up: resent until a prompt changes."""
    page.wait_for_function(OPENED)
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    for _ in range(10):
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        with contextlib.suppress(TimeoutError):
            page.wait_for_function(STARTED, timeout=3000)
            break
    page.wait_for_function(FINISHED)
    assert page.evaluate(NOTEBOOK)["errors"] == []


OPEN = (
    """(path) => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => {})"""
)
SAVE = "window.jupyterapp.commands.execute('docmanager:save')"
SAVED = "!window.jupyterapp.shell.currentWidget.context.model.dirty"


def close_and_open(page, models) -> None:
    """Close the notebook, saved, while its kernel goes on, and open it again on the same page."""
    page.evaluate(SAVE)
    page.wait_for_function(SAVED)
    page.evaluate(f"window.before = [...{models}.values()]")
    panel = "window.jupyterapp.shell.currentWidget"
    path = page.evaluate(f"{panel}.context.path")
    page.evaluate(f"{panel}.dispose()")
    page.wait_for_function(CLOSED)
    page.evaluate(OPEN, path)
    page.wait_for_function(OPENED)
    page.wait_for_function(f"[...{models}.values()].some((one) => !window.before.includes(one))")


CLOSE = """async () => {
    for (const panel of [...window.jupyterapp.shell.widgets('main')].filter((one) => one.sessionContext)) {
        try {
            if (panel.sessionContext.session) await panel.sessionContext.shutdown();
        } finally {
            panel.dispose();
        }
    }
}"""
CLOSED = "() => !document.querySelector('.jp-NotebookPanel')"


@pytest.fixture(scope="package")
def lab_window(chromium, lab_server):
    """JupyterLab loaded once: that takes eight times as long as a notebook in it."""
    page = listening(chromium)
    # A workspace of its own: Lab would otherwise restore what another window had open.
    page.goto(f"{lab_server.url}/lab/workspaces/{uuid.uuid4().hex}")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget")
    yield page
    page.context.close()


@pytest.fixture
def lab_open(lab_window, lab_server):
    """``lab_open(name)``: the page with a notebook of ``lab_server.root``, its cells not run."""
    lab_window.errors.clear()  # those of the last notebook's end: its kernel did not answer any more

    def open_notebook(name):
        lab_window.evaluate(OPEN, name)
        lab_window.wait_for_function(OPENED)
        return lab_window

    yield open_notebook
    # Lab rejects a save or the start of a kernel with this word once their notebook is closed,
    # sometimes after the next one is open.
    errors = [error for error in lab_window.errors if error != "page error: Disposed"]
    lab_window.evaluate(CLOSE)
    lab_window.wait_for_function(CLOSED)
    lab_server.stop_kernels()
    assert errors == []


@pytest.fixture
def lab_page(lab_open, lab_server):
    """``lab_page(notebook)``: the page, once all cells have run and the kernel is idle again."""

    def run_notebook(notebook):
        page = lab_open(lab_server.put(notebook))
        run_all_cells(page)
        return page

    return run_notebook


class FarAway:
    """A way to a port on which everything takes ``one_way`` seconds, in both directions."""

    def __init__(self, port: int, one_way: float):
        self.there, self.one_way, self.port = port, one_way, free_port()
        self.loop, self.writers = asyncio.new_event_loop(), []

    async def meet(self, reader, writer) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.there)
        self.writers += [writer, back]
        await asyncio.gather(self.carry(reader, back), self.carry(there, writer))

    async def carry(self, reader, writer) -> None:
        """Each piece arrives late, and in order; sending does not wait for what is on its way."""
        with contextlib.suppress(OSError):
            while piece := await reader.read(2**16):
                self.loop.call_later(self.one_way, writer.write, piece)
        self.loop.call_later(self.one_way, writer.close)

    def __enter__(self):
        self.thread = threading.Thread(
            target=self.loop.run_forever
        )  # this one's own loop is the browser's
        self.thread.start()
        self.server = self.run(asyncio.start_server(self.meet, "127.0.0.1", self.port))
        return self

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def __exit__(self, *error) -> None:
        async def leave() -> None:
            self.server.close()
            mine = asyncio.all_tasks() - {asyncio.current_task()}
            for task in mine:
                task.cancel()
            await asyncio.gather(*mine, return_exceptions=True)
            for writer in self.writers:
                writer.close()
            await asyncio.gather(
                *(writer.wait_closed() for writer in self.writers), return_exceptions=True
            )

        self.run(leave())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def far_page(page, lab_server):
    """``far_page(notebook)``: as ``lab_page``, with the server 75 ms away."""
    with FarAway(int(lab_server.url.rpartition(":")[2]), one_way=0.075) as way:

        def open_notebook(notebook):
            name = lab_server.put(notebook)
            page.goto(f"http://127.0.0.1:{way.port}/lab/workspaces/{uuid.uuid4().hex}/tree/{name}")
            run_all_cells(page)
            return page

        yield open_notebook
        page.goto("about:blank")
    lab_server.stop_kernels()


@pytest.fixture
def notebook_page(page, lab_server):
    """``notebook_page(notebook)``: as ``lab_page``, in Notebook 7."""

    def open_notebook(notebook):
        page.goto(f"{lab_server.url}/notebooks/{lab_server.put(notebook)}")
        run_all_cells(page)
        return page

    yield open_notebook
    page.goto("about:blank")
    lab_server.stop_kernels()
    # Notebook 7's own, on a slow machine: it loads its settings, and leaves, before all of its parts are there.
    its_own = ("(reading 'schema')", "Command 'filebrowser:open-path' not registered.")
    page.errors[:] = [error for error in page.errors if not error.endswith(its_own)]


@pytest.fixture
def voila_page(page, tmp_path):
    """``voila_page(notebook)``: what Voila makes of a notebook, which it runs itself."""
    with contextlib.ExitStack() as servers:

        def open_notebook(notebook):
            path, port = tmp_path / "test.ipynb", free_port()
            notebooks.write(notebooks.normalise(notebook), path)
            options = [str(path), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
            command = [sys.executable, "-m", "voila", *options]
            process = servers.enter_context(
                serve(command, own_environment(tmp_path), tmp_path / "log.txt")
            )
            wait_until_listening(f"http://127.0.0.1:{port}/voila/static/voila.js", process)
            page.context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
            page.goto(f"http://127.0.0.1:{port}/")
            return page

        yield open_notebook
        page.goto("about:blank")
    # Voila's template asks elsewhere for its icons, and its loader tries extensions that are made for Lab alone.
    page.errors[:] = [
        error for error in page.errors if REFUSED not in error and "shared module" not in error
    ]


@pytest.fixture
def offline_page(page, tmp_path):
    """``offline_page(source)``: an HTML file, or a notebook as nbconvert exports it, without any network."""

    def open_offline(source):
        refused = []
        page.context.route("**/*", lambda route: refuse_network(route, refused))
        page.goto(notebooks.export(source, tmp_path).as_uri())
        page.wait_for_load_state()
        page.refused = refused
        # A refused request is what is being tested, not an error of the page.
        page.errors[:] = [error for error in page.errors if REFUSED not in error]
        return page

    return open_offline


def refuse_network(route, refused: list[str]) -> None:
    if route.request.url.startswith(("file:", "data:", "blob:")):
        route.continue_()
    else:
        refused.append(route.request.url)
        route.abort()


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """The static site, built by the real builder."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "tools.site", str(out)],
        cwd=lite.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out


# Without a server: Python in the page


# What a page logs for each package that it asked for in vain.
IN_VAIN = (REFUSED, "error occurred while loading", "Failed to fetch")
FOUND = "() => Boolean(window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel)"


def npm_or_skip() -> None:
    if shutil.which("npm") and shutil.which("make"):
        return
    message = "NO NPM: the tutorial was not run without a server. Install Node.js and make to run this test."
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="package")
def lite_site(tmp_path_factory):
    """The address of the site, in a folder of a server that knows nothing but files."""
    browser_or_skip()
    npm_or_skip()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHONPATH"))
    }
    start = time.perf_counter()
    command = ["make", "--no-print-directory", "lite", f"PYTHON={sys.executable}"]
    made = subprocess.run(
        command, cwd=lite.ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    print(f"\nmake lite: {time.perf_counter() - start:.1f} s")
    port = free_port()
    options = [str(port), "--bind", "127.0.0.1", "--directory", str(lite.SITE.parent)]
    log = tmp_path_factory.mktemp("lite") / "log.txt"
    with serve([sys.executable, "-m", "http.server", *options], dict(os.environ), log) as process:
        url = f"http://127.0.0.1:{port}/{lite.SITE.name}"
        wait_until_listening(url, process)
        yield url


@pytest.fixture
def lite_page(page, lite_site):
    """``lite_page(notebook)``: the page with a notebook of the site, all of whose cells are about to run."""
    page.refused = []
    page.set_default_timeout(3 * SECONDS * 1000)  # Python itself starts in the page
    page.context.route(
        lambda url: not url.startswith(lite_site), lambda route: refuse_network(route, page.refused)
    )

    def open_notebook(name):
        page.goto(f"{lite_site}/lab/index.html?path={name}", wait_until="commit")
        page.wait_for_function(FOUND)
        page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        return page

    yield open_notebook
    page.errors[:] = [
        error for error in page.errors if not any(words in error for words in IN_VAIN)
    ]
