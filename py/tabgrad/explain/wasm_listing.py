"""WebAssembly as readable code: instructions of the stack machine become assignments, loops and formulas.

    loop
      v3 = f32x4[x + v1] * f32x4[layers.0.weight + v2 + 16] + v3

`v3` is local 3, `f32x4[...]` is memory at an address in bytes, and buffers have their names in the program. Owns this
notation; the instructions come from `wasm_reader`. Nothing is simplified or left out (a test runs the listings).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tabgrad.program import ProgramError

from .wasm_reader import Instruction, read_kernel

_INFIX = {
    **{"add": "+", "sub": "-", "mul": "*", "div": "/", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>"},
    **{"rem": "%", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="},
}
_UNARY = ("eqz", "clz", "ctz", "popcnt", "abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt", "not", "splat")
_UNARY_PATTERN = re.compile(
    r".*\.(?:"
    + "|".join(_UNARY)
    + r"|(?:wrap|reinterpret|extend\w*|convert|trunc_sat)_\w+|extend(?:8|16)_s|extract_lane)$"
)
#: The type that a memory access reads or writes, where the instruction's name does not begin with it. Vectors of
#: integers are shown as f32x4, too.
_ACCESS = {"v128.load": "f32x4", "v128.store": "f32x4", "v128.load32_splat": "f32", "v128.load32_zero": "f32"}
_ACCESS |= {"v128.load32_lane": "f32"}
_MEMORY = -1


@dataclass(slots=True)
class _Value:
    """An expression on the stack. `reads`: the locals that it reads, and `_MEMORY` if it reads memory. `formula`:
    whether it needs parentheses as an operand, which `grouped` has.
    """

    text: str
    reads: frozenset[int] = frozenset()
    formula: bool = False

    @property
    def grouped(self) -> str:
        return f"({self.text})" if self.formula else self.text


class _Listing:
    """The listing of one function, as it grows. Used once."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.lines: list[str] = []
        self.stack: list[_Value] = []
        self.depth = 0
        self.spilled = 0
        self._special: dict[str, Callable[[Instruction], None]] = {
            "local.get": lambda i: self._push(self._local(i), reads=[int(i.immediates[0])]),
            "local.set": self._set,
            "local.tee": self._tee,
            "block": self._open,
            "loop": self._open,
            "if": self._open,
            "end": self._close,
            "br_if": self._branch,
            "select": lambda _: self._combine("choose({2.text}, {0.text}, {1.text})"),
            "v128.bitselect": lambda _: self._combine("choose({2.text}, {0.text}, {1.text})"),
            "f32x4.relaxed_madd": lambda _: self._combine("{0.grouped} * {1.grouped} + {2.grouped}", formula=True),
        }

    def add(self, instruction: Instruction) -> None:
        """Append one instruction."""
        name = instruction.name
        if name in self._special:
            self._special[name](instruction)
        elif name.endswith(".const"):
            self._push(_constant(instruction))
        elif ".load" in name:
            self._load(instruction)
        elif ".store" in name:
            self._store(instruction)
        elif _UNARY_PATTERN.fullmatch(name):
            self._unary(instruction)
        else:
            self._binary(instruction)

    def _push(self, text: str, *parts: _Value, reads: Iterable[int] = (), formula: bool = False) -> None:
        self.stack.append(_Value(text, frozenset(reads).union(*(p.reads for p in parts)), formula))

    def _line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def _local(self, instruction: Instruction) -> str:
        index = int(instruction.immediates[0])
        return self.names[index] if index < len(self.names) else f"v{index}"

    def _spill(self, changed: int | None = None) -> None:
        """Assign expressions on the stack to variables, because the next line changes a local or memory that they read.

        None stands for all expressions.
        """
        for value in self.stack:
            if changed is None or changed in value.reads:
                self._line(f"s{self.spilled} = {value.text}")
                value.text, value.reads, value.formula = f"s{self.spilled}", frozenset(), False
                self.spilled += 1

    def _set(self, instruction: Instruction) -> None:
        value = self.stack.pop()
        self._spill(int(instruction.immediates[0]))
        self._line(f"{self._local(instruction)} = {value.text}")

    def _tee(self, instruction: Instruction) -> None:
        self._set(instruction)
        self._special["local.get"](instruction)

    def _open(self, instruction: Instruction) -> None:
        condition = f" {self.stack.pop().text}" if instruction.name == "if" else ""
        self._spill()
        self._line(instruction.name + condition)
        self.depth += 1

    def _close(self, _: Instruction) -> None:
        self._spill()
        self.depth -= 1
        self._line("end")

    def _branch(self, instruction: Instruction) -> None:
        condition = self.stack.pop()
        level = int(instruction.immediates[0])
        self._line(f"again{f' {level} loops up' if level else ''} if {condition.text}")

    def _combine(self, pattern: str, formula: bool = False) -> None:
        parts = [self.stack.pop() for _ in range(3)][::-1]
        self._push(pattern.format(*parts), *parts, formula=formula)

    def _place(self, instruction: Instruction, address: _Value) -> str:
        kind, _, rest = instruction.name.partition(".")
        width = re.search(r"\d+(?:_[su])?", rest)
        offset = f" + {instruction.immediates[0]}" if instruction.immediates[0] else ""
        label = _ACCESS.get(instruction.name, kind + (f".{width[0]}" if width else ""))
        return f"{label}[{address.text}{offset}]"

    def _load(self, instruction: Instruction) -> None:
        lanes = len(instruction.immediates) > 2
        old = [self.stack.pop()] if lanes else []
        address = self.stack.pop()
        text = self._place(instruction, address)
        if lanes:
            text = f"set_lane({old[0].text}, {instruction.immediates[2]}, {text})"
        elif instruction.name.endswith(("splat", "zero")):
            text = f"{instruction.name.rpartition('_')[2]}({text})"
        self._push(text, address, *old, reads=[_MEMORY])

    def _store(self, instruction: Instruction) -> None:
        value, address = self.stack.pop(), self.stack.pop()
        self._spill(_MEMORY)
        self._line(f"{self._place(instruction, address)} = {value.text}")

    def _unary(self, instruction: Instruction) -> None:
        value, op = self.stack.pop(), instruction.name.partition(".")[2]
        if op == "neg":
            self._push(f"-{value.grouped}", value, formula=True)
            return
        if op == "extract_lane":
            text = f"{value.grouped}.lane{instruction.immediates[0]}"
        else:
            text = f"{op if op in _UNARY else instruction.name}({value.text})"
        self._push(text, value)

    def _binary(self, instruction: Instruction) -> None:
        right, left = self.stack.pop(), self.stack.pop()
        op = instruction.name.partition(".")[2]
        plain = op.removesuffix("_s").removesuffix("_u")
        unsigned = "u" if op.endswith("_u") else ""
        if plain in _INFIX:
            self._push(f"{left.grouped} {_INFIX[plain]}{unsigned} {right.grouped}", left, right, formula=True)
        elif op == "replace_lane":
            self._push(f"set_lane({left.text}, {instruction.immediates[0]}, {right.text})", left, right)
        elif op == "shuffle":
            self._push(f"shuffle({left.text}, {right.text}, {_lanes(instruction)})", left, right)
        else:
            self._push(f"{plain}{unsigned}({left.text}, {right.text})", left, right)


def _lanes(instruction: Instruction) -> str:
    """The order of a byte shuffle; in lanes if it moves whole ones, where 4 to 7 are those of the second operand."""
    order = [int(n) for n in instruction.immediates]
    lanes = [n // 4 for n in order[::4]]
    whole = order == [4 * lane + byte for lane in lanes for byte in range(4)]
    return ", ".join(map(str, lanes if whole else order))


def _constant(instruction: Instruction) -> str:
    values = instruction.immediates
    if instruction.name == "v128.const":
        floats = np.array(values, np.uint8).view("<f4")
        text = [f"{float(f):.9g}" for f in floats]
        return f"splat({text[0]})" if len(set(text)) == 1 else f"lanes({', '.join(text)})"
    return f"{values[0]:.9g}" if instruction.name == "f32.const" else str(values[0])


def listing(module: bytes, names: Sequence[str]) -> str:
    """The listing of a kernel's module; `names` are its buffers. Raises ProgramError for a module of another kind."""
    count, code = read_kernel(module)
    if count != len(names):
        raise ProgramError(f"A kernel of {count} buffers cannot be shown with the names of {len(names)}.")
    text = _Listing(names)
    try:
        for instruction in code:
            text.add(instruction)
    except IndexError as error:
        raise ProgramError("A kernel's WebAssembly module cannot be shown: its stack runs empty.") from error
    if text.stack or text.depth:
        raise ProgramError("A kernel's WebAssembly module cannot be shown: it leaves values behind.")
    return "\n".join(text.lines)
