"""RNN: reads the image from top to bottom, two rows at a time, and remembers."""

from tinygrad import Tensor, nn

STEPS = 14  # each reads two rows of 28 pixels
MEMORY = 96  # numbers that the network remembers


class Net:
    """One layer that is used 14 times, always with the same weights."""

    def __init__(self):
        self.read = nn.Linear(2 * 28, MEMORY)
        self.remember = nn.Linear(MEMORY, MEMORY, bias=False)
        self.output = nn.Linear(MEMORY, 10)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, STEPS, 2 * 28)  # (B, 14, 56)
        memory = self.read(rows[:, 0]).tanh()  # (B, 96)
        for step in range(1, STEPS):
            # What it reads now, and what it remembers, make the new memory.
            memory = (self.read(rows[:, step]) + self.remember(memory)).tanh()
        return self.output(memory)  # the answer depends on the last memory alone
