"""What the names in a source stand for, at the place of the cursor. Never runs the source: it reads its tree."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from tinygrad import Tensor

from . import assist_text
from .assist_live import Function, Thing, is_special, live_member, live_members, made, module, of_value, returned

#: Parameters by the contract of a source, where nothing else tells what they are.
CONTRACT = {
    **dict.fromkeys(("x", "y", "logits"), Tensor),
    "images": np.ndarray,
    "rng": np.random.Generator,
}
#: What indexing and comparing give the same again of.
ARRAYS = (Tensor, np.ndarray)
LITERALS = {ast.List: list, ast.Tuple: tuple, ast.Dict: dict, ast.Set: set, ast.JoinedStr: str}
#: Expressions within expressions, and classes within classes, that are followed.
MAX_DEPTH = 40
#: As many statements of a function before the cursor are read.
MAX_STATEMENTS = 200

Scope = dict[str, Thing | None]


class Names:
    """What is known of `source` with the cursor at `line`, from 1 on, and `column`, in characters."""

    def __init__(self, source: str, line: int, column: int) -> None:
        self._blocks = assist_text.blocks(source)
        here = next((block for block in reversed(self._blocks) if block.first <= line), self._blocks[0])
        self._trees = {here: assist_text.mended(here.text, line - here.first + 1, column)}
        self._defined = {name: block for block in self._blocks for name in block.names}
        self._imported: Scope = {}
        self._known: Scope = {}  # of the source's top, as far as it was asked for
        self._depth = 0
        for block in self._blocks:
            if "import" in block.text and not block.names:
                for node in assist_text.within(self._tree(block).body):
                    self._import(node, self._imported)
        text = source.split("\n")[line - 1]
        indent = len(text) - len(text.lstrip()) if text.strip() else column
        self.scope = self._scope_at(self._trees[here].body, line - here.first + 1, indent)

    def _tree(self, block: assist_text.Block) -> ast.Module:
        return self._trees.get(block) or assist_text.parsed(block.text) or ast.Module([], [])

    # ---- Names

    def top_names(self) -> set[str]:
        """What the source imports and defines at its top."""
        return {*self._imported, *self._defined}

    def find(self, name: str, scope: Scope) -> Thing | None:
        """What a name stands for; None if that is not known."""
        if name in scope:
            return scope[name]
        if name in self._defined:
            return self._top(name)
        if name in self._imported:
            return self._imported[name]
        if name in CONTRACT:
            return made(CONTRACT[name])
        found = getattr(builtins, name, None)
        return of_value(found) if found is not None else None

    def _top(self, name: str) -> Thing | None:
        if name not in self._known:
            self._known[name] = None  # while it is found, for what is defined in a circle
            scope: Scope = {}
            for node in assist_text.within(self._tree(self._defined[name]).body):
                self._define(node, scope)
            self._known[name] = scope.get(name)
        return self._known[name]

    def _import(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found = module(alias.name if alias.asname else alias.name.partition(".")[0])
                scope[alias.asname or alias.name.partition(".")[0]] = Thing(found) if found else None
        elif isinstance(node, ast.ImportFrom) and node.module and (source := module(node.module)):
            for alias in node.names:
                names = live_members(source, False) if alias.name == "*" else [alias.name]
                for name in names:
                    scope[alias.asname or name] = live_member(Thing(source), name)

    # ---- What is in sight inside functions

    def _scope_at(self, body: list[ast.stmt], line: int, indent: int) -> Scope:
        """The names of the functions around the cursor, each with what it is there."""
        scope: Scope = {}
        owner: ast.ClassDef | None = None
        while True:
            kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
            around = [node for node in body if node.lineno <= line and node.col_offset < indent]
            if not around:
                return scope
            node = around[-1]
            if isinstance(node, ast.ClassDef):
                owner = node
            elif isinstance(node, Function):
                scope |= self._inside(node, owner, line, scope)
                owner = None
            elif not (body := list(getattr(node, "body", []))):
                return scope
            body = node.body if isinstance(node, kinds) else body

    def _inside(self, node: Function, owner: ast.ClassDef | None, line: int, outer: Scope) -> Scope:
        """The names of a function before a line of it; `owner` is its class."""
        scope = dict(outer)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            kind = self.infer(argument.annotation, outer) if argument.annotation else None
            scope[argument.arg] = made(kind.what) if kind else made(CONTRACT.get(argument.arg))
        decorators = {getattr(decorator, "id", "") for decorator in node.decorator_list}
        if owner is not None and arguments and "staticmethod" not in decorators:
            scope[arguments[0].arg] = Thing(owner, is_made="classmethod" not in decorators)
        before = [statement for statement in node.body if statement.lineno < line]
        for found in assist_text.within(before[-MAX_STATEMENTS:]):
            if getattr(found, "lineno", 0) < line:
                self._define(found, scope)
        return scope

    def _define(self, node: ast.AST, scope: Scope) -> None:
        """Put what a statement defines into a scope."""
        if isinstance(node, Function | ast.ClassDef):
            scope[node.name] = Thing(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            kind = self.infer(node.annotation, scope)
            scope[node.target.id] = made(kind.what) if kind else None
        elif isinstance(node, ast.For | ast.comprehension):
            scope |= {name.id: None for name in ast.walk(node.target) if isinstance(name, ast.Name)}
        else:
            for target, value in _assigned(node):
                if isinstance(target, ast.Name):
                    scope[target.id] = self.infer(value, scope) if value else None

    # ---- Expressions

    def infer(self, node: ast.expr | None, scope: Scope) -> Thing | None:
        """What an expression stands for; None if that is not known."""
        with self._deeper() as allowed:
            return self._infer(node, scope) if node is not None and allowed else None

    @contextmanager
    def _deeper(self) -> Iterator[bool]:
        """One step further from the cursor; False if that is too far, as in a circle."""
        self._depth += 1
        try:
            yield self._depth <= MAX_DEPTH
        finally:
            self._depth -= 1

    def _infer(self, node: ast.expr, scope: Scope) -> Thing | None:
        found: Thing | None = None
        match node:
            case ast.Name(id=name):
                found = self.find(name, scope)
            case ast.Attribute(value=value, attr=name):
                of = self.infer(value, scope)
                found = self.member(of, name) if of else None
            case ast.Call(func=function):
                called = self.infer(function, scope)
                found = self._returned(called) if called else None
            case ast.Constant(value=str(text)) if text.isidentifier():  # an annotation in quotes
                found = self.find(text, scope) or made(str)
            case ast.Constant(value=value):
                found = made(type(value))
            case ast.BinOp(left=left, right=right):
                sides = [side for side in (self.infer(left, scope), self.infer(right, scope)) if side]
                found = next((side for side in sides if side.what in ARRAYS), sides[0] if sides else None)
            case ast.UnaryOp(operand=inner) | ast.IfExp(body=inner) | ast.NamedExpr(value=inner):
                found = self.infer(inner, scope)
            case ast.Compare(left=inner) | ast.Subscript(value=inner):
                of = self.infer(inner, scope)
                found = of if of and of.what in ARRAYS else None
            case ast.List() | ast.Tuple() | ast.Dict() | ast.Set() | ast.JoinedStr():
                found = made(LITERALS[type(node)])
        return found

    def _returned(self, thing: Thing) -> Thing | None:
        if thing.is_made:
            call = self.member(thing, "__call__")
            return self._returned(call) if call and not call.is_made else None
        if isinstance(thing.what, type | ast.ClassDef):
            return made(thing.what)
        if not isinstance(thing.what, Function):
            return returned(thing)
        if kind := self.infer(thing.what.returns, {}):
            return made(kind.what)
        values = [node.value for node in assist_text.within(thing.what.body) if isinstance(node, ast.Return)]
        with self._deeper() as allowed:
            if not values or not allowed:
                return None
            return self.infer(values[-1], self._inside(thing.what, thing.owner, thing.what.end_lineno or 0, {}))

    # ---- What things have

    def members(self, thing: Thing) -> set[str]:
        """The names of what a thing has."""
        if not isinstance(thing.what, ast.ClassDef):
            return set(live_members(thing.what, thing.is_made))
        names = {name for name, *_ in self._attributes(thing.what) if not is_special(name)}
        with self._deeper() as allowed:
            for base in self._bases(thing.what) if allowed else []:
                names |= self.members(Thing(base.what, thing.is_made))
        return names

    def member(self, thing: Thing, name: str) -> Thing | None:
        """An attribute of a thing; None if it is not known."""
        if not isinstance(thing.what, ast.ClassDef):
            return live_member(thing, name) if thing.what is not None else None
        for found, node, method in self._attributes(thing.what):
            if found != name or node is None:
                continue
            if isinstance(node, Function):
                return Thing(node, owner=thing.what, is_bound=thing.is_made)
            with self._deeper() as allowed:
                scope = self._inside(method, thing.what, node.lineno, {}) if method and allowed else {}
                return self.infer(node, scope)
        with self._deeper() as allowed:
            bases = self._bases(thing.what) if allowed else []
            return next((m for base in bases if (m := self.member(Thing(base.what, thing.is_made), name))), None)

    def constructor(self, node: ast.ClassDef) -> Function | None:
        """The `__init__` of a class of the source, also one that it inherits."""
        found = self.member(Thing(node), "__init__")
        return found.what if found and isinstance(found.what, Function) else None

    def _bases(self, node: ast.ClassDef) -> list[Thing]:
        return [found for base in node.bases if (found := self.infer(base, {})) and not found.is_made]

    def _attributes(self, owner: ast.ClassDef) -> Iterator[tuple[str, ast.expr | Function | None, Function | None]]:
        """Name, value and method of what a class of the source defines, and of what its methods put into `self`."""
        for item in owner.body:
            if isinstance(item, Function):
                yield item.name, item, None
            for target, value in _assigned(item):
                if isinstance(target, ast.Name):
                    yield target.id, value, None
        for item in owner.body:
            if isinstance(item, Function) and item.args.args:
                own = item.args.args[0].arg
                for target, value in (pair for node in assist_text.within(item.body) for pair in _assigned(node)):
                    if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == own:
                        yield target.attr, value, item


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The targets of an assignment, each with its value; None if that is a part of one."""
    pairs: list[tuple[ast.expr, ast.expr]]
    match node:
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
        case ast.AnnAssign(value=ast.expr() as value):
            pairs = [(node.target, value)]
        case ast.NamedExpr():
            pairs = [(node.target, node.value)]
        case _:
            return
    for target, value in pairs:
        if not isinstance(target, ast.Tuple | ast.List):
            yield target, value
        elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            yield from zip(target.elts, value.elts, strict=True)
        else:
            yield from ((part, None) for part in target.elts)
