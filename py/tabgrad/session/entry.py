"""What the worker script calls: puts a session together from the browser's parts and connects it to the page.

Owns the wiring and nothing else. The page's first message brings the manifest; commands follow through the port.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import tabgrad
from tabgrad.data import gunzip
from tabgrad.data.sets import DataSets
from tabgrad.interop import files, storage, streams, worker
from tabgrad.protocol import DRAWINGS_KEY, AnyEvent, Failed, ProtocolError, decode_command, encode

from .engines import open_engine
from .host import WorkerHost
from .programs import ProgramLibrary
from .services import Opened, Services

COMPILER_FOLDER = "/home/pyodide/compiler"


class BrowserCache:
    """Compiled programs in the browser's storage. Implements `programs.Cache`: what fails is a miss."""

    async def get(self, key: str) -> bytes | None:
        """What was kept, or None."""
        try:
            return await (await storage.open_storage()).get(key)
        except storage.StorageError:
            return None

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value` if there is room."""
        try:
            await (await storage.open_storage()).put(key, value)
        except storage.StorageError:
            return


def serve(port: Any, first: str) -> None:
    """Serve the page at the other end of `port`, a MessagePort. `first` is JSON: {"base": URL, "manifest": {...}}."""
    opening = json.loads(first)
    manifest: dict[str, Any] = opening["manifest"]
    base: str = opening["base"]

    async def fetch(url: str) -> bytes:
        return await files.fetch_bytes(base + url)

    async def load_compiler() -> None:
        if COMPILER_FOLDER not in sys.path:
            await worker.unpack(base + manifest["python"]["compiler"], COMPILER_FOLDER)
            sys.path.append(COMPILER_FOLDER)
            # The layers that need tinygrad come with it: the page answers drawings without them.
            tabgrad.__path__.append(f"{COMPILER_FOLDER}/tabgrad")
            importlib.invalidate_caches()

    inflate = streams.inflate if streams.can_inflate() else gunzip
    cache = BrowserCache()
    programs = ProgramLibrary(manifest["training"], fetch, cache, load_compiler, manifest["version"])

    async def open_one(choice: str) -> Opened:
        return await open_engine(choice, programs, cache)

    async def drawings() -> bytes | None:
        return await (await storage.open_storage()).get(DRAWINGS_KEY)

    services = Services(open_one, programs, DataSets(manifest["data"], fetch, inflate, drawings))

    def send(event: AnyEvent) -> None:
        channel.send(*encode(event))

    def receive(text: str, blobs: list[bytes]) -> None:
        try:
            host.receive(decode_command(text, blobs))
        except ProtocolError as error:
            send(Failed(kind="input", message=str(error)))

    host = WorkerHost(services, send)
    channel = worker.Port(port, receive)
