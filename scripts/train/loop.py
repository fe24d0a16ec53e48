"""The training loop of one run outside the page, with the session's programs, schedule and network.

It adds what the page does not have: averaged weights (EMA), distillation, and resuming from a file. Decisions are made
on the validation split; the loop never reads the test set.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad import model
from tabgrad.backends import Device, Executable
from tabgrad.data import Samples, Source
from tabgrad.metrics import Results
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.session import plan
from tabgrad.session.network import LoadedNetwork, evaluate, load_network
from tabgrad.session.schedule import learning_rates
from tabgrad.settings import total_steps

from .data import Corpus, recipe_source
from .distillation import DistillationSet
from .out_of_distribution import targets
from .recipe import Recipe

#: Steps that are submitted together. The averaged weights are updated once for each such chunk.
CHUNK = 32
Tensors = dict[str, NDArray[Any]]
Report = Callable[[str], None]


@dataclass
class History:
    """One entry for each evaluation: mean training loss in nats, its standard deviation over the steps divided by the
    mean, validation loss and errors, and seconds since the start.
    """

    loss: list[float] = field(default_factory=list)
    loss_spread: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_errors: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


Stop = Callable[[History], bool]


class Run:
    """One training of `recipe` with `seed`. `best` has the weights with the fewest validation errors.

    `evaluations` is how many times an epoch the network is evaluated.
    """

    def __init__(self, recipe: Recipe, seed: int, corpus: Corpus, device: Device, evaluations: int = 1) -> None:
        self.recipe, self.seed, self.corpus, self.device = recipe, seed, corpus, device
        self.settings = recipe.run_settings(seed)
        self.samples = len(corpus.data.train)
        self.evaluations = evaluations
        self.steps = total_steps(self.settings, self.samples)
        self.history, self.step, self.best = History(), 0, Tensors()
        self._average = Tensors()
        self._network: LoadedNetwork | None = None
        self._evaluator: Evaluator | None = None

    async def fit(
        self,
        distilled: DistillationSet | None = None,
        save: Path | None = None,
        report: Report = print,
        stop: Stop | None = None,
    ) -> None:
        """Train to the last step, or until the patience is used up, or until `stop(history)` is true.

        With `save`, write the state to that file at each evaluation, and resume from it if it exists.
        """
        await self._open()
        if save and save.exists():
            self._restore(save)
            report(f"Resuming {save.name} at epoch {self._epoch():.1f}.")
        source = distilled or recipe_source(self.recipe, self.corpus, self.seed)
        started, before = time.perf_counter(), self.history.seconds[-1] if self.history.seconds else 0.0
        losses: list[float] = []
        while self.step < self.steps and not self._is_patience_over():
            part = self.step * self.settings.batch * self.evaluations // self.samples + 1
            # The last part may be shorter.
            end = min(self.steps, -(-part * self.samples // (self.settings.batch * self.evaluations)))
            count = min(CHUNK, end - self.step)
            images, labels, logits = await self._take(count * self.settings.batch, source)
            losses += await self._advance(count, images, labels, logits)
            if self.step == end:
                await self._evaluate_now(losses, before + time.perf_counter() - started)
                report(self._line())
                losses = []
                if save:
                    await self._save(save)
                if stop and stop(self.history):
                    break

    async def evaluate(self, weights: Tensors, split: Samples) -> Results:
        """Measure `weights` on `split`."""
        assert self._evaluator is not None
        return await self._evaluator(weights, split)

    def destroy(self) -> None:
        """Free the programs. Idempotent."""
        if self._network and self._evaluator:
            self._evaluator.destroy()
            self._network.destroy()

    async def _open(self) -> None:
        recipe, settings = self.recipe, self.settings
        target, variant = self.device.target, self.device.variants[0]
        training = model.Training(
            **plan.training_options(settings),
            beta2=recipe.beta2,
            **recipe.soft_targets(),
        )
        # The evaluator has buffers of its own, so averaged weights are evaluated without changing those in training.
        self._evaluator = await open_evaluator(recipe.spec, self.device)
        self._network = await load_network(
            self.device, model.training(recipe.spec, training, target, variant), self._evaluator.program.program
        )
        await self._network.initialise(self.seed, self.corpus.mean)

    async def _take(
        self, size: int, source: DistillationSet | Source
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32] | None]:
        """The next `size` images and labels, and their targets as logits if the recipe has soft targets."""
        position = self.step * self.settings.batch
        if isinstance(source, DistillationSet):
            return source.take(position, size, self.seed)
        source.position = position
        images, labels = await source.take(size)
        return images, labels, targets(labels) if self.recipe.garbage_share else None

    async def _advance(
        self, count: int, images: NDArray[np.uint8], labels: NDArray[np.uint8], logits: NDArray[np.float32] | None
    ) -> list[float]:
        assert self._network is not None
        train, batch = self._network.train, self.settings.batch
        streams: dict[str, NDArray[Any]] = {
            "x": images.reshape(count, batch, 784),
            "y": labels.astype(np.int32).reshape(count, batch),
            "lr": learning_rates(self.settings, self.step, count, self.samples).reshape(count, 1),
        }
        if logits is not None:
            streams["teacher"] = logits.reshape(count, batch, -1)
        for name, value in plan.hyperparameters(self.settings, train.program).items():
            train.write(name, value)
        result = await train.run_steps(count, streams, ["loss"])
        self.step += count
        if self.recipe.ema:
            decay = self.recipe.ema**count
            for name, value in (await self._network.weights()).items():
                self._average[name] = decay * self._average.get(name, value) + (1 - decay) * value
        return [float(loss) for loss in result["loss"].reshape(-1)]

    async def _evaluate_now(self, losses: list[float], seconds: float) -> None:
        assert self._network is not None
        weights = self._average if self.recipe.ema else await self._network.weights()
        measured = await self.evaluate(weights, self.corpus.validation)
        errors = round((1 - measured.accuracy) * len(measured.labels))
        # Of equal ones the later is kept: it was trained longer.
        if not self.best or errors <= min(self.history.validation_errors):
            self.best = {name: value.astype(np.float32) for name, value in weights.items()}
        self.history.loss.append(float(np.mean(losses)))
        self.history.loss_spread.append(float(np.std(losses) / np.mean(losses)))
        self.history.validation_loss.append(measured.loss)
        self.history.validation_errors.append(errors)
        self.history.seconds.append(round(seconds, 1))

    def _is_patience_over(self) -> bool:
        errors, patience = self.history.validation_errors, self.settings.patience
        return patience > 0 and len(errors) > patience and min(errors[-patience:]) > min(errors[:-patience])

    def _epoch(self) -> float:
        return self.step * self.settings.batch / self.samples

    def _line(self) -> str:
        h, left = self.history, (self.steps - self.step) / self.step
        return (
            f"{self.recipe.name} seed {self.seed} epoch {self._epoch():.1f}: loss {h.loss[-1]:.4f}, validation loss "
            f"{h.validation_loss[-1]:.4f}, errors {h.validation_errors[-1]} of {len(self.corpus.validation.labels)}, "
            f"{h.seconds[-1]:.0f} s, {h.seconds[-1] * left:.0f} s to go"
        )

    async def _save(self, path: Path) -> None:
        assert self._network is not None
        tensors = {f"now.{k}": v for k, v in (await self._network.everything()).items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()} | {f"ema.{k}": v for k, v in self._average.items()}
        tensors |= {f"history.{k}": np.array(v, np.float32) for k, v in vars(self.history).items()}
        tensors["step"] = np.array([self.step], np.int64)
        part = path.with_suffix(".part")
        part.write_bytes(save_safetensors(tensors))
        part.replace(path)

    def _restore(self, path: Path) -> None:
        assert self._network is not None
        tensors, _ = load_safetensors(path.read_bytes())

        def under(prefix: str) -> Tensors:
            return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}

        self._network.write(under("now."))
        self.best, self._average = under("best."), under("ema.")
        history = {k: v.tolist() for k, v in under("history.").items()}
        self.history = History(**{**history, "validation_errors": [int(n) for n in history["validation_errors"]]})
        self.step = int(tensors["step"][0])


class Evaluator:
    """Evaluates any weights of one network: `await evaluator(weights, samples)`."""

    def __init__(self, program: Executable) -> None:
        self.program = program

    async def __call__(self, weights: Tensors, samples: Samples) -> Results:
        """Loss and accuracy of `weights` on `samples`."""
        for name, value in weights.items():
            self.program.write(name, value)
        return await evaluate(self.program, samples, _no_pause)

    def destroy(self) -> None:
        """Free the program. Idempotent."""
        self.program.destroy()


async def open_evaluator(spec: model.Spec, device: Device) -> Evaluator:
    """An evaluator of the network `spec`, without its dropout."""
    spec = {k: v for k, v in spec.items() if k != "dropout"}
    program = model.evaluation(spec, plan.EVALUATION_BATCH, device.target, device.variants[0])
    return Evaluator(await device.load(program))


async def _no_pause() -> None:
    """Continue with the next chunk of an evaluation; in the page, commands are read here."""
