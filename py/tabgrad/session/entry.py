"""The worker's entry: puts a session together from the browser's parts and connects it to the page.

Owns the wiring and nothing else. The page's first message has the manifest; commands follow through the port.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import tabgrad
from tabgrad.backends.engines import EngineChoice
from tabgrad.data.reader import gunzip
from tabgrad.data.sets import DataSets
from tabgrad.interop import files, storage, streams, worker
from tabgrad.protocol import AnyEvent, Failed, ProtocolError, decode_command, encode
from tabgrad.storage import BestEffortCache, keys

from .engines import open_engine
from .host import WorkerHost
from .programs import ProgramLibrary
from .runtime import Services

COMPILER_FOLDER = "/home/pyodide/compiler"


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
    cache = BestEffortCache(storage.open_storage)
    programs = ProgramLibrary(manifest["training"], fetch, cache, load_compiler, manifest["version"])

    async def open_one(choice: str) -> EngineChoice:
        return await open_engine(choice, programs, cache)

    async def drawings() -> bytes | None:
        return await (await storage.open_storage()).get(keys.DRAWINGS)

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
