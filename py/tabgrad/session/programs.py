"""Finds the program for a request: prebuilt on the site, compiled on an earlier visit, or compiled now by tinygrad.

Owns the order of these three; the compiler itself is `tabgrad.model`, imported when needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

from tabgrad.data import Fetch
from tabgrad.interop.clock import now_s
from tabgrad.network import SourceError, is_written
from tabgrad.program import Program, ProgramError, Target, dumps, loads
from tabgrad.protocol import Busy, Compiled, Compiling
from tabgrad.storage import Cache, OpenStore, keys

from .pace import Emit
from .plan import ProgramRequest

#: What the programs of each kind are for, in words for the visitor.
_PURPOSES: Mapping[str, str] = {
    "train": "training",
    "evaluate": "measuring",
    "infer": "answering",
    "init": "the first weights",
    "activations": "looking inside",
    "saliency": "the gradient of the answer",
}
#: What the kernels of all programs are kept under.
KERNELS = "kernels"
#: A compilation may take this long before the page may take the worker for dead: of a network of this page, and of one
#: that somebody wrote. Seconds.
MAX_COMPILE_S, MAX_WRITTEN_COMPILE_S = 120.0, 600.0


def compile_program(request: ProgramRequest, emit: Emit = lambda _event: None) -> Program:
    """Compile with tinygrad, which blocks for seconds. ProgramError if there is no such network, SourceError for a
    written one that cannot be used.
    """
    from tabgrad import model

    def tell(done: int, kernels: int) -> None:
        emit(Compiling(name=request.kind, kernel=done, kernels=kernels))

    with model.watching(tell):
        return _compile(request)


def _compile(request: ProgramRequest) -> Program:
    from tabgrad import model

    target, spec, options = cast(Target, request.target), request.spec, cast(Any, dict(request.options))
    try:
        if request.kind == "train":
            return model.training(spec, model.Training(**options), target, request.variant)
        if request.kind == "evaluate":
            return model.evaluation(spec, options["batch"], target, request.variant)
        if request.kind == "init":
            return model.initial(spec, target, request.variant)
        if request.kind == "activations":
            return model.activations(spec, target, request.variant)
        if request.kind == "saliency":
            return model.saliency(spec, target, request.variant)
        return model.inference(spec, target, request.variant)
    except SourceError:
        raise
    except ValueError as error:
        raise ProgramError(str(error)) from error


async def drop_other_versions(open_store: OpenStore, version: str) -> None:
    """Delete what other versions of the site have compiled in this browser. Best effort: they only take up room."""
    mine = keys.compiled_program(version, "")
    with suppress(OSError):
        store = await open_store()
        for key in await store.keys(keys.PROGRAMS_PREFIX):
            if not key.startswith(mine):
                await store.delete(key)


class ProgramLibrary:
    """`prebuilt` maps stems to URLs (the manifest's "training"); `load_compiler` makes tinygrad importable.

    `version` of the site is part of the cache's keys: another compiler makes other programs.
    """

    def __init__(
        self,
        prebuilt: Mapping[str, str],
        fetch: Fetch,
        cache: Cache,
        load_compiler: Callable[[], Awaitable[None]],
        version: str,
    ) -> None:
        self._prebuilt, self._fetch, self._cache = prebuilt, fetch, cache
        self.load_compiler, self._version = load_compiler, version
        self._ready: dict[str, Program] = {}
        self._has_recalled = False

    async def get(self, request: ProgramRequest, emit: Emit) -> Program:
        """The program; `emit` is told unless it was ready. Raises ProgramError, SourceError, or what `fetch` raises."""
        stem = request.stem
        if stem not in self._ready:
            started = now_s()
            program, source = await self._find(request, emit)
            self._ready[stem] = program
            seconds = now_s() - started
            emit(Compiled(name=request.kind, source=source, seconds=seconds, kernels=len(program.kernels)))
        return self._ready[stem]

    async def prebuilt(self, request: ProgramRequest) -> Program | None:
        """The program if the site has it prebuilt. Raises ProgramError, or OSError from `fetch`."""
        stem = request.stem
        if stem not in self._ready and stem in self._prebuilt:
            self._ready[stem] = loads(await self._fetch(self._prebuilt[stem]))
        return self._ready.get(stem)

    async def _find(self, request: ProgramRequest, emit: Emit) -> tuple[Program, str]:
        if ready := await self.prebuilt(request):
            return ready, "prebuilt"
        key = keys.compiled_program(self._version, request.stem)
        kept = await self._cache.get(key)
        if kept is not None:
            with suppress(ProgramError):  # a damaged entry counts as none: the program is compiled and kept anew
                program = loads(kept)
                if (program.target, program.variant) == (request.target, request.variant):
                    return program, "cache"
        seconds = MAX_WRITTEN_COMPILE_S if is_written(request.spec) else MAX_COMPILE_S
        emit(Busy(what=f"tinygrad writes the program for {_PURPOSES[request.kind]}", seconds=seconds))
        await self.load_compiler()
        await self._recall_kernels()
        program = compile_program(request, emit)
        await self._cache.put(key, dumps(program).encode())
        await self._keep_kernels()
        return program, "compiled"

    async def _recall_kernels(self) -> None:
        """What was compiled on earlier visits need not be compiled again, in whatever program it is."""
        if not self._has_recalled:
            self._has_recalled = True
            if kept := await self._cache.get(keys.compiled_program(self._version, KERNELS)):
                from tabgrad import model

                model.kernel_cache.loads(kept)

    async def _keep_kernels(self) -> None:
        from tabgrad import model

        if model.kernel_cache.grown:
            await self._cache.put(keys.compiled_program(self._version, KERNELS), model.kernel_cache.dumps())
