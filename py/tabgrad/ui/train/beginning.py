"""What a run begins with: fresh weights, or the network that answers, which then decides the architecture.

Owns the settings form and the choice among its chips, and keeps the one in step with the other.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom
from tabgrad.settings import ARCHITECTURE, RunSettings

from ..context import PageContext
from ..models import Model
from .state import RunState
from .trained_models import settings_like, with_usual_rate
from .views.setup import BeginWith, SettingsForm


class Beginning:
    """Builds the form in `parent`. `edited` and `shown` are the form's callbacks: see `SettingsForm`."""

    def __init__(
        self,
        context: PageContext,
        parent: dom.Element,
        edited: Callable[[str, RunSettings], None],
        shown: Callable[[RunSettings], None],
    ) -> None:
        self._page = context
        self._answering: Model | None = None
        self._title = ""
        self.form = SettingsForm(parent, self._build_choice, edited, shown)

    def _build_choice(self, parent: dom.Element) -> None:
        self._choice = BeginWith(parent, self._on_chosen)

    @property
    def model(self) -> Model | None:
        """The network to begin with; None for fresh weights."""
        return self._answering if self._choice.network else None

    def render(self, state: RunState) -> None:
        """There is no choice during a run. The title of the network that answers may have changed with the status."""
        self.form.render(state)
        self._choice.enable(not state.under_way)
        self.follow_model()

    def follow_model(self) -> None:
        """Another network may answer now: the one to begin with."""
        model = self._page.model
        title = model.title if model is not None else ""
        if model is not self._answering or title != self._title:
            self._answering, self._title = model, title
            chosen = self._choice.network
            self._choice.offer(title, model is not None and settings_like(model, RunSettings()) is not None)
            if chosen:
                self._show(self.form.good)

    def show_fresh(self, settings: RunSettings) -> None:
        """Settings of a run that begins with fresh weights."""
        self._choice.choose_fresh()
        self.form.fix(frozenset())
        self.form.show(settings)

    def _on_chosen(self) -> None:
        self._show(with_usual_rate(self.form.good, self._choice.network))
        self._page.address.set_settings(self.form.good)

    def _show(self, settings: RunSettings) -> None:
        if self.model is None:
            self.show_fresh(settings)
            return
        self.form.fix(ARCHITECTURE)
        self.form.show(settings_like(self.model, settings) or settings)
