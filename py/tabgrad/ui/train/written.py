"""Networks that the visitor writes, seen from the page: has the worker compile a source, and offers what it became.

Owns what the worker said of a source, and when a compilation is given up. Knows no document; the editor is `ui.code`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tabgrad import protocol
from tabgrad.alphabet import DIGITS, numbered
from tabgrad.artifacts import load_weights
from tabgrad.interop.clock import now_s
from tabgrad.network import CODE, Description, SourceError
from tabgrad.program import Program, ProgramError, loads
from tabgrad.protocol import AnyEvent
from tabgrad.settings import RunSettings, settings_for_code

from ..compiler import Assistance, Compiled, Place, SourceProblem
from ..models.live import LiveModel
from ..widgets.format import amount, duration
from .assisting import Assisting
from .client import KERNEL_WITHIN_S, TrainClient
from .trained_models import TrainedModels

#: The name of the compiled network in the model picker, and its title there.
WRITTEN, TITLE = "code", "Your code"
#: A compilation that tells nothing for so long is taken for a loop without an end. Seconds.
SILENT_FOR_S = 60.0
NO_END = "The code has not come to an end in {:.0f} s, so it was stopped. Is there a loop without an end?"
CANCELLED = "Stopped. Your code is as it was."
LOST = "The worker that compiles was lost: try again."
BUSY_WITH_RUN = "A run is under way: stop it before you train this network."
PURPOSES = {
    "infer": "answering",
    "init": "its first weights",
    "train": "training",
    "evaluate": "measuring",
    "activations": "looking inside",
    "saliency": "explaining its answers",
}


class WrittenNetworks:
    """`settings` gives those of the form; `begin` puts settings into it and starts a run with them.

    `compiled` gets the settings that go with a source that was compiled. Implements
    `Compiler` and `Describer`.
    """

    def __init__(
        self,
        client: TrainClient,
        models: TrainedModels,
        *,
        settings: Callable[[], RunSettings],
        compiled: Callable[[RunSettings], object],
        begin: Callable[[RunSettings], object],
    ) -> None:
        self._client, self._models, self._assisting = client, models, Assisting(client)
        self._settings, self._compiled, self._begin = settings, compiled, begin
        self._said: Callable[[str], object] = lambda _sentence: None
        self._heard = asyncio.Event()
        self._cancelled: asyncio.Event | None = None
        self._described: dict[tuple[str, int], Description] = {}  # by source and number of classes
        self._refused: dict[tuple[str, int, str], str] = {}  # why there is no program: by source, classes and its name
        self._lost = set[tuple[str, int, str]]()  # what a worker was lost for

    def follow(self, event: AnyEvent) -> None:
        """What the worker says; also what is not about a compilation."""
        if isinstance(event, protocol.Compiling):
            self._heard.set()
            if event.kernels:
                purpose = PURPOSES.get(event.name, event.name)
                self._said(f"Compiling for {purpose}: kernel {event.kernel} of {event.kernels} …")

    async def compile(self, source: str, said: Callable[[str], object]) -> Compiled | SourceProblem:
        """Compile a source, and have its untrained network answer; `said` gets sentences about how far that is.

        Raises RuntimeError with one sentence if the worker cannot be used.
        """
        self._said = said
        try:
            await self._client.ensure()
            return await self._compile(source)
        except SourceError as error:
            return SourceProblem(error.line, str(error))
        finally:
            self._said = lambda _sentence: None

    async def _compile(self, source: str) -> Compiled:
        """Raises SourceError."""
        base = self._settings()
        begin = replace(base, model=CODE, source=source)
        written = await self._ask(protocol.Compile(settings=begin.to_json(), answer_target=self._models.target))
        assert isinstance(written, protocol.Written)
        description = Description.from_json(written.description)
        self._described[source, len(base.alphabet)] = description
        settings = self._settings_for(base, source)
        program = await self._offer(written, settings)
        self._compiled(settings)
        seconds = written.seconds
        if not self._client.running:  # else its programs are made when its own run begins
            started = now_s()
            await self._ask(protocol.Prepare(settings=settings.to_json()), KERNEL_WITHIN_S)
            seconds += now_s() - started
        return Compiled(_sentence(description, seconds), description, program)

    async def _offer(self, written: protocol.Written, settings: RunSettings) -> Program | None:
        network = LiveModel(WRITTEN, TITLE, settings.data, settings.alphabet)
        network.set_program(written.program)
        network.set_weights(load_weights(written.weights))
        await self._models.offer_written(network)
        return network.program

    async def _ask(self, command: protocol.Command, silent_for_s: float = SILENT_FOR_S) -> AnyEvent:
        """The worker's answer. Raises SourceError if it is a refusal, or if nothing is heard for `silent_for_s`."""
        asked = asyncio.ensure_future(self._client.ask(command))
        self._cancelled = asyncio.Event()
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        try:
            while True:
                self._heard.clear()
                heard = asyncio.ensure_future(self._heard.wait())
                waited_for = (asked, cancelled, heard)
                done, _ = await asyncio.wait(waited_for, timeout=silent_for_s, return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
                if asked in done:
                    break
                if heard in done:  # the source has come to an end: what takes long now is tinygrad's work
                    silent_for_s = KERNEL_WITHIN_S
                if not done and self._client.console_is_running:  # it waits for the visitor's command
                    continue
                if cancelled in done or not done:
                    sentence = CANCELLED if cancelled in done else NO_END.format(silent_for_s)
                    asked.cancel()
                    await self._client.replace_worker()
                    raise SourceError(sentence)
        finally:
            cancelled.cancel()
            self._cancelled = None
        answer = await asked
        if isinstance(answer, protocol.Failed):
            raise SourceError(await self._sentence_of(answer), answer.line)
        return answer

    async def _sentence_of(self, failed: protocol.Failed) -> str:
        """What to say of a failure. After one of our own the worker is another: a source may have damaged it."""
        if failed.kind != "internal":
            return failed.message
        await self._client.replace_worker()
        return LOST

    @property
    def has_run_any(self) -> bool:
        """Whether the visitor has had any source run in this tab."""
        return bool(self._described)

    def has_run(self, source: str) -> bool:
        """Whether the visitor has had a source run in this tab."""
        return any(source == known for known, _ in self._described)

    def cancel(self) -> None:
        """Give up the compilation under way."""
        if self._cancelled is not None:
            self._cancelled.set()

    async def prepare(self) -> None:
        """Start the worker for what comes. Says nothing if that fails."""
        await self._assisting.prepare()

    async def assist(self, place: Place, *, hover: bool) -> Assistance:
        """What can be typed at a place, or with `hover` what the name there is. Empty without a worker that is free."""
        return await self._assisting.ask(place, hover=hover)

    def train(self, source: str) -> None:
        """Begin a run with the network of a source that was compiled. Raises RuntimeError with a sentence."""
        if self._client.running:
            raise RuntimeError(BUSY_WITH_RUN)
        self._begin(self._settings_for(self._settings(), source))

    def _settings_for(self, base: RunSettings, source: str) -> RunSettings:
        classes = len(base.alphabet)
        return settings_for_code(base, source, self._rate_of(source, classes), self._rate_of(base.source, classes))

    def _rate_of(self, source: str, classes: int) -> float | None:
        """The learning rate of a source's own optimizer, None if it has none, or if it was not compiled in this tab."""
        described = self._described.get((source, classes))
        return described.learning_rate if described else None

    # ---- Looking inside

    async def describe(self, source: str, classes: int) -> Description:
        """See `Describer`. A source that was not compiled in this tab is described by the worker."""
        if (source, classes) not in self._described:
            settings = self._settings_of(source, classes)
            command = protocol.Compile(settings=settings, answer_target=self._models.target)
            written = await self._answer((source, classes, ""), command)
            if not isinstance(written, protocol.Written):
                raise ProgramError(LOST)
            self._described[source, classes] = Description.from_json(written.description)
        return self._described[source, classes]

    async def program(self, source: str, classes: int, name: str) -> Program:
        """See `Describer`."""
        settings = self._settings_of(source, classes)
        command = protocol.Prepare(settings=settings, answer_target=self._models.target, program=name)
        compiled = await self._answer((source, classes, name), command)
        if not isinstance(compiled, protocol.Compiled):
            raise ProgramError(LOST)
        return loads(compiled.program)

    def _settings_of(self, source: str, classes: int) -> dict[str, Any]:
        """Settings that give the network. What its classes are called changes nothing in it."""
        labels = () if classes == len(DIGITS) else numbered(classes)
        return replace(self._settings(), model=CODE, source=source, labels=labels).to_json()

    async def _answer(self, asked: tuple[str, int, str], command: protocol.Command) -> AnyEvent:
        """The worker's answer. Raises ProgramError if there is none, or if it is a refusal."""
        if asked in self._refused:
            raise ProgramError(self._refused[asked])
        try:
            await self._client.ensure()
            answer = await self._client.ask(command)
        except RuntimeError as error:
            raise ProgramError(str(error)) from error
        if isinstance(answer, protocol.Failed):
            sentence = await self._sentence_of(answer)
            if answer.kind == "code" or asked in self._lost:  # nobody presses a button for this one
                self._refused[asked] = sentence
            if answer.kind == "internal":
                self._lost.add(asked)
            raise ProgramError(sentence)
        return answer


def _sentence(what: Description, seconds: float) -> str:
    count = sum(row.kind != "own" for row in what.layers)
    layers = f"{count} layer" + ("" if count == 1 else "s")
    return (
        f"Compiled in {duration(seconds)}: {layers}, {amount(what.parameters)} parameters. It answers now, and knows "
        "nothing yet: press Train."
    )
