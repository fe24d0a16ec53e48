"""The buttons above the runs: weights out and in, and a run as a script. What a file is, `train.files` knows."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom, page
from tabgrad.settings import RunSettings, SettingsError

from ...tasks import Do
from ...widgets.controls import Button, FilePicker
from ..files import WeightFiles
from ..versions import Say


class KeepBar:
    """`settings` gives those of the form, and raises SettingsError. `do` runs what takes time."""

    def __init__(
        self, parent: dom.Element, files: WeightFiles, settings: Callable[[], RunSettings], do: Do, say: Say
    ) -> None:
        self._files, self._settings, self._say = files, settings, say
        bar = dom.create("div", parent, class_="train-buttons train-keep")
        self._export_button = Button(bar, "Export weights", lambda: do(self.export()), "weights-export")
        self._file = FilePicker(bar, "Import weights", ".safetensors", lambda: do(self._import()), "weights-import")
        self._script_button = Button(bar, "As a script", self._on_script, "train-script")

    async def export(self, run_id: str = "") -> None:
        """Save the newest weights, or a finished run's, as a file."""
        if file := await self._files.exported(run_id):
            page.download(*file)

    def _on_script(self) -> None:
        try:
            page.download(*self._files.script(self._settings()), "text/x-python")
        except SettingsError as error:
            self._say(str(error), error=True)

    async def _import(self) -> None:
        try:
            content = await self._file.read()
        except OSError as error:
            self._say(str(error), error=True)
            return
        if content is not None:
            await self._files.import_weights(content)
