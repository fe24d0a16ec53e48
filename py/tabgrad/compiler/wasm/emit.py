"""Puts the nodes of a plan in order and writes the function's body, code for a stack machine.

An action is written after the nodes that it needs, operands first. A node that is used more than once is kept in a
local from its first use. A node that is used in another segment than its own is computed at the end of the last
segment of its own loop before the use: this moves loop-invariant work out of loops. A value that is read from memory or
from an accumulator is computed before its source is overwritten. Never changes the plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import Function, ValType, sleb, uleb
from tabgrad.program.wasm_opcodes import OPCODES

from .ir import Node
from .linear import const_value
from .plan import Action, Plan

_VOID = b"\x40"  # block type: no result


class Emitter:
    """Writes one kernel. Used once."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.linear = plan, plan.linear
        self.body = bytearray()
        self.kept: dict[Node, int] = {}  # nodes whose value is in a local, and which
        self.live: list[Node] = []  # every node that an action needs, operands before users
        self.place: dict[Node, int] = {}
        self.shared: set[Node] = set()  # kept in a local at first use
        self.forced: dict[int, list[Node]] = defaultdict(list)  # by segment: nodes that later segments need
        self.reads: dict[Hashable, list[Node]] = defaultdict(list)

    def function(self, name: str) -> Function:
        """The finished function, exported as `name`."""
        self._collect()
        self._place()
        for position, u in enumerate(self.linear.uops):
            if u.op in (Ops.RANGE, Ops.END, Ops.IF, Ops.ENDIF):
                for node in self.forced[self.linear.segment[u] - 1]:
                    self._keep(node)
            for action in self.plan.actions.get(position, ()):
                self._act(position, action)
            if u.op is Ops.RANGE:
                self._open(u)
            if u.op is Ops.END:
                self._close(u)
            elif u.op is Ops.ENDIF:
                self._write("end")
        return Function(name, (ValType.I32,) * len(self.linear.params), self.plan.locals, bytes(self.body))

    # -- placement

    def _collect(self) -> None:
        """Fill `live` in topological order."""
        seen: set[Node] = set()
        for _, action in self._actions():
            stack = [(node, False) for node in reversed(action.srcs)]
            while stack:
                node, done = stack.pop()
                if done:
                    self.live.append(node)
                elif node not in seen:
                    seen.add(node)
                    stack.append((node, True))
                    stack += [(s, False) for s in reversed(node.srcs)]

    def _actions(self) -> Iterable[tuple[int, Action]]:
        """Every action with its segment, in program order."""
        for position in sorted(self.plan.actions):
            u = self.linear.uops[position]
            for action in self.plan.actions[position]:
                yield self.linear.segment[u] - (u.op in (Ops.IF, Ops.RANGE)), action

    def _place(self) -> None:
        users: dict[Node, list[int]] = defaultdict(list)
        for segment, action in self._actions():
            for node in action.srcs:
                users[node].append(segment)
        for node in reversed(self.live):
            place = self.place[node] = self._segment_for(node, min(users[node]))
            if len(users[node]) > 1 and not node.is_cheap:
                self.shared.add(node)
            for source in node.srcs:
                users[source].append(place)
        for node in self.live:
            if node.is_cheap:
                continue
            if any(segment != self.place[node] for segment in users[node]):
                self.forced[self.place[node]].append(node)
            if node.reads is not None:
                self.reads[node.reads].append(node)

    def _segment_for(self, node: Node, first_use: int) -> int:
        """The last segment of the node's loop before its first use. A read of what a store changes stays put."""
        changes = isinstance(node.reads, int) or node.reads in self.linear.stores
        if changes or node.segment >= first_use:
            return node.segment
        path = self.linear.path
        return max(s for s in range(node.segment, first_use + 1) if path[s] == path[node.segment])

    # -- code

    def _write(self, op: str, immediate: bytes = b"") -> None:
        self.body += OPCODES[op] + immediate

    def _emit(self, node: Node) -> None:
        """Leave the node's value on the stack."""
        if (local := self.kept.get(node)) is not None:
            self._write("local.get", uleb(local))
            return
        for source in node.srcs:
            self._emit(source)
        self.body += node.code
        if node in self.shared:
            local = self.kept[node] = self.plan.new_local(node.type)
            self._write("local.tee", uleb(local))

    def _keep(self, node: Node) -> None:
        """Compute the node's value into a local here, unless it is in one already."""
        if node in self.kept:
            return
        for source in node.srcs:
            self._emit(source)
        self.body += node.code
        local = self.kept[node] = self.plan.new_local(node.type)
        self._write("local.set", uleb(local))

    def _act(self, position: int, action: Action) -> None:
        if action.writes is not None:
            self._save_reads(position, action)
        for node in action.srcs:
            self._emit(node)
        self._write(action.op, action.imm)

    def _save_reads(self, position: int, action: Action) -> None:
        """Keep in locals the values that were read earlier from what this action overwrites."""
        pending = [n for n in self.reads[action.writes] if n.position < position and n not in self.kept]
        if not pending:
            return
        own: set[Node] = set()
        stack = list(action.srcs)
        while stack:
            if (node := stack.pop()) not in own:
                own.add(node)
                stack += node.srcs
        for node in pending:
            if node not in own:
                self._keep(node)

    def _open(self, loop: UOp) -> None:
        if (length := self.plan.lengths.get(loop)) is not None:  # it may be 0, and a loop runs at least once
            self._write("local.get", uleb(length))
            self._write("i32.const", sleb(0))
            self._write("i32.gt_s")
            self._write("if", _VOID)
        self._write("i32.const", sleb(0))
        self._write("local.set", uleb(self.plan.loops[loop]))
        self._write("loop", _VOID)

    def _close(self, end: UOp) -> None:
        loop = end.src[1]
        counter = uleb(self.plan.loops[loop])
        self._write("local.get", counter)
        self._write("i32.const", sleb(1))
        self._write("i32.add")
        self._write("local.tee", counter)
        if (length := self.plan.lengths.get(loop)) is not None:
            self._write("local.get", uleb(length))
        else:
            self._write("i32.const", sleb(int(const_value(loop.src[0]))))
        self._write("i32.lt_s")
        self._write("br_if", uleb(0))
        self._write("end")
        if length is not None:
            self._write("end")
