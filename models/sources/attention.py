"""Attention over patches: small pieces of the image that look at each other.

Vision transformers work like this. Here the image has 49 pieces.
"""

from tinygrad import Tensor, nn

PATCHES = 49  # 7 by 7 of them
PIXELS = 16  # of a patch: 4 by 4
SIZE = 32  # numbers that describe a patch
HEADS = 4  # each head looks for something of its own


class Attention:
    """Every patch collects what it needs from all patches."""

    def __init__(self):
        self.query = nn.Linear(SIZE, SIZE)  # what a patch looks for
        self.key = nn.Linear(SIZE, SIZE)  # what a patch offers
        self.value = nn.Linear(SIZE, SIZE)  # what it passes on
        self.mix = nn.Linear(SIZE, SIZE)

    def __call__(self, x: Tensor) -> Tensor:
        def heads(y: Tensor) -> Tensor:  # (B, 49, 32) -> (B, 4, 49, 8)
            return y.reshape(-1, PATCHES, HEADS, SIZE // HEADS).transpose(1, 2)

        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        # How well each pair of patches fits: (B, 4, 49, 49).
        scores = q @ k.transpose(2, 3) / (SIZE // HEADS) ** 0.5
        # softmax makes weights of the scores. They sum to 1 for each patch that looks.
        found = scores.softmax() @ v
        return self.mix(found.transpose(1, 2).reshape(-1, PATCHES, SIZE))


class Net:
    """One block of a transformer, and the mean over all patches."""

    def __init__(self):
        self.embed = nn.Linear(PIXELS, SIZE)
        # Attention knows no order. These numbers say where a patch is.
        self.place = Tensor.normal(PATCHES, SIZE, std=0.02)
        self.norm1, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.attention = Attention()
        self.wide, self.narrow = nn.Linear(SIZE, 2 * SIZE), nn.Linear(2 * SIZE, SIZE)
        self.output = nn.Linear(SIZE, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.reshape(-1, 7, 4, 7, 4).permute(0, 1, 3, 2, 4)  # cut into patches
        x = x.reshape(-1, PATCHES, PIXELS)
        x = self.embed(x) + self.place  # (B, 49, 32)
        x = x + self.attention(self.norm1(x))
        x = x + self.narrow(self.wide(self.norm2(x)).gelu())
        return self.output(x.mean(1))
