"""The worker's entry: puts a session together from the browser's parts and connects it to the page.

Owns the wiring, and how an engine is opened. The page's first message has the manifest; commands follow through the
port.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import tabgrad
from tabgrad.backends.engines import ENGINES, EngineChoice, order_variants, select_engine
from tabgrad.data import DataError
from tabgrad.data.catalogue import DataSets
from tabgrad.data.packed import gunzip
from tabgrad.interop import chosen, files, folder, pictures, storage, worker
from tabgrad.interop.tab_lock import TabLock
from tabgrad.program import Program, Target
from tabgrad.protocol import AnyEvent, Failed, ProtocolError, decode_command, encode
from tabgrad.settings import RunSettings
from tabgrad.storage import BestEffortCache, Cache, keys

from .host import WorkerHost
from .importing import Importing
from .plan import training_request
from .programs import ProgramLibrary, drop_other_versions
from .runtime import no_features
from .shelf import Shelf

if TYPE_CHECKING:
    from tabgrad.data.reading import InputFile, Progress, Reading

COMPILER_FOLDER = "/home/pyodide/compiler"
#: Work that nobody waits for; the event loop itself does not keep it alive.
_background: list[asyncio.Future[None]] = []


def serve(port: Any, first: str) -> None:
    """Serve the page at the other end of `port`, a MessagePort. `first` is JSON: {"base": URL, "manifest": {...}}."""
    worker.end_when_python_dies(port, encode(Failed(kind="ended", message="Python has ended in the worker."))[0])
    opening = json.loads(first)
    manifest: dict[str, Any] = opening["manifest"]
    base: str = opening["base"]
    folder.set_base(base)

    async def fetch(url: str) -> bytes:
        return await files.fetch_bytes(base + url)

    async def load_compiler() -> None:
        if COMPILER_FOLDER not in sys.path:
            await files.unpack(base + manifest["python"]["compiler"], COMPILER_FOLDER)
            sys.path.append(COMPILER_FOLDER)
            # The layers that need tinygrad come with it: the page answers drawings without them.
            tabgrad.__path__.append(f"{COMPILER_FOLDER}/tabgrad")
            importlib.invalidate_caches()

    inflate = files.inflate if files.can_inflate() else gunzip
    cache = BestEffortCache(storage.open_storage)
    programs = ProgramLibrary(manifest["training"], fetch, cache, load_compiler, manifest["version"])

    async def stored(key: str) -> bytes | None:
        return await (await storage.open_storage()).get(key)

    def send(event: AnyEvent) -> None:
        channel.send(*encode(event))

    def receive(text: str, blobs: list[Any]) -> None:
        try:
            host.receive(decode_command(text, blobs))
        except ProtocolError as error:
            send(Failed(kind="input", message=str(error)))

    data_sets = DataSets(manifest["data"], fetch, inflate, partial(stored, keys.DRAWINGS), stored)
    shelf = Shelf(storage.open_storage, TabLock(keys.SETS_LOCK))
    importing = Importing(read_files, chosen.ChosenFile, shelf, data_sets, send)
    cnn = manifest["models"].get("cnn")
    features = partial(fetch, cnn["weights"]) if cnn else no_features
    opener = partial(open_engine, programs, cache)
    host = WorkerHost(opener, programs, data_sets, send, importing, fetch_features=features)
    channel = worker.Port(port, receive)
    for work in (drop_other_versions(storage.open_storage, manifest["version"]), shelf.drop_halves()):
        _background.append(asyncio.ensure_future(work))


async def read_files(files: Sequence[InputFile], choices: Mapping[str, str], progress: Progress) -> Reading:
    """The data set in files that the visitor has chosen. Raises DataError or OSError with one sentence."""
    from tabgrad.data import reading  # which few visitors need

    return await reading.read(files, choices, decode_picture, progress)


async def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """A picture's pixels: see `data.reading.Decode`."""
    from tabgrad.data.reading import MAX_SIDE

    try:
        return await pictures.decode(data, MAX_SIDE)
    except pictures.PictureError as error:
        raise DataError(str(error)) from error


async def open_engine(programs: ProgramLibrary, cache: Cache, choice: str) -> EngineChoice:
    """The engine for "webgpu", "wasm" or "auto". Raises EngineError with one sentence if it cannot be opened.

    Steps of the default network are timed, on every engine and in every variant: each site ships those programs.
    Compiling the visitor's own network for all of them would cost more than a wrong choice.
    """

    async def default_program(target: Target, variant: str) -> Program | None:
        return await programs.prebuilt(training_request(RunSettings(), target, variant))

    chosen = await select_engine(default_program, choice, cache)
    if ENGINES[chosen.device.name].measures_variants:
        await order_variants(chosen.device, default_program, cache)
    return chosen
