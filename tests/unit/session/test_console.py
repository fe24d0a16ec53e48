"""The console runs what a visitor types on the live objects, shows what comes of it, and nothing ends the worker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.network import load_safetensors
from tabgrad.session.console import Interpreter, Item, Output
from tabgrad.session.console.completion import complete
from tabgrad.session.console.console import BEGINS, NO_NETWORK, NO_RUN
from tabgrad.session.console.helping import NO_TOPICS, STAYS
from tabgrad.session.console.interpreter import ENDS_PYTHON, NO_AWAIT
from tabgrad.session.console.output import MAX_CHARACTERS, MAX_PICTURES, TOO_MUCH, picture_of
from tabgrad.settings import RunSettings
from tests.unit.session.session_bench import Bench, on_bench
from tests.unit.session.session_runs import SMALL, digits
from tests.unit.session.test_written import PLAIN

LONG = replace(SMALL, epochs=1000, schedule="constant")
IMAGE = np.arange(784, dtype=np.float32).reshape(28, 28)


def run(*commands: str, **names: Any) -> list[Item]:
    """What the last of these commands shows."""
    interpreter = Interpreter()
    interpreter.bind({"np": np, **names})
    for command in commands:
        output = Output()
        interpreter.run(command, output)
    return output.finish()


def shown(*commands: str, **names: Any) -> list[tuple[str, str]]:
    return [(item.kind, item.text) for item in run(*commands, **names)]


@pytest.mark.parametrize(
    ("commands", "text"),
    [
        (("1 + 1",), "2\n"),
        (("a = 3", "a * 2"), "6\n"),
        (("'text'",), "'text'\n"),
        (("print('one'); 2",), "one\n2\n"),
        (("for i in range(3): i",), "0\n1\n2\n"),
        (("def f(n):\n    return n + 1", "f(1)"), "2\n"),
        (("a = 1\nb = 2\na + b",), "3\n"),
        (("7", "_ * 2"), "14\n"),
        (("7", "None", "_"), "7\n"),
        (("import sys; print('x', file=sys.stderr)",), "x\n"),
        (("np.arange(3)",), "array([0, 1, 2])\n"),
        (("class A:\n    def f(self):\n        return __name__", "A().f()"), "'__console__'\n"),
    ],
)
def test_values_are_shown_as_at_pythons_prompt(commands: tuple[str, ...], text: str) -> None:
    assert shown(*commands) == [("text", text)]


@pytest.mark.parametrize("command", ["", "None", "a = 1", "# nothing", "def f(): return 1"])
def test_what_has_no_value_shows_nothing(command: str) -> None:
    assert shown(command) == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("raise SystemExit", ENDS_PYTHON.format("SystemExit")),
        ("exit()", ENDS_PYTHON.format("SystemExit")),
        ("raise KeyboardInterrupt", ENDS_PYTHON.format("KeyboardInterrupt")),
        ("await f()", NO_AWAIT),
        ("import js; js.document", "ModuleNotFoundError: No module named 'js'"),
        ("input()", "EOFError: EOF when reading a line"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("unknown", "NameError: name 'unknown' is not defined"),
        ("x =", "SyntaxError: invalid syntax"),
        ("raise MemoryError", "MemoryError"),
        ("'\\0'\0", "SyntaxError: source code string cannot contain null bytes"),
        ("(" * 5000, "SyntaxError: too many nested parentheses"),
        ("class A:\n  def __repr__(self): return 3\nA()", "TypeError: __repr__ returned non-string"),
        ("import asyncio\nraise asyncio.CancelledError", "asyncio.exceptions.CancelledError"),
    ],
)
def test_an_error_is_shown_and_ends_nothing(command: str, sentence: str) -> None:
    interpreter, output = Interpreter(), Output()
    interpreter.run(command, output)
    (item,) = output.finish()
    assert item.kind == "error"
    assert sentence in item.text
    assert "tabgrad" not in item.text
    assert len(item.text.splitlines()) < 30
    interpreter.run("2 + 2", again := Output())
    assert [one.text for one in again.finish()] == ["4\n"]


def test_a_traceback_has_the_visitors_lines_and_folds_those_of_libraries() -> None:
    ((kind, text),) = shown("def f(a):\n    return np.linalg.inv(a)", "f(np.zeros((2, 2)))")
    assert kind == "error"
    assert "f(np.zeros((2, 2)))" in text
    assert "return np.linalg.inv(a)" in text
    assert "calls in NumPy" in text
    assert text.endswith("numpy.linalg.LinAlgError: Singular matrix")
    assert "site-packages" not in text


def test_what_was_printed_before_an_error_is_kept() -> None:
    assert [kind for kind, _ in shown("print(1)\n1 / 0")] == ["text", "error"]


def test_a_loop_that_prints_is_capped_with_one_sentence() -> None:
    ((_, text),) = shown("for i in range(100_000): print('a line')")
    assert len(text) < MAX_CHARACTERS + 200
    assert text.count(TOO_MUCH) == 1
    kinds = [kind for kind, _ in shown("for i in range(100_000): print('a line')\n1 / 0")]
    assert kinds == ["text", "error"]
    assert len(shown("raise ValueError('x' * 100_000)")[0][1]) <= 4000


def test_standard_output_is_pythons_own_again_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    run("import sys\nsys.stdout = sys.displayhook = None")
    print("outside")
    assert capsys.readouterr().out == "outside\n"


def test_names_that_the_visitor_takes_stay_theirs() -> None:
    interpreter = Interpreter()
    interpreter.bind({"x": 1, "np": np})
    interpreter.run("np = 'mine'", Output())
    interpreter.bind({"x": 2, "np": np})
    assert (interpreter.namespace["x"], interpreter.namespace["np"]) == (2, "mine")
    interpreter.run("del np", Output())
    interpreter.bind({"np": np})
    assert interpreter.namespace["np"] is np


# ---- Pictures


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((28, 28), (28, 28)),
        ((4, 128), (4, 128)),
        ((1, 28, 28), (28, 28)),
        ((1, 1, 28, 28), (28, 28)),
        ((2, 28, 28), (28, 58)),
        ((3, 1, 28, 28), (28, 88)),
        ((20, 5, 5), (12, 68)),
        ((3, 28), None),
        ((28, 129), None),
        ((21, 28, 28), None),
        ((0, 28, 28), None),
        ((2, 3, 28, 28), None),
        ((784,), None),
        ((), None),
    ],
)
def test_arrays_that_are_images_are_pictures(shape: tuple[int, ...], size: tuple[int, int] | None) -> None:
    pixels = picture_of(np.zeros(shape, np.float32))
    assert (None if pixels is None else pixels.shape) == size


def test_a_picture_goes_from_its_least_to_its_greatest_number() -> None:
    (item,) = run("x", x=IMAGE - 100)
    assert (item.kind, item.text) == ("image", "float32 (28, 28), -100 (black) to 683 (white)")
    assert (item.pixels[0, 0], item.pixels[-1, -1]) == (0, 255)
    assert np.all(np.diff(item.pixels.reshape(-1).astype(int)) >= 0)
    (flat,) = run("x", x=np.full((28, 28), 7))
    assert not flat.pixels.any()
    broken = IMAGE.copy()
    broken[0, 1], broken[0, 2] = np.nan, np.inf
    (item,) = run("x", x=broken)
    assert item.pixels[0, :3].tolist() == [0, 0, 0]
    assert [one.kind for one in run("x", x=np.zeros((28, 28), complex))] == ["text"]


def test_pictures_within_a_tuple_are_shown_and_many_are_capped() -> None:
    assert [kind for kind, _ in shown("(x, 5)", x=IMAGE)] == ["image", "text"]
    kinds = [kind for kind, _ in shown("for i in range(200): x", x=IMAGE)]
    assert kinds == ["image"] * MAX_PICTURES + ["text"]


# ---- Completion


class Loud:
    """Says so when a property of it is read."""

    part: ClassVar[dict[str, int]] = {}

    @property
    def value(self) -> int:
        raise AssertionError("A property was read.")

    def method(self) -> None: ...


NAMES: dict[str, Any] = {"np": np, "loud": Loud(), "weights": {"l1.weight": 1, "l1.bias": 2}, "lonely": 1, "_own": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lou", (0, ["loud"])),
        ("1 + lou", (4, ["loud"])),
        ("np.linalg.ei", (10, ["eig", "eigh", "eigvals", "eigvalsh"])),
        ("loud.", (5, ["method", "part", "value"])),
        ("loud.value.", (11, [])),
        ("loud.method.__na", (12, ["__name__"])),
        ("loud.part.ke", (10, ["keys"])),
        ("weights['l1.", (9, ["l1.bias']", "l1.weight']"])),
        ("weights['none", (9, [])),
        ("unknown.a", (8, [])),
        ("f().a", (5, [])),
        ("", (0, [])),
        ("_o", (0, ["_own"])),
        ("whil", (0, ["while"])),
        ("isinst", (0, ["isinstance"])),
    ],
)
def test_live_objects_complete_what_is_typed(text: str, found: tuple[int, list[str]]) -> None:
    start, names = complete(text, len(text), NAMES)
    assert (start, names) == found or (not names and not found[1])


def test_completion_looks_only_at_what_is_before_the_cursor() -> None:
    assert complete("lon + 1", 3, NAMES) == (0, ["lonely"])
    assert complete("weights['l1.b']", 13, NAMES) == (9, ["l1.bias"])
    assert complete("lonely", -5, NAMES) == (0, [])


# ---- In the worker


async def evaluate(bench: Bench, code: str, image: bytes = b"") -> protocol.Evaluated:
    answer = await bench.answer(protocol.Evaluate, code=code, image=image)
    assert isinstance(answer, protocol.Evaluated)
    return answer


async def text_of(bench: Bench, code: str) -> str:
    return "".join(item["text"] for item in (await evaluate(bench, code)).items)


async def trained(bench: Bench, settings: RunSettings) -> None:
    await bench.answer(protocol.Start, settings=settings.to_json())
    await bench.expect(protocol.Finished)


def test_the_pad_and_the_data_are_there_without_a_run() -> None:
    async def go(bench: Bench) -> None:
        answer = await evaluate(bench, "x", IMAGE.tobytes())
        assert answer.items[0]["kind"] == "image"
        assert len(answer.pixels) == 784
        assert await text_of(bench, "x.sum()") == "np.float32(0.0)\n"
        answer = await evaluate(bench, "data.sample(3)")
        assert [item["kind"] for item in answer.items] == ["text", "image", "text"]
        label = digits(640, 1).labels[3]
        assert answer.items[2]["text"] == f"label: {label}\n"
        assert await text_of(bench, "[part.shape for part in data.block(0)]") == "[(500, 28, 28), (500,)]\n"
        assert "there are 640" in await text_of(bench, "data.sample(640)")
        assert "there are 2" in await text_of(bench, "data.block(-1)")
        assert "640 training images" in await text_of(bench, "data")

    on_bench(go)


def test_a_block_that_a_command_did_not_name_is_there_for_the_next_one() -> None:
    async def go(bench: Bench) -> None:
        assert "run this again" in await text_of(bench, "k = 1; len(data.block(k)[0])")
        assert await text_of(bench, "len(data.block(k)[0])") == "140\n"
        assert await text_of(bench, "data.sample(639).image.shape") == "(28, 28)\n"

    on_bench(go)


def test_without_a_network_each_name_says_so() -> None:
    async def go(bench: Bench) -> None:
        for name in ("metrics", "history"):
            assert await text_of(bench, name) == f"{NO_RUN}\n"
        for name in ("net", "weights"):
            assert await text_of(bench, name) == f"{NO_NETWORK}\n"
        for use in ("net(1)", "weights['a']", "weights['a'] = 1", "metrics.loss", "list(history)"):
            assert ": press " in await text_of(bench, use)
        assert await text_of(bench, "bool(net)") == "False\n"

    on_bench(go)


def test_help_tells_what_there_is() -> None:
    async def go(bench: Bench) -> None:
        names = await text_of(bench, "help()")
        assert all(f"  {name}: " in names for name in ("x", "net", "weights", "metrics", "history", "data", "np", "nn"))
        assert await text_of(bench, "help") == names
        relu = await text_of(bench, "help(Tensor.relu)")
        assert relu.startswith("relu(self)")
        assert "Rectified Linear Unit" in relu
        assert "```" not in relu
        assert (await text_of(bench, "help(nn.Linear)")).startswith("Linear(in_features: int")
        assert "labels, sample" in await text_of(bench, "help(data)")
        numpy = await text_of(bench, "help(np)")
        assert "abs, " in numpy
        assert numpy.endswith(" …\n")
        assert await text_of(bench, "help(net)") == f"{NO_NETWORK}\n"
        assert await text_of(bench, "help('relu')") == f"{NO_TOPICS}\n"
        assert (await text_of(bench, "help(1)")).startswith("int")
        assert await text_of(bench, "exit()") == await text_of(bench, "quit") == f"{STAYS}\n"
        assert await text_of(bench, "help = 1\nhelp") == "1\n"

    on_bench(go)


def test_tensors_compute() -> None:
    async def go(bench: Bench) -> None:
        assert await text_of(bench, "1") == "1\n"
        assert bench.events[:-1] == []  # tinygrad is not loaded before a command needs it
        assert await text_of(bench, "(Tensor([1, 2, 3]) * 2).numpy()") == "array([2, 4, 6], dtype=int32)\n"
        text = await text_of(bench, "Tensor([1.5, 2]) + 1")
        assert text.startswith("Tensor of float (2,) on ")
        assert text.endswith("[2.5 3. ]\n")
        assert (await evaluate(bench, "Tensor(x)")).items[0]["kind"] == "image"
        assert [event for event in bench.events if isinstance(event, protocol.Busy)] != []
        assert "calls in tinygrad" in await text_of(bench, "Tensor([1, 2]).reshape(3)")

    on_bench(go)


@pytest.mark.parametrize("settings", [SMALL, PLAIN], ids=["of the form", "of the editor"])
def test_the_network_answers_with_its_weights(settings: RunSettings) -> None:
    async def go(bench: Bench) -> None:
        await trained(bench, settings)
        image = (digits(640, 1).images[7] / 255).astype(np.float32).tobytes()
        answer = await evaluate(bench, "net(Tensor(x.reshape(1, 1, 28, 28))).argmax().item()", image)
        assert answer.items[0]["text"] == f"{digits(640, 1).labels[7]}\n"
        before = await text_of(bench, "f = lambda: net(Tensor(x.reshape(1, 1, 28, 28))).sum().item()\nf()")
        assert float(before) != 0
        assert await text_of(bench, "for name in weights: weights[name] = weights[name] * 0") == ""
        assert float(await text_of(bench, "f()")) == 0  # also where a function alone names the network

    on_bench(go)


def test_a_network_that_was_compiled_answers_before_it_is_trained() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Compile, settings=PLAIN.to_json(), answer_target="wasm.simd")
        assert await text_of(bench, "net(Tensor(x.reshape(1, 1, 28, 28))).shape") == "(1, 10)\n"
        assert await text_of(bench, "np.array_equal(net.l1.weight.numpy(), weights['l1.weight'])") == "True\n"
        assert await text_of(bench, "weights['l2.bias'] = np.ones(10, np.float32)") == ""
        assert float(await text_of(bench, "net.l2.bias.sum().item()")) == 10
        assert await text_of(bench, "metrics") == f"{NO_RUN}\n"
        await trained(bench, SMALL)
        assert "layers.0.weight" in await text_of(bench, "weights")

    on_bench(go)


@pytest.mark.parametrize("settings", [SMALL, replace(SMALL, center="mean"), PLAIN], ids=["form", "centred", "editor"])
def test_another_worker_has_the_network_of_a_run_again(settings: RunSettings) -> None:
    checkpoints, answers = list[bytes](), list[str]()
    code = "net(Tensor(np.ones((1, 1, 28, 28), np.float32) * 0.3)).numpy().round(4).tolist()"

    async def first(bench: Bench) -> None:
        await trained(bench, settings)
        checkpoints.extend(event.checkpoint for event in bench.events if isinstance(event, protocol.Checkpoint))
        answers.extend([await text_of(bench, part) for part in (code, "metrics", "history", "sorted(weights)")])

    async def second(bench: Bench) -> None:
        await bench.answer(protocol.Remember, checkpoint=checkpoints[-1])
        assert [await text_of(bench, part) for part in (code, "metrics", "history", "sorted(weights)")] == answers
        await bench.answer(protocol.Compile, settings=PLAIN.to_json(), answer_target="wasm.simd")
        assert "l1.weight" in await text_of(bench, "weights")
        assert await text_of(bench, "metrics") == f"{NO_RUN}\n"

    on_bench(first)
    on_bench(second)


def test_another_worker_has_a_compiled_network_again() -> None:
    async def go(bench: Bench) -> None:
        written = await bench.answer(protocol.Compile, settings=PLAIN.to_json(), answer_target="wasm.simd")
        assert isinstance(written, protocol.Written)
        code = "weights['l1.weight'].sum()"
        before = await text_of(bench, code)

        async def another(bench: Bench) -> None:
            assert isinstance(await bench.answer(protocol.Remember, weights=written.weights), protocol.Accepted)
            assert await text_of(bench, code) == before
            assert await text_of(bench, "net(Tensor(x.reshape(1, 1, 28, 28))).shape") == "(1, 10)\n"
            assert await text_of(bench, "metrics") == f"{NO_RUN}\n"
            assert isinstance(await bench.answer(protocol.Remember, weights=b"?"), protocol.Failed)
            assert await text_of(bench, code) == before

        await another(Bench())

    on_bench(go)


def test_weights_that_are_set_are_in_the_network_in_training() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG.to_json(), start_paused=True)
        await bench.expect(protocol.Progress)
        bench.forget_events()
        assert await text_of(bench, "weights['layers.1.bias'] = np.ones(10, np.float32)") == ""
        sent = load_safetensors((await bench.expect(protocol.Weights)).weights)[0]
        assert sent["layers.1.bias"].tolist() == [1] * 10
        assert await text_of(bench, "weights['layers.1.bias'].sum()") == "np.float32(10.0)\n"

    on_bench(go)


REFUSED = {
    "weights['none']": "There are no weights called 'none'",
    "weights['none'] = 1": "There are no weights called 'none'",
    "weights['layers.1.bias'] = [1] * 10": "this is 'list'",
    "weights['layers.1.bias'] = np.ones(9, np.float32)": "has the shape (10,), and this array (9,)",
    "weights['layers.1.bias'] = np.ones(10)": "use .astype(np.float32)",
    "weights['layers.1.bias'][0] = 1": "read-only",
    "del weights['layers.1.bias']": "not taken away",
    "weights['layers.1.bias'] = weights['layers.1.bias'] * np.float32('nan')": "keeps its own",
}


def test_weights_that_do_not_fit_are_refused_and_change_nothing() -> None:
    async def go(bench: Bench) -> None:
        await trained(bench, SMALL)
        before = await text_of(bench, "weights['layers.1.bias'].tolist()")
        for code, sentence in REFUSED.items():
            (item,) = (await evaluate(bench, code)).items
            assert item["kind"] == "error", code
            assert sentence in item["text"]
        assert await text_of(bench, "weights['layers.1.bias'].tolist()") == before

    on_bench(go)


def test_a_run_goes_on_while_commands_come() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG.to_json())
        await bench.expect(protocol.Progress, lambda e: e.step > 0)
        first = int(await text_of(bench, "metrics['step']"))
        for _ in range(3):
            await evaluate(bench, "raise SystemExit")
        await bench.expect(protocol.Progress, lambda e: e.step > first)
        assert "loss: " in await text_of(bench, "metrics")
        assert await text_of(bench, "len(history['validation_loss']) > 0") == "True\n"
        assert bench.host.running

    on_bench(go)


def test_while_a_run_is_set_up_the_console_says_so() -> None:
    async def go(bench: Bench) -> None:
        bench.send(protocol.Start, settings=LONG.to_json())
        assert await text_of(bench, "print(weights)\nprint(metrics)") == f"{BEGINS}\n{BEGINS}\n"
        await bench.expect(protocol.Progress)

    on_bench(go)


def test_after_another_network_was_loaded_the_last_run_has_none() -> None:
    async def go(bench: Bench) -> None:
        await trained(bench, SMALL)
        assert "step" in await text_of(bench, "metrics")
        await bench.answer(protocol.Prepare, settings=replace(SMALL, hidden=(17,)).to_json())
        assert NO_NETWORK in await text_of(bench, "weights")

    on_bench(go)


def test_the_worker_completes_live_objects() -> None:
    async def go(bench: Bench) -> None:
        async def names(code: str) -> list[str]:
            answer = await bench.answer(protocol.Complete, code=code, cursor=len(code))
            assert isinstance(answer, protocol.Completions)
            return answer.names

        assert await names("wei") == ["weights"]
        assert "relu6" in await names("Tensor.rel")
        await evaluate(bench, "mine = 3")
        assert await names("min") == ["min", "mine"]

    on_bench(go)


def test_commands_in_a_row_are_answered_in_their_order() -> None:
    async def go(bench: Bench) -> None:
        numbers = [bench.send(protocol.Evaluate, code=f"seen = {i}; seen") for i in range(5)]
        await bench.expect(protocol.Evaluated, lambda e: e.reply_to == numbers[-1])
        answers = [e for e in bench.events if isinstance(e, protocol.Evaluated)]
        assert [answer.reply_to for answer in answers] == numbers
        assert [answer.items[0]["text"] for answer in answers] == [f"{i}\n" for i in range(5)]

    on_bench(go)
