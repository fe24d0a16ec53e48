"""Which engine and which model answer the drawing, and what happens when one of them fails. Knows no document.

Every fault becomes one sentence in the status line, and everything else keeps working: a lost device is opened again, a
failing engine is left for another one, a model that cannot be used leaves the one before in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tabgrad.backends import Device, DeviceLostError, EngineError, NoAnswerError
from tabgrad.backends.engines import ENGINE_TITLES, MAX_REOPENED, EngineChoice, fallback_engine
from tabgrad.incoming import unexpected
from tabgrad.network import WeightsError

from .faults import FAULTS
from .models import Model
from .models.registry import ModelRegistry
from .models.shipped import ShippedPrograms
from .prediction import Predictor

#: The engine is gone, and everything on it: another one has to be opened.
GONE = (DeviceLostError, NoAnswerError)
#: What to do where no engine runs.
BROWSERS = "try a current Chrome, Edge, Firefox or Safari"

OpenEngine = Callable[[str, ShippedPrograms, str], Awaitable[EngineChoice]]


class Answering:
    """`device` and `model` are those that answer now, None while there is none. `weights_version` goes up when the
    model gets other weights. `forced` is the engine that the address names, empty if it names none.

    `show_engine` gets the engine in use; `changed` is called when anything of this has changed; `say` and `fail` show a
    message and an error in the status line.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        predictor: Predictor,
        *,
        open_engine: OpenEngine,
        forced: str,
        show_engine: Callable[[EngineChoice], object],
        changed: Callable[[], object],
        say: Callable[[str], object],
        fail: Callable[[str], object],
    ) -> None:
        self.registry, self._predictor, self.say, self._show_error = registry, predictor, say, fail
        self._open_engine, self._forced = open_engine, forced
        self._show_engine, self._changed = show_engine, changed
        self.device: Device | None = None
        self.model: Model | None = None
        self.weights_version = 0
        self.has_no_engine = False
        self._reopened, self._fell_back = 0, False
        self._deadly = set[str]()  # models that took a freshly opened engine with them
        self._error = ""  # the last one that was shown
        self._recovery: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the engine and the first model that works."""
        try:
            await self._open(self._forced)
        except EngineError as error:
            self.has_no_engine = True
            way_out = f"without ?engine={self._forced} in the address it looks for another engine"
            advice = way_out if self._forced else BROWSERS
            self._fail(f"{error} This page can take ink but not answer it: {advice}.")
            return
        try:
            await self._use_any()
        except GONE as error:
            await self._recover(error)
        else:
            if self.model is None and self._may_fall_back:
                await self._recover(EngineError(self._error))

    async def pick(self, name: str, *, quietly: bool = False) -> bool:
        """Show a model as picked and answer with it. On a fault the one before stays; returns whether it worked.

        `quietly`: say nothing while it loads, which takes no time.
        """
        self.registry.pick(name)
        while True:
            device = self.device
            try:
                worked = await self._use(name, quietly)
                if not worked and self.model is None and device is not None:  # it was opened again meanwhile
                    await self._use_any()
                return worked
            except GONE as error:
                await self._recover(error)
            if self.device is device or self.registry.picked != name:
                return False
            if self.model is not None and self.model.name == name:
                return True

    async def _use(self, name: str, quietly: bool = False) -> bool:
        """Answer with a model if it is picked when it is loaded. Says what fails, but raises GONE."""
        title = self.registry.titles.get(name, name)
        while (device := self.device) is not None:
            if not quietly:
                self.say(f"Loading “{title}” …")
            try:
                model = await self.registry.load(name)
            except FAULTS as error:
                if device is not self.device:
                    continue  # it was left meanwhile
                if isinstance(error, GONE):
                    raise
                other = f" {self.model.title} still works." if self.model else ""
                self._fail(f"{title} cannot be used: {error}{other}")
                if self.model:
                    self.registry.pick(self.model.name)
                return False
            if device is not self.device:
                continue
            if name == self.registry.picked:  # the visitor may have picked another one meanwhile
                self.model = model
                self._predictor.use(model)
                self._changed()
                self.say(model.greeting)
            return True
        return False

    async def withdraw(self, name: str) -> None:
        """Take a network off the list. If it was the one that answers, the first model takes its place."""
        self.registry.withdraw(name)
        if self.model is not None and self.model.name == name:
            await self.pick(next(iter(self.registry.titles)))

    def weights_changed(self) -> None:
        """The model that answers has other weights: answer again."""
        self.weights_version += 1
        self._predictor.refresh()
        self._changed()

    def on_fault(self, error: Exception) -> None:
        """A prediction has failed: recover if that is possible, and say it."""
        if isinstance(error, EngineError) and (self._may_fall_back or self._may_reopen(error)):
            self._begin_recovery(error)
            return
        if isinstance(error, WeightsError):  # it says what to do
            self._fail(f"{error} Your drawing is kept.")
            return
        sentence = str(error) if isinstance(error, FAULTS) else f"The prediction failed ({unexpected(error)})."
        self._fail(f"{sentence} Your drawing is kept; reload the page to try again.")

    async def _open(self, wanted: str) -> None:
        choice = await self._open_engine(wanted, self.registry.programs, self.registry.picked)
        self.device = choice.device
        self.registry.use_device(choice.device)
        self._show_engine(choice)

    async def _use_any(self) -> None:
        """Answer with the picked model, or else with the first other one that works, and say why. Raises GONE."""
        registry, failed = self.registry, ""
        if registry.picked in self._deadly:
            failed = f"{registry.titles[registry.picked]} cannot be used: the engine failed each time."
        for name in sorted(registry.titles, key=lambda name: (name in self._deadly, name != registry.picked)):
            picked = registry.picked
            registry.pick(name)
            if await self._use(name):
                registry.let_choose()
                if failed:
                    self._fail(f"{failed} {name.upper()} answers instead.")
                return
            failed = self._error
            registry.pick(picked)

    # ---- When the engine fails

    def _may_reopen(self, error: EngineError) -> bool:
        return isinstance(error, DeviceLostError) and self._reopened < MAX_REOPENED

    @property
    def _may_fall_back(self) -> bool:
        """Once, and not where the address names the engine."""
        return self.device is not None and not self._fell_back and not self._forced

    def _begin_recovery(self, error: EngineError) -> asyncio.Task[None]:
        """One at a time: what fails meanwhile fails for the same reason."""
        if self._recovery is None or self._recovery.done():
            self._recovery = asyncio.ensure_future(self._go_on_after(error))
        return self._recovery

    async def _recover(self, error: EngineError) -> None:
        await asyncio.wait({self._begin_recovery(error)})

    async def _go_on_after(self, error: EngineError) -> None:
        """Open the engine again, or another one, until a model answers the ink that is there, or nothing is left."""
        fault: EngineError | None = error
        while fault is not None:
            try:
                if self._may_reopen(fault):
                    await self._reopen(fault)
                elif self._may_fall_back:
                    await self._fall_back(str(fault))
                else:
                    self._fail(f"{fault} Your drawing is kept; reload the page to try again.")
                fault = None
            except GONE as another:
                fault = another
                self._deadly.add(self.registry.picked)

    async def _reopen(self, error: EngineError) -> None:
        """After the loss of the device: a new one, the model that is picked, the same ink."""
        self._reopened += 1
        if await self._open_another(self._forced, f"{error} Opening it again …"):
            await self._use_any()

    def _fail(self, sentence: str) -> None:
        self._error = sentence
        self._show_error(sentence)

    async def _fall_back(self, why: str) -> None:
        """Go on with another engine: the same ink, and the same model if it can run there."""
        assert self.device is not None
        self._fell_back = True
        self._deadly.clear()
        failed = self.device.name
        other = fallback_engine(failed)
        if other is None:
            self._fail(f"{why} Your drawing is kept; reload the page to try again.")
        elif await self._open_another(other, f"{why} Trying {ENGINE_TITLES[other]} …"):
            self._show_engine(EngineChoice(self.device, f"{ENGINE_TITLES[failed]} failed here"))
            await self._use_any()
            if self.model:
                self._fail(f"{why} {self.model.title} on {ENGINE_TITLES[other]} answers instead.")

    async def _open_another(self, wanted: str, announcement: str) -> bool:
        """Leave the engine for another one; returns whether it opened. Until a model is in use nothing answers."""
        self._fail(announcement)
        self.model = None
        self._predictor.use(None)
        if self.device is not None:
            with suppress(Exception):  # what is broken may refuse
                self.device.destroy()
        try:
            await self._open(wanted)
        except EngineError as fault:
            self._fail(f"{fault} Your drawing is kept; reload the page to try again.")
            return False
        return True
