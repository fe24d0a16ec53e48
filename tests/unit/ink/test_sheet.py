"""The sheet: every action can be undone and redone, and filled cells become ink."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tabgrad.ink import CELLS, Sheet, Snapshot, Stroke, cell_strokes, normalise
from tabgrad.ink.sheet import MAX_HISTORY

cell = st.tuples(st.integers(-1, CELLS), st.integers(-1, CELLS))
spot = st.floats(0, 280, width=32)


class Drawing(RuleBasedStateMachine):
    """Any sequence of actions: undo and redo go back and forth in the list of earlier contents."""

    def __init__(self) -> None:
        super().__init__()
        self.sheet = Sheet(280)
        self.seen: list[Snapshot] = [self.sheet.now]
        self.at = 0

    def _acted(self) -> None:
        self.seen = [*self.seen[: self.at + 1], self.sheet.now]
        self.at += 1

    @rule(x=spot, y=spot)
    def draw(self, x: float, y: float) -> None:
        self.sheet.begin_action()
        self.sheet.add(Stroke(np.array([(x, y), (y, x)])))
        self._acted()

    @rule(x=spot, y=spot, radius=st.floats(1, 60))
    def erase(self, x: float, y: float, radius: float) -> None:
        self.sheet.begin_action()
        self.sheet.erase([(x, y)], radius)
        self._acted()

    @rule(cell=cell, filled=st.booleans())
    def fill(self, cell: tuple[int, int], filled: bool) -> None:
        self.sheet.begin_action()
        self.sheet.fill(cell, filled)
        self._acted()

    @precondition(lambda self: not self.sheet.now.is_empty)
    @rule()
    def clear(self) -> None:
        self.sheet.clear()
        assert self.sheet.now.is_empty
        self._acted()

    @rule()
    def undo(self) -> None:
        assert self.sheet.undo() == (self.at > 0)
        self.at = max(0, self.at - 1)

    @rule()
    def redo(self) -> None:
        assert self.sheet.redo() == (self.at < len(self.seen) - 1)
        self.at = min(len(self.seen) - 1, self.at + 1)

    @invariant()
    def shows_what_was_seen(self) -> None:
        assert self.sheet.now is self.seen[self.at]
        assert self.sheet.can_undo == (self.at > 0)
        assert all(0 <= row < CELLS and 0 <= column < CELLS for row, column in self.sheet.now.cells)


TestDrawing = Drawing.TestCase
TestDrawing.settings = settings(max_examples=30, stateful_step_count=20)


def test_history_is_bounded() -> None:
    sheet = Sheet(280)
    for i in range(MAX_HISTORY + 50):
        sheet.begin_action()
        sheet.fill((i % CELLS, i // CELLS))
    undone = 0
    while sheet.undo():
        undone += 1
    assert undone == MAX_HISTORY


def test_cells_become_connected_strokes() -> None:
    assert len(cell_strokes([(3, 3)], 10)) == 1
    assert len(cell_strokes([(3, 3), (3, 4), (4, 3)], 10)) == 3  # two sides and their diagonal
    assert {tuple(s.points[0]) for s in cell_strokes([(0, 0), (9, 9)], 10)} == {(5, 5), (95, 95)}


def test_a_bar_of_cells_looks_like_a_line() -> None:
    cells = Snapshot(cells=frozenset((row, 5) for row in range(4, 24)))
    line = Stroke(np.array([(55, 45), (55, 235)]))
    np.testing.assert_allclose(normalise(cells.ink(280)), normalise([line]), atol=0.01)


def test_the_eraser_empties_cells_and_emptying_a_cell_cuts_strokes() -> None:
    sheet = Sheet(280)
    sheet.fill((5, 5))
    sheet.fill((5, 20))
    sheet.erase([(55, 55)], 8)
    assert sheet.now.cells == {(5, 20)}
    sheet.add(Stroke(np.array([(0, 145), (280, 145)])))
    sheet.fill((14, 14), False)
    assert len(sheet.now.strokes) == 2
