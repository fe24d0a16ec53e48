"""What the page calls the optimizer of a run."""

from __future__ import annotations

from tabgrad.settings import RunSettings
from tabgrad.ui.train.optimizer_words import NOT_OF_OWN, OWN, optimizer_title, own_title

LION = "def optimizer(parameters): return Lion(parameters)"


def test_a_source_may_bring_its_optimizer() -> None:
    own = RunSettings(model="code", source=LION)
    assert own_title(own) == optimizer_title(own) == f"{OWN}: Lion"
    assert optimizer_title(RunSettings(model="code", source="optimizer = made")) == OWN
    assert {"optimizer", "momentum", "weight_decay"} == NOT_OF_OWN


def test_other_runs_have_that_of_the_form() -> None:
    for settings in (RunSettings(optimizer="adam"), RunSettings(optimizer="adam", model="code", source="class Net: 1")):
        assert not own_title(settings)
        assert optimizer_title(settings) == "Adam"
    assert not own_title(RunSettings(source=LION))  # which this network does not use
