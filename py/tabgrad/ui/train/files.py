"""Weights and scripts as files: what leaves the page, and what comes in. Knows no document: the panel saves them."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad import protocol
from tabgrad.artifacts import load_weights
from tabgrad.network import WeightsError
from tabgrad.settings import RunSettings, network_name

from ..faults import FAULTS
from .client import TrainClient
from .state import RunState
from .store import KEPT_WEIGHTS, TrainStore
from .trained_models import TrainedModels
from .versions import Say

FOREIGN = (
    "The file has code of its own, and nothing of it was run. It is in the tab Code now: read it and run it there, "
    "then import the file once more."
)


class WeightFiles:
    """`say` gets what came of it, as a sentence.

    `may_run` says whether the visitor has run a source before, and `show_code` shows one that they have not: a file
    never runs code by itself.
    """

    def __init__(
        self, state: RunState, client: TrainClient, store: TrainStore, models: TrainedModels, say: Say
    ) -> None:
        self._state, self._client, self._store, self._models, self._say = state, client, store, models, say
        self.may_run: Callable[[str], bool] = lambda _source: False
        self.show_code: Callable[[str], object] = lambda _source: None

    async def exported(self, run_id: str = "") -> tuple[str, bytes] | None:
        """The newest weights, or a finished run's, as (file name, content). None, with a message, if there are none."""
        weights, missing = self._state.weights, "There is nothing to export yet: press Train."
        if run_id:
            content = await self._store.weights(run_id)
            missing = f"The weights of this run are gone: the page keeps those of your latest {KEPT_WEIGHTS} runs."
            try:
                weights = load_weights(content) if content else None
            except WeightsError as error:
                weights, missing = None, f"The weights of this run cannot be exported: {error}"
        if weights is None:
            self._say(missing, error=True)
            return None
        self._say("The weights are in your downloads, as a safetensors file.")
        network = network_name(weights.settings).lower().replace(" ", "-")
        return f"tabgrad-{network}-step{weights.step}.safetensors", weights.data

    def script(self, settings: RunSettings) -> tuple[str, bytes]:
        """A run with these settings as a Python file: (file name, content). Raises SettingsError."""
        from tabgrad.artifacts.script import as_script, script_name  # only now: most visitors take none

        text = as_script(settings)
        self._say("The script is in your downloads. It trains with Python and tinygrad, without this page.")
        return script_name(settings), text.encode()

    async def import_weights(self, content: bytes) -> None:
        """Put a weights file into the run under way; without a run it becomes a model of its own in the picker."""
        try:
            file = load_weights(content)
            remark = file.remark
            if self._client.running:
                answer = await self._client.ask(protocol.Import(weights=content))
                if not isinstance(answer, protocol.Accepted):
                    raise WeightsError(getattr(answer, "message", "The worker did not take the file."))
                done = "The run goes on with the imported weights."
            elif (source := file.settings.source) and not self._knows(source):
                self.show_code(source)
                self._say(FOREIGN, error=True)
                return
            else:
                await self._models.offer_file(file)
                done = "The imported network answers now."
            self._say(f"{done} {remark}".strip())
        except (*FAULTS, RuntimeError) as error:  # of the file; of the engine or the worker
            self._say(f"The file was not imported: {error}", error=True)

    def _knows(self, source: str) -> bool:
        """Whether a source is the visitor's own: they have run it in this tab, or one of their runs has it."""
        return self.may_run(source) or any(row["settings"].get("source") == source for row in self._store.runs)
