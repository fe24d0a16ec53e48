"""Weights as files: what leaves the page, and what comes in."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.artifacts import save_weights
from tabgrad.storage import keys
from tabgrad.ui.train.store import KEPT_WEIGHTS
from tabgrad.ui.train.trained_models import IMPORTED
from tests.unit.ui.train.controller_bench import INFER, Bench, expected, on_bench, weights


def test_weights_are_exported_under_the_name_of_their_network() -> None:
    async def go(bench: Bench) -> None:
        assert await bench.controller.files.exported() is None
        assert "press Train" in bench.state.message.text
        await bench.begin()
        bench.receive(protocol.Weights(step=7, weights=weights(7, 7)))
        assert await bench.controller.files.exported() == ("tabgrad-784-128-64-10-step7.safetensors", weights(7, 7))
        assert await bench.controller.files.exported("gone") is None
        assert str(KEPT_WEIGHTS) in bench.state.message.text
        bench.storage[keys.run_weights("damaged")] = b"?"
        assert await bench.controller.files.exported("damaged") is None
        assert "cannot be exported" in bench.state.message.text

    on_bench(go)


def test_a_file_goes_into_the_run_under_way_or_becomes_a_model() -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(weights(5))
        assert bench.page.titles == {IMPORTED: "Imported 784-128-64-10"}
        assert await bench.answering() == expected(weights(5))
        await bench.begin()
        await bench.controller.files.import_weights(weights(6))
        assert bench.client.told(protocol.Import)[0].weights == weights(6)
        bench.client.answers[protocol.Import] = protocol.Failed(kind="input", message="It does not fit.")
        await bench.controller.files.import_weights(weights(6))
        assert bench.state.message.text == "The file was not imported: It does not fit."

    on_bench(go)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9, save_weights({"a": np.zeros(3, np.float32)})])
def test_a_file_that_is_no_network_is_one_sentence(content: bytes) -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(content)
        assert bench.state.message.text.startswith("The file was not imported: ")
        assert bench.page.titles == {}

    on_bench(go)
