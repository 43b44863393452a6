"""What one student does, without a browser: start a server, open the notebook, run its cells one after the other."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

LARGEST = 2**27  # bytes of one message: a cell with figures
SHOWN = ("stream", "display_data", "execute_result")
AsyncHTTPClient.configure(None, max_clients=200)


@dataclass
class Student:
    """``seconds`` are counted from the click on "start"; ``errors`` say which cell and what."""

    name: str
    address: str
    token: str
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    async def attend(self, notebook: str) -> None:
        """Opens ``notebook`` and runs it; the server and its kernel stay."""
        self.began = time.perf_counter()
        try:
            await self.ask("POST", f"/hub/api/users/{self.name}/server")
            await self.until_ready()
            self.lap("server")
            cells = await self.open(notebook)
            await self.run(notebook, cells)
            self.lap("all cells")
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")

    def lap(self, what: str) -> None:
        self.seconds.setdefault(what, time.perf_counter() - self.began)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = HTTPRequest(
            f"{self.address}{path}",
            method,
            {"Authorization": f"token {self.token}"},
            json.dumps(body or {}) if method in ("POST", "PUT") else None,
            request_timeout=280,
        )
        return (await AsyncHTTPClient().fetch(request)).body

    async def until_ready(self) -> None:
        while True:
            server = json.loads(await self.ask("GET", f"/hub/api/users/{self.name}"))[
                "servers"
            ].get("", {})
            if server.get("ready"):
                return
            if not server.get("pending"):
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.5)

    async def open(self, notebook: str) -> list[str]:
        """The page, then what it asks for: the notebook's code cells."""
        await self.ask("GET", f"/user/{self.name}/lab/tree/{notebook}")
        content = json.loads(await self.ask("GET", f"/user/{self.name}/api/contents/{notebook}"))[
            "content"
        ]
        return [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]

    async def run(self, notebook: str, cells: list[str]) -> None:
        session = {
            "path": notebook,
            "name": notebook,
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        kernel = json.loads(await self.ask("POST", f"/user/{self.name}/api/sessions", session))[
            "kernel"
        ]["id"]
        address = f"{self.address.replace('http', 'ws', 1)}/user/{self.name}/api/kernels/{kernel}/channels"
        request = HTTPRequest(
            address, headers={"Authorization": f"token {self.token}"}, request_timeout=280
        )
        line = await websocket_connect(request, max_message_size=LARGEST)
        for place, source in enumerate(cells):
            await self.run_cell(line, place, source)
        line.close()

    async def run_cell(self, line: Any, place: int, source: str) -> None:
        """Sends one cell and listens until the kernel has answered and is idle again."""
        asked, waiting = uuid.uuid4().hex, {"execute_reply", "idle"}
        await line.write_message(json.dumps(execute(asked, source)))
        while waiting:
            if (text := await line.read_message()) is None:
                raise ConnectionError(f"the line was cut in cell {place}")
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind in SHOWN:
                self.lap("first output")
            if kind == "error":
                self.errors.append(f"cell {place}: {content['ename']}: {content['evalue']}")
            waiting -= {kind, content.get("execution_state")}


def execute(name: str, source: str) -> dict[str, Any]:
    """The message that asks a kernel to run a cell."""
    header = {
        "msg_id": name,
        "msg_type": "execute_request",
        "version": "5.3",
        "session": name,
        "username": "",
    }
    content = {
        "code": source,
        "silent": False,
        "store_history": True,
        "allow_stdin": False,
        "stop_on_error": False,
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
