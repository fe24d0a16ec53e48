"""The expression IR between tinygrad's linear UOps and WebAssembly: a graph of instructions.

A `Node` is one instruction with its operands. Nodes are hash-consed: the same instruction on the same operands is the
same node, so common subexpressions and addresses are computed once. Every node knows the first segment (the code
between two loop boundaries) in which it can be computed. A node that reads memory or an accumulator says which, so that
`emit` computes it before a later store. Owns the graph; knows no UOp and puts nothing in order (see `emit`).
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from tabgrad.program.wasm_binary import ValType, sleb, uleb
from tabgrad.program.wasm_opcodes import OPCODES


@dataclass(slots=True, eq=False)
class Node:
    """The value of instruction `op` with immediates `imm` on `srcs`, of type `type`.

    `segment`: the first one in which it can be computed. `reads`: the memory or accumulator that it reads, None if it
    is pure. `position`: where in the linear program it reads.
    """

    op: str
    type: ValType
    srcs: tuple[Node, ...]
    imm: bytes
    segment: int
    reads: Hashable = None
    position: int = -1

    @property
    def is_cheap(self) -> bool:
        """Whether computing it again costs nothing: constants and plain locals are not kept in another local."""
        return not self.srcs and self.reads is None

    @property
    def code(self) -> bytes:
        """The instruction's bytes; its operands must be on the stack."""
        return OPCODES[self.op] + self.imm

    def __repr__(self) -> str:
        inner = " ".join(map(repr, self.srcs))
        return f"({self.op}{' ' + self.imm.hex() if self.imm else ''}{' ' + inner if inner else ''})"


class Read(NamedTuple):
    """Where and when a load happens: the buffer, the segment and position, and how many stores to it come before."""

    memory: Hashable
    segment: int
    position: int
    version: int


class Graph:
    """Makes nodes, each of them once."""

    def __init__(self) -> None:
        self._nodes: dict[Hashable, Node] = {}

    def op(self, name: str, kind: ValType, *srcs: Node, imm: bytes = b"") -> Node:
        """A pure instruction. It can be computed in the first segment in which all its operands can."""
        key = (name, imm, *map(id, srcs))
        if (node := self._nodes.get(key)) is None:
            segment = max((s.segment for s in srcs), default=0)
            node = self._nodes[key] = Node(name, kind, srcs, imm, segment)
        return node

    def get(self, local: int, kind: ValType, segment: int = 0) -> Node:
        """A parameter or a loop counter, valid from `segment` on."""
        key = ("get", local, segment)
        if (node := self._nodes.get(key)) is None:
            node = self._nodes[key] = Node("local.get", kind, (), uleb(local), segment)
        return node

    def read_local(self, local: int, kind: ValType, segment: int, position: int) -> Node:
        """The value of an accumulator at `position`. Unlike the local of `get`, it changes."""
        key = ("read", local, segment)
        if (node := self._nodes.get(key)) is None:
            node = self._nodes[key] = Node("local.get", kind, (), uleb(local), segment, local, position)
        node.position = min(node.position, position)
        return node

    def load(self, name: str, kind: ValType, srcs: tuple[Node, ...], imm: bytes, at: Read) -> Node:
        """A load. `srcs`: the address, and for a lane load the vector to insert into."""
        key = ("load", name, imm, at.segment, at.version, *map(id, srcs))
        if (node := self._nodes.get(key)) is None:
            segment = max(at.segment, *(s.segment for s in srcs))
            node = self._nodes[key] = Node(name, kind, srcs, imm, segment, at.memory, at.position)
        node.position = min(node.position, at.position)
        return node

    def i32(self, value: int) -> Node:
        """A 32-bit integer constant; `value` is taken modulo 2**32."""
        return self.op("i32.const", ValType.I32, imm=sleb(((value + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)))

    def i64(self, value: int) -> Node:
        """A 64-bit integer constant; `value` is taken modulo 2**64."""
        return self.op("i64.const", ValType.I64, imm=sleb(((value + (1 << 63)) & (1 << 64) - 1) - (1 << 63)))

    def f32(self, value: float) -> Node:
        """A float constant."""
        return self.op("f32.const", ValType.F32, imm=float_bytes(value))

    def v128(self, lanes: bytes) -> Node:
        """A vector constant of 16 bytes."""
        return self.op("v128.const", ValType.V128, imm=lanes)

    def add_i32(self, node: Node, constant: int) -> Node:
        """`node` + `constant`; `node` itself if the constant is 0."""
        return self.op("i32.add", ValType.I32, node, self.i32(constant)) if constant else node


def float_bytes(value: float) -> bytes:
    """The four bytes of a float32; a value that is too large becomes an infinity, as in NumPy."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))
