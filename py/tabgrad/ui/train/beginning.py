"""What a run begins with: fresh weights, or the network that answers, which then decides the architecture.

Owns the settings form and the choice among its chips, and keeps the one in step with the other.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom
from tabgrad.settings import ARCHITECTURE, RunSettings

from ..context import PageContext
from ..models import Model
from ..widgets.labels import mismatch
from .state import RunState
from .trained_models import settings_like, with_usual_rate
from .views.setup import BeginWith, SettingsForm

OTHER_LAYERS = "It cannot go on from {}, which has other layers than the networks that are trained here."


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
        self._edited = edited
        self.form = SettingsForm(parent, self._build_choice, self._on_edited, shown, context.labels_of)

    def _build_choice(self, parent: dom.Element) -> None:
        self._choice = BeginWith(parent, self._on_chosen)

    def _on_edited(self, name: str, settings: RunSettings) -> None:
        if name == "data":
            chosen = self._choice.network
            self._offer()  # it may show what the network does not know
            if chosen and not self._choice.network:
                self.form.fix(frozenset())
        self._edited(name, settings)

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
            self._offer()
            if chosen:
                self._show(self.form.good)

    def _offer(self) -> None:
        """Offer the network that answers, unless a run cannot go on from it."""
        model, alphabet = self._answering, self.form.good.alphabet
        refusal = ""
        if model is not None and model.alphabet != alphabet:
            why = mismatch(model.alphabet, alphabet)
            refusal = f"It cannot go on from {self._title}. {why}"
        elif model is not None and settings_like(model, RunSettings()) is None:
            refusal = OTHER_LAYERS.format(self._title)
        self._choice.offer(self._title, refusal)

    def show_fresh(self, settings: RunSettings) -> None:
        """Settings of a run that begins with fresh weights."""
        self._choice.choose_fresh()
        self.form.fix(frozenset())
        self.form.show(settings)
        self._offer()

    def _on_chosen(self) -> None:
        self._show(with_usual_rate(self.form.good, self._choice.network))
        self._page.address.set_settings(self.form.good)

    def _show(self, settings: RunSettings) -> None:
        if self.model is None:
            self.show_fresh(settings)
            return
        self.form.fix(ARCHITECTURE)
        self.form.show(settings_like(self.model, settings) or settings)
