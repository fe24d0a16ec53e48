"""The text of a run's Python file, in parts: see `script`. Where its images come from is in `script_images`.

It is written to be read by learners. `script` fills the braces of what is not the same in every file.
"""

from __future__ import annotations

from collections.abc import Mapping

MLP_MEAN = """        # The mean image is subtracted from every image: then an MLP can learn in larger steps.
        self.mean = Tensor.zeros(784).is_param_(False)
"""

MLP = '''"""{name}: a multilayer perceptron for images of 28x28 pixels, in tinygrad."""

from tinygrad import Tensor, nn


class Net:
    def __init__(self):
        self.layers = [{layers}]
{mean}
    def __call__(self, x):
        """x (B, 1, 28, 28) in 0..1 -> logits (B, {classes})."""
        x = x.flatten(1){centred}
        for layer in self.layers[:-1]:
            x = layer(x){activation}{dropout}
        return self.layers[-1](x)
'''

CNN = '''"""A small convolutional network for images of 28x28 pixels, in tinygrad."""

from tinygrad import Tensor, nn


class Net:
    def __init__(self):
        self.convs = [nn.Conv2d(1, {first}, 5, bias=False), nn.Conv2d({first}, {second}, 5, bias=False)]
        self.norms = [nn.BatchNorm({first}), nn.BatchNorm({second})]
        self.layers = [nn.Linear({second} * 4 * 4, 64), nn.Linear(64, {classes})]

    def __call__(self, x):
        """x (B, 1, 28, 28) in 0..1 -> logits (B, {classes})."""
        for conv, norm in zip(self.convs, self.norms):
            x = norm(conv(x)){activation}.max_pool2d()
        x = self.layers[0](x.flatten(1)){activation}{dropout}
        return self.layers[1](x)
'''

ORDER = '''
def epoch_order(epoch, count):
    """The order of the images in an epoch. The first one goes by blocks of 2,000, in which the page fetches them."""
    random = np.random.RandomState((SEED * 1_000_003 + epoch) % 2**32)
    if epoch > 0:
        return random.permutation(count)
    starts = [2000 * block for block in random.permutation(math.ceil(count / 2000))]
    return np.concatenate([start + random.permutation(min(2000, count - start)) for start in starts])


def batch_rows(count):
    """Which images each step learns from, without end. A batch may begin in one epoch and end in the next."""
    epoch, rows = 0, np.zeros(0, int)
    while True:
        while len(rows) < BATCH:
            rows, epoch = np.concatenate([rows, epoch_order(epoch, count)]), epoch + 1
        yield rows[:BATCH]
        rows = rows[BATCH:]
'''

_EASE = '''
def ease(t):
    """From 0 to 1, slowly at both ends: half a cosine wave."""
    return (1 - math.cos(math.pi * min(1, t))) / 2


'''
#: By the setting `schedule`.
RATES: Mapping[str, str] = {
    "one_cycle": _EASE
    + '''def rate_at(step, steps, steps_in_epoch):
    """The learning rate of a step. One cycle: it grows for a while, then shrinks to the end."""
    done = min(1, step / max(1, steps - 1))
    if done < WARM_UP:
        return RATE * (1 / 25 + (1 - 1 / 25) * ease(done / WARM_UP))
    return RATE * (1 - (1 - 1e-3) * ease((done - WARM_UP) / (1 - WARM_UP)))
''',
    "cosine": _EASE
    + '''def rate_at(step, steps, steps_in_epoch):
    """The learning rate of a step. Cosine: it shrinks to 0."""
    return RATE * (1 - ease(step / max(1, steps - 1)))
''',
    "exponential": '''
def rate_at(step, steps, steps_in_epoch):
    """The learning rate of a step. Exponential decay: each epoch multiplies it by DECAY."""
    return RATE * DECAY ** (step / steps_in_epoch)
''',
    "constant": '''
def rate_at(step, steps, steps_in_epoch):
    """The learning rate of a step: always the same."""
    return RATE
''',
}

FIRST_VALUES = '''
def first_values(net):
    """Give the network the weights that the page begins with: random numbers, smaller where a unit has more inputs.

    He et al. 2015, https://arxiv.org/abs/1502.01852. Biases begin at 0.
    """
    random = np.random.default_rng(SEED)
    for conv in getattr(net, "convs", []):
        shape = conv.weight.shape
        values = random.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
        conv.weight.assign(Tensor(values.astype(np.float32)))
    for layer in net.layers:
        outputs, inputs = layer.weight.shape
        gain = 1 if layer is net.layers[-1] else 2  # ReLU lets half of it through, and none follows the last layer
        values = random.standard_normal((inputs, outputs)) * math.sqrt(gain / inputs)
        layer.weight.assign(Tensor(np.ascontiguousarray(values.T, np.float32)))
        layer.bias.assign(Tensor(np.zeros(outputs, np.float32)))
'''

LOSS = '''
def cross_entropy(logits, labels):
    """How surprised the network is by the labels, in nats."""
    return logits.sparse_categorical_crossentropy(labels{options})
'''

#: By the update rule of the setting `optimizer`.
RULES: Mapping[str, str] = {
    "sgd": '''
def make_rule(parameters):
    """The optimizer: it changes the weights after each batch."""
    return nn.optim.SGD(parameters, lr=RATE{options}, nesterov=True)
''',
    "adamw": '''
def make_rule(parameters):
    """The optimizer: it changes the weights after each batch."""
    return nn.optim.AdamW(parameters, lr=RATE{options})
''',
    "muon": '''
def make_rule(parameters):
    """The optimizer: Muon for matrices, and plain momentum for vectors such as biases."""
    matrices, vectors = [p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim <= 1]
    rules = [nn.optim.Muon(matrices, lr=RATE{options})] if matrices else []
    if vectors:
        plain = dict(nesterov=True, classic=False, pre_wd=False, tcoef=0)
        rules.append(nn.optim.LARS(vectors, lr=RATE{options}, **plain))
    return nn.optim.OptimizerGroup(*rules)
''',
}

CLIP = '''
def clip_gradients(parameters):
    """Make all gradients smaller if together they are larger than CLIP: one bad batch cannot throw the weights far."""
    gradients = [p.grad.contiguous() for p in parameters]
    norm = Tensor.stack(*(g.square().sum() for g in gradients)).sum().sqrt()
    scale = (CLIP / (norm + 1e-6)).minimum(1).contiguous()
    for p, g in zip(parameters, gradients):
        p.grad = g * scale
'''

MEASURE = '''
def parts_of(rule):
    """The optimizers in a group, or the one that is none."""
    if isinstance(rule, nn.optim.OptimizerGroup):
        return [part for one in rule.optimizers for part in parts_of(one)]
    return [rule]


def pixels(images):
    """Images of bytes (B, 28, 28) as the network's input (B, 1, 28, 28) in 0..1."""
    return (images.cast(dtypes.float32) / 255).reshape(-1, 1, 28, 28).contiguous()


def accuracy_of(answers_of, images, labels, size=100):
    """The share of the images that the network reads right. The last batch is filled up with the first images."""
    rows = (np.arange(first, first + size) % len(labels) for first in range(0, len(labels), size))
    found = np.concatenate([answers_of(Tensor(images[r])).numpy() for r in rows])
    return (found[: len(labels)] == labels).mean()
'''

FROZEN = """\
    for tensor in tensors:  # what older versions of tinygrad call is_param
        if getattr(tensor, "requires_grad", None) is False:
            tensor.is_param_(False)
"""

SEEDED = """    np.random.seed(0)  # as in the page, if the network draws random numbers of NumPy
"""
USE_FIRST_VALUES = """    first_values(net)
"""
USE_MEAN = """    first = images[epoch_order(0, len(images))[:1000]]
    net.mean.assign(Tensor((first.reshape(-1, 784).mean(0) / 255).astype(np.float32)))
"""
USE_AUGMENT = """        if distort := globals().get("augment"):
            batch = distort(batch, np.random.default_rng((SEED, step)))
"""

MAIN = '''
def main():
{option}    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--every", type=int, default=100, help="print the loss of every so many steps")
    options = parser.parse_args()
    for note in NOTES:
        print("Note:", note)
    (images, labels), validation, test = split_images(options.data)

    Tensor.manual_seed(SEED)
{seeded}    net = Net()
{first}{mean}    # A formula, such as Tensor.arange, holds no numbers that could be trained.
    tensors = [t for t in nn.state.get_state_dict(net).values() if not t.uop.is_virtual]
    Tensor.realize(*tensors)
{frozen}    parameters = [t for t in tensors if t.is_param and t.is_floating_point()]
    statistics = [t for t in tensors if not t.is_param]  # such as those of batch norm
    rule = {rule}(parameters)
    parts = parts_of(rule)
    shares = [part.lr.item() / parts[0].lr.item() for part in parts]

    @TinyJit
    def learn(x, y, rate):
        """One step: the loss of a batch, its gradients, and the change of the weights."""
        with Context(TRAINING=1):  # batch norm and dropout do otherwise while a network is trained
            rule.zero_grad()
            loss = {loss}(net(pixels(x)), y)
            loss.backward()
{clip}            for part, share in zip(parts, shares):
                part.lr = rate * share
            Tensor.realize(loss, *rule.schedule_step(), *statistics)
            return loss

    @TinyJit
    def answers_of(x):
        return net(pixels(x)).argmax(1).realize()

    steps = max(1, math.ceil(options.epochs * len(labels) / BATCH - 1e-9))
    for step, rows in zip(range(steps), batch_rows(len(labels))):
        batch = images[rows]
{augment}        rate = Tensor([rate_at(step, steps, len(labels) / BATCH)], dtype=dtypes.float32)
        loss = learn(Tensor(batch), Tensor(labels[rows].astype(np.int32)), rate)
        seen = (step + 1) * BATCH
        if step % options.every == 0:
            print(f"step {{step:5}}  loss {{loss.item():.6f}}", flush=True)
        if seen // len(labels) > (seen - BATCH) // len(labels) or step + 1 == steps:
            accuracy = accuracy_of(answers_of, *validation)
            print(f"epoch {{seen / len(labels):.2f}}  validation {{accuracy:.2%}}", flush=True)
    print(f"test {{accuracy_of(answers_of, *test):.2%}}")


if __name__ == "__main__":
    main()
'''
