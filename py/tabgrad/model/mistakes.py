"""Says in one sentence what went wrong in a source, and at which line."""

from __future__ import annotations

import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad.dtype import DType

from tabgrad.compiler import NoValueError
from tabgrad.network import SourceError
from tabgrad.program import ProgramError, TooLargeError

#: What tracebacks and `inspect` call the file of a source.
FILE_NAME = "net.py"
#: Characters of an error's message that a sentence repeats.
MAX_MESSAGE = 200

_READS_A_VALUE = (
    "{what} reads the value of a tensor (as .item(), .numpy(), .tolist() and “if” do), and while a network is compiled "
    "there is none."
)
_WAITS = "{what} waits for something, as asyncio.run does, which it cannot do here."
_TOO_MUCH = "{what} needs more memory than there is."
_SENTENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (NoValueError, _READS_A_VALUE),
    ((SystemExit, KeyboardInterrupt), "{what} ends Python ({name}), which it cannot do here."),
    (MemoryError, _TOO_MUCH),
    (EOFError, "{what} asks for input, which there is not here."),
    (ProgramError, "{message}"),
)

#: The same for what Python and Pyodide say: an exception, a part of its message, and what it means.
_MEANINGS: tuple[tuple[type[Exception], str, str], ...] = (
    (TypeError, "__bool__ on Tensor is not defined", _READS_A_VALUE),
    (RuntimeError, "event loop", _WAITS),
    (RuntimeError, "stack switching", _WAITS),
    (OverflowError, "index-sized integer", _TOO_MUCH),
    (
        AttributeError,
        "'Tensor' has no attribute 'train",
        "{what} uses Tensor.training or Tensor.train, which tinygrad has no more: it is Context(TRAINING=1) now, which "
        "is set here while the network is trained.",
    ),
)


@contextmanager
def explained(what: str, line: int = 0) -> Iterator[None]:
    """Raises what is raised within as a SourceError, with `line` if it was raised outside the source.

    `what` begins the sentence: what was being done.
    """
    try:
        yield
    except SourceError:
        raise
    except BaseException as error:
        raise SourceError(sentence(what, error), _line(error) or line) from error


def no_coroutine(value: Any, what: str, line: int) -> None:
    """SourceError if `value`, what a function of the source returned, shows that the function is async."""
    if isinstance(value, types.CoroutineType):
        value.close()  # else Python complains later that nothing has waited for it
        raise SourceError(f"“{what}” is async, and nothing waits for it here: write def, not async def.", line)


def _line(error: BaseException) -> int:
    """The line of the source that an error is about: of its deepest frame there. Frames of libraries do not count."""
    if isinstance(error, SyntaxError) and error.filename == FILE_NAME:
        return error.lineno or 0
    if isinstance(error, TooLargeError):
        return error.line
    frames = traceback.walk_tb(error.__traceback__)
    return next((n for frame, n in reversed(list(frames)) if frame.f_code.co_filename == FILE_NAME), 0)


def sentence(what: str, error: BaseException) -> str:
    """What to say of an exception; `what` was being done."""
    message = " ".join(str(error).split())
    message = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
    if isinstance(error, SyntaxError) and error.filename == FILE_NAME:
        return f"Python cannot read this line: {error.msg}."
    if isinstance(error, KeyError) and isinstance(error.args[0], DType):  # tinygrad's renderers look formats up
        return f"The engine cannot compute in {str(error.args[0]).removeprefix('dtypes.')}: cast to float32."
    if isinstance(error, RecursionError):
        return f"{what} calls itself without end." if _line(error) else f"{what} goes too deep, or in a circle."
    name = type(error).__name__
    text = _known_sentence(error, message) or "{what} fails with {name}{colon}{message}."
    if text.endswith("{message}."):
        message = message.rstrip(".")
    return text.format(what=what, name=name, colon=": " if message else "", message=message)


def _known_sentence(error: BaseException, message: str) -> str:
    meanings = (text for kind, words, text in _MEANINGS if isinstance(error, kind) and words in message)
    return next(meanings, "") or next((text for kinds, text in _SENTENCES if isinstance(error, kinds)), "")


def kind_of(value: Any) -> str:
    """What a value is, for a sentence."""
    return "None" if value is None else f"a value of type {type(value).__name__}"
