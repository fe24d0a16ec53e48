"""What version 0.1 left in browsers and in exported files can still be read. The files never change.

`tests/fixtures/stored_0_1/README.md` says where each of them stood. Keys are written out here on purpose: under another
name nobody would find what was stored.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.artifacts import load_rows, load_weights, read_record, unpack
from tabgrad.data import drawings as drawing_files
from tabgrad.data.catalogue import DataSets
from tabgrad.network import load_safetensors
from tabgrad.protocol import (
    Checkpoint,
    Compiled,
    Failed,
    Finished,
    Prepare,
    Ready,
    Start,
    Weights,
)
from tabgrad.settings import RunSettings
from tabgrad.storage import KeptStore
from tabgrad.ui.inspect.sections.drawings_store import DrawingsStore
from tabgrad.ui.models.live import LiveModel
from tests.unit.session.session_bench import Bench, on_bench
from tests.unit.ui.train.train_stores import FakeStorage, stores

STORED = Path(__file__).parents[2] / "fixtures" / "stored_0_1"
CHECKPOINT, WEIGHTS = "checkpoint-mlp.safetensors", "weights-mlp.safetensors"
#: What `storage` puts under which key. The runs' ids are those of the table.
KEYS = {
    "train/resume": CHECKPOINT,
    "train/runs": "runs.json",
    "train/weights/19aa5f0c2e1": WEIGHTS,
    "train/timeline": "timeline.json",
    "train/timeline/17": "timeline-17.safetensors",
    "train/timeline/33": "timeline-33.safetensors",
    "train/timeline/49": "timeline-49.safetensors",
    "mine/drawings": "drawings.json",
}
LABELS = [5, 1, 7, 3, 8, 1, 2, 2, 6, 7, 1, 1, 2, 9, 0, 9, 9, 8, 4, 2, 2, 9, 7, 2, 4, 8, 0, 5, 9, 3, 2, 9, 1, 8, 6, 8]
LABELS += [1, 0, 0, 3]
PLAIN_TENSORS = {
    "layers.0.weight": (784, 4),
    "layers.0.bias": (4,),
    "layers.1.weight": (4, 10),
    "layers.1.bias": (10,),
}
#: Of `an_image`, from the formulas in float64.
LOGITS = {
    WEIGHTS: [
        *(0.0778553618, 2.2951442048, -0.4456175689, 1.4195084278, 0.5919370309),
        *(0.8785126223, -0.7243605058, -0.6267258217, 0.2131455363, -0.5365646980),
    ],
    "timeline-17.safetensors": [
        *(0.3236419693, 2.2226197004, -0.3617509785, 0.3915698402, 0.9600181531),
        *(0.6969719322, -0.6125630770, -0.5578755090, 0.6140213385, -0.6483567299),
    ],
    "timeline-33.safetensors": [
        *(0.5522921552, 2.1818727795, -0.6544715836, -0.0578645297, 1.1149632665),
        *(0.7040862261, -0.4392315284, -0.6263780005, 0.8119614332, -0.5791075657),
    ],
    "timeline-49.safetensors": [
        *(0.5840924214, 2.2753766927, -0.7317674163, -0.0762411070, 1.1339244436),
        *(0.7245557276, -0.4074446376, -0.6578062406, 0.8143153664, -0.5692553935),
    ],
}
LOGITS["weights-mlp-bare.safetensors"] = LOGITS[WEIGHTS]


def stored(name: str) -> bytes:
    return (STORED / name).read_bytes()


def put_back(storage: FakeStorage) -> None:
    """Have everything where version 0.1 kept it."""
    storage.update({key: stored(name) for key, name in KEYS.items()})


def an_image() -> NDArray[np.float32]:
    """An upright stroke."""
    image = np.zeros((28, 28), np.float32)
    image[4:24, 12:16] = 0.75
    return image


async def no_file(_source: str | bytes) -> bytes:
    return b""


async def the_drawings() -> bytes | None:
    return stored("drawings.json")


def data_sets() -> DataSets:
    """A site without MNIST, in a browser with the stored drawings."""
    return DataSets({"mnist": None}, no_file, no_file, the_drawings)


def shapes(tensors: dict[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def test_the_checkpoint_of_an_mlp_says_where_its_run_stood() -> None:
    tensors, record, best = unpack(stored(CHECKPOINT))
    assert record.settings == RunSettings(
        hidden=(4,),
        activation="silu",
        center="mean",
        dropout=0.1,
        optimizer="adamw",
        lr=0.03,
        warm_up=0.25,
        weight_decay=0.01,
        batch=32,
        epochs=0.04,
        patience=3,
        data="strokes",
        seed=7,
    )
    assert (record.step, record.steps, record.samples) == (21, 31, 24_576)
    assert record.seconds == pytest.approx(1.67, abs=0.01)
    assert record.epoch == pytest.approx(21 * 32 / 24_576)
    assert (record.best_accuracy, record.best_epoch) == (0.442, 0)
    assert record.tunings == [{"step": 16, "epochs": 0.04, "lr": 0.03}]
    assert (record.fingerprint, record.origin) == ("", "")
    curves = record.curves
    assert curves.step == list(range(1, 22))
    assert len(curves.loss) == len(curves.accuracy) == 21
    assert (curves.loss[0], curves.loss[-1]) == pytest.approx((2.318689, 1.688879), abs=1e-6)
    assert (curves.accuracy[0], curves.accuracy[-1]) == (0.0625, 0.5625)
    assert (curves.validation_step, curves.validation_accuracy) == ([16], [0.442])
    assert curves.validation_loss == pytest.approx([1.775103], abs=1e-6)

    weights = {"input_mean": (784,), **PLAIN_TENSORS}
    assert shapes(best) == weights
    moments = {f"opt.{name}.{part}": shape for name, shape in PLAIN_TENSORS.items() for part in "mv"}
    steps = {"opt.decay1": (1,), "opt.decay2": (1,)}
    assert shapes(tensors) == {**weights, **moments, **steps, "rng.seed": (2,), "rng.counter": (2,)}
    assert tensors["rng.seed"].tolist() == [0, 7]
    assert tensors["rng.counter"].tolist() == [2688, 0]
    assert tensors["opt.decay1"] == pytest.approx(0.9**21, rel=1e-5)
    assert not np.array_equal(best["layers.1.weight"], tensors["layers.1.weight"])


def test_the_checkpoint_of_a_cnn_says_where_its_run_stood() -> None:
    tensors, record, best = unpack(stored("checkpoint-cnn.safetensors"))
    assert record.settings == RunSettings(model="cnn", lr=0.05, warm_up=0.25, batch=64, epochs=1, data="mine", seed=9)
    assert (record.step, record.steps, record.samples) == (18, 33, 2068)
    assert record.fingerprint == "1232b80ab467c97e"
    assert (record.curves.validation_step, len(record.curves.step)) == ([17], 18)
    assert best == {}
    trained = {
        "convs.0.weight": (8, 1, 5, 5),
        "convs.1.weight": (24, 8, 5, 5),
        **{f"norms.0.{name}": (8,) for name in ("weight", "bias")},
        **{f"norms.1.{name}": (24,) for name in ("weight", "bias")},
        "layers.0.weight": (384, 64),
        "layers.0.bias": (64,),
        "layers.1.weight": (64, 10),
        "layers.1.bias": (10,),
    }
    running = {f"norms.{i}.running_{name}": (size,) for i, size in enumerate((8, 24)) for name in ("mean", "var")}
    velocities = {f"opt.{name}.velocity": shape for name, shape in trained.items()}
    assert shapes(tensors) == {**trained, **running, **velocities}


def test_the_page_reads_a_checkpoint_as_the_worker_does() -> None:
    record = read_record(stored(CHECKPOINT))
    assert (record.step, record.samples, record.curves.validation_accuracy) == (21, 24_576, [0.442])
    assert (record.settings.hidden, record.settings.optimizer) == ((4,), "adamw")
    assert record == unpack(stored(CHECKPOINT)).record


def test_an_interrupted_run_of_an_mlp_goes_on_to_the_end_that_it_would_have_had() -> None:
    async def go(bench: Bench) -> None:
        answer = await bench.answer(Start, checkpoint=stored(CHECKPOINT))
        assert isinstance(answer, Ready), answer
        finished = await bench.expect(Finished)
        assert (finished.reason, finished.step, finished.settings["lr"]) == ("completed", 31, 0.03)
        assert finished.validation_accuracy == pytest.approx(0.5595, abs=0.01)
        assert finished.test_accuracy == pytest.approx(0.53, abs=0.01)
        last = [e for e in bench.events if isinstance(e, Checkpoint)][-1]
        record = unpack(last.checkpoint)[1]
        assert record.curves.step == list(range(1, 32))
        assert record.curves.validation_step == [16, 31]
        made = load_safetensors([e for e in bench.events if isinstance(e, Weights)][-1].weights)[0]
        kept = load_safetensors(stored(WEIGHTS))[0]
        assert made.keys() == kept.keys()
        for name, tensor in kept.items():
            np.testing.assert_allclose(made[name], tensor, atol=1e-3, err_msg=name)

    on_bench(go, data_sets())


def test_an_interrupted_run_of_a_cnn_goes_on_with_the_drawings_that_it_began_with() -> None:
    async def go(bench: Bench) -> None:
        answer = await bench.answer(Start, checkpoint=stored("checkpoint-cnn.safetensors"))
        assert isinstance(answer, Ready), answer
        assert answer.data.startswith("40 of your drawings")
        finished = await bench.expect(Finished)
        assert (finished.reason, finished.step) == ("completed", 33)
        assert finished.validation_accuracy > 0.6

    on_bench(go, data_sets())


def test_weights_say_which_network_they_belong_to() -> None:
    file = load_weights(stored(WEIGHTS))
    metadata = file.metadata
    assert shapes(file.tensors) == PLAIN_TENSORS
    assert (metadata["format"], metadata["step"]) == ("tabgrad-weights", "31")
    assert json.loads(metadata["spec"]) == {"kind": "mlp", "hidden": [4], "activation": "silu"}
    made_with = unpack(stored(CHECKPOINT))[1].settings
    assert file.settings == made_with


def test_weights_without_metadata_are_recognised_by_their_tensors() -> None:
    file = load_weights(stored("weights-mlp-bare.safetensors"))
    tensors = file.tensors
    assert file.metadata == {}
    assert file.settings == RunSettings(hidden=(4,), center="plain", warm_up=0.25)
    for name, tensor in load_safetensors(stored(WEIGHTS))[0].items():
        np.testing.assert_array_equal(tensors[name], tensor)


def test_stored_weights_answer_as_they_did() -> None:
    async def go(bench: Bench) -> None:
        settings = load_weights(stored(WEIGHTS)).settings
        compiled = await bench.answer(Prepare, settings=settings.to_json(), answer_target="wasm.simd")
        assert isinstance(compiled, Compiled), compiled
        assert isinstance(await bench.answer(Prepare, settings=settings.to_json()), Ready)  # opens the engine
        device = bench.opened[0][1]
        for name, logits in LOGITS.items():
            network = LiveModel("imported", "Imported")
            network.set_program(compiled.program)
            network.set_weights(load_weights(stored(name)))
            answer = await (await network.make(device)).logits(an_image())
            np.testing.assert_allclose(answer, logits, atol=1e-5, err_msg=name)

    on_bench(go, data_sets())


def test_a_run_begins_with_stored_weights() -> None:
    async def go(bench: Bench) -> None:
        settings = RunSettings(hidden=(4,), activation="silu", lr=1e-6, epochs=0.01, data="strokes")
        for name in (WEIGHTS, "weights-mlp-bare.safetensors"):
            bench.forget_events()
            started = await bench.answer(Start, settings=settings.to_json(), weights=stored(name), origin="Run 1")
            assert not isinstance(started, Failed), started
            assert (await bench.expect(Finished)).test_accuracy == pytest.approx(0.53, abs=0.01)

    on_bench(go, data_sets())


def test_the_table_of_runs_is_there_with_its_older_rows() -> None:
    async def go() -> None:
        store, storage, said = stores()
        put_back(storage)
        await store.load()
        assert [(row["id"], row["number"]) for row in store.runs] == [("19aa5f3d704", 2), ("19aa5f0c2e1", 1)]
        newer, older = store.runs
        assert newer["origin"] == "Run 1"
        assert "origin" not in older
        for row in store.runs:
            assert (row["reason"], row["engine"], row["parameters"]) == ("completed", "WebAssembly", 3190)
        assert (newer["steps"], newer["epochs_done"], newer["seconds"]) == (49, 3.0329, 0.533)
        assert (newer["test_accuracy"], newer["validation_accuracy"]) == pytest.approx((0.6, 4 / 13))
        assert newer["test_interval"] == pytest.approx([0.230724, 0.882379], abs=1e-6)
        assert (older["steps"], older["test_accuracy"], older["validation_accuracy"]) == (31, 0.53, 0.5595)
        assert RunSettings.stored(newer["settings"]) == RunSettings(
            hidden=(4,), activation="silu", lr=0.04, warm_up=0.25, batch=128, epochs=3, data="mine", seed=8
        )
        assert "warm_up" not in older["settings"]
        assert RunSettings.stored(older["settings"]) == unpack(stored(CHECKPOINT))[1].settings
        assert await store.weights(older["id"]) == stored(WEIGHTS)
        assert await store.checkpoint() == stored(CHECKPOINT)
        assert said == []

    asyncio.run(go())
    assert len(load_rows(stored("runs.json"))) == 2


def test_the_timeline_of_the_latest_run_is_there() -> None:
    async def go() -> None:
        store, storage, said = stores()
        put_back(storage)
        run_id, entries = await store.timeline()
        assert run_id == "19aa5f3d704"
        assert [e.step for e in entries] == [17, 33, 49]
        assert [e.epoch for e in entries] == pytest.approx([17 * 128 / 2068, 33 * 128 / 2068, 49 * 128 / 2068])
        assert [e.accuracy for e in entries] == pytest.approx([5 / 13, 4 / 13, 4 / 13])
        for entry in entries:
            confusion = np.array(entry.confusion)
            assert (confusion.shape, confusion.sum()) == ((10, 10), 13)
            assert confusion.trace() / 13 == pytest.approx(entry.accuracy)
            assert entry.weights == stored(f"timeline-{entry.step}.safetensors")
            tensors, metadata = load_safetensors(entry.weights)
            assert (shapes(tensors), metadata) == (PLAIN_TENSORS, {})
        assert [list(row) for row in entries[0].confusion][6:] == [
            [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
            [0, 0, 1, 1, 0, 0, 0, 0, 0, 0],
        ]
        assert said == []

    asyncio.run(go())


def test_forgetting_the_latest_run_and_the_interrupted_one_leaves_nothing_of_them() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        put_back(storage)
        await store.remove_run("19aa5f3d704")
        await store.drop_checkpoint()
        assert set(storage) == {"train/runs", "train/weights/19aa5f0c2e1", "mine/drawings"}

    asyncio.run(go())


def test_the_visitors_drawings_are_there() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        put_back(storage)
        assert await store.drawings() == stored("drawings.json")
        own = DrawingsStore(KeptStore(storage.open))
        assert await own.load() == ""
        assert [d.label for d in own.drawings] == LABELS
        first = own.drawings[0]
        assert (first.size, len(first.strokes)) == (280.0, 1)
        assert first.strokes[0].width == pytest.approx(1.072)
        np.testing.assert_allclose(first.strokes[0].points[:2], [[233.08, 64.79], [220.48, 62.51]], rtol=1e-6)
        assert [i for i, d in enumerate(own.drawings) if len(d.strokes) == 2] == [11, 18, 24, 35, 38]
        assert first.image().sum() == pytest.approx(148.0, abs=0.5)
        assert own.dumps() == stored("drawings.json")

    asyncio.run(go())


def test_an_exported_file_of_drawings_can_be_imported() -> None:
    drawings = drawing_files.loads(stored("drawings.json"))
    assert [d.label for d in drawings] == LABELS
    learn, test = drawing_files.split(drawings)
    assert (len(learn), len(test)) == (22, 18)


def test_the_weights_of_a_checkpoint_know_their_settings() -> None:
    file = load_weights(stored(CHECKPOINT))
    assert file.settings == read_record(stored(CHECKPOINT)).settings
    assert file.spec["hidden"] == [4]
    assert file.remark == ""
