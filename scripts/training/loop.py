"""The training loop outside the page: the session's programs, schedule and network, plus what only long runs need.

That is averaged weights (EMA), a teacher, keeping the best epoch, and resuming from a file. Owns one run; it judges by
the validation split alone and never sees the test set.
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
from tabgrad.backends.base import Device, Executable
from tabgrad.data import Samples, Source
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.session import plan
from tabgrad.session.evaluation import Evaluation, evaluate
from tabgrad.session.network import LoadedNetwork, open_network
from tabgrad.session.schedule import learning_rates, total_steps

from .data import Corpus, recipe_source
from .garbage import targets
from .recipe import Recipe
from .teacher import Lessons

#: Steps submitted at once. The averaged weights are updated as often.
CHUNK = 32
Tensors = dict[str, NDArray[Any]]
Report = Callable[[str], None]


@dataclass
class History:
    """One entry a judgement (see `Run`): mean training loss (nats) and its spread from step to step as a share of the
    mean, validation loss and errors, seconds so far.
    """

    loss: list[float] = field(default_factory=list)
    loss_spread: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_errors: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


Stop = Callable[[History], bool]


class Run:
    """One training of `recipe` with `seed`. `best` are the weights of the epoch with the fewest validation errors.

    `judgements`: how often an epoch the network is judged.
    """

    def __init__(self, recipe: Recipe, seed: int, corpus: Corpus, device: Device, judgements: int = 1) -> None:
        self.recipe, self.seed, self.corpus, self.device = recipe, seed, corpus, device
        self.settings = recipe.run_settings(seed)
        self.samples = len(corpus.data.train)
        self.judgements = judgements
        self.steps = total_steps(self.settings, self.samples)
        self.history, self.step, self.best = History(), 0, Tensors()
        self._average = Tensors()
        self._network: LoadedNetwork | None = None
        self._judge: Judge | None = None

    async def fit(
        self,
        lessons: Lessons | None = None,
        save: Path | None = None,
        report: Report = print,
        stop: Stop | None = None,
    ) -> None:
        """Train to the end, or until patience runs out or `stop` says so after an epoch.

        With `save`, each epoch can be resumed from that file.
        """
        await self._open()
        if save and save.exists():
            self._restore(save)
            report(f"resuming {save.name} at epoch {self._epoch():.1f}")
        source = lessons or recipe_source(self.recipe, self.corpus, self.seed)
        started, before = time.perf_counter(), self.history.seconds[-1] if self.history.seconds else 0.0
        losses: list[float] = []
        while self.step < self.steps and not self._is_patience_over():
            part = self.step * self.settings.batch * self.judgements // self.samples + 1
            # The last part may be shorter.
            end = min(self.steps, -(-part * self.samples // (self.settings.batch * self.judgements)))
            count = min(CHUNK, end - self.step)
            images, labels, logits = await self._take(count * self.settings.batch, source)
            losses += await self._advance(count, images, labels, logits)
            if self.step == end:
                await self._judge_epoch(losses, before + time.perf_counter() - started)
                report(self._line())
                losses = []
                if save:
                    await self._save(save)
                if stop and stop(self.history):
                    break

    async def evaluate(self, weights: Tensors, split: Samples) -> Evaluation:
        """Measure `weights` on `split`."""
        assert self._judge is not None
        return await self._judge(weights, split)

    def destroy(self) -> None:
        """Free the programs. Idempotent."""
        if self._network and self._judge:
            self._judge.destroy()
            self._network.destroy()

    async def _open(self) -> None:
        recipe, settings = self.recipe, self.settings
        target, variant = self.device.target, self.device.variants[0]
        training = model.Training(
            **plan.recipe(settings),
            beta2=recipe.beta2,
            **recipe.soft_targets(),
        )
        # Averaged weights are judged without touching those in training: the judge shares no buffers.
        self._judge = await open_judge(recipe.spec, self.device)
        self._network = await open_network(
            self.device, model.training(recipe.spec, training, target, variant), self._judge.program.program
        )
        self._network.initialise(self.seed, self.corpus.mean)

    async def _take(
        self, size: int, source: Lessons | Source
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32] | None]:
        """The next `size` images with their labels, and targets as logits where those are soft."""
        position = self.step * self.settings.batch
        if isinstance(source, Lessons):
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
            streams["teacher"] = logits.reshape(count, batch, 10)
        for name, value in plan.knobs(self.settings, train.program).items():
            train.write(name, value)
        result = await train.run_steps(count, streams, ["loss"])
        self.step += count
        if self.recipe.ema:
            decay = self.recipe.ema**count
            for name, value in (await self._network.weights()).items():
                self._average[name] = decay * self._average.get(name, value) + (1 - decay) * value
        return [float(loss) for loss in result["loss"].reshape(-1)]

    async def _judge_epoch(self, losses: list[float], seconds: float) -> None:
        assert self._network is not None
        weights = self._average if self.recipe.ema else await self._network.weights()
        measured = await self.evaluate(weights, self.corpus.validation)
        errors = round((1 - measured.accuracy) * len(measured.labels))
        # On a tie the later epoch is kept: it has seen more.
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


class Judge:
    """Measures any weights of one network: call it with weights and samples."""

    def __init__(self, program: Executable) -> None:
        self.program = program

    async def __call__(self, weights: Tensors, samples: Samples) -> Evaluation:
        """Loss and accuracy of `weights` on `samples`."""
        for name, value in weights.items():
            self.program.write(name, value)
        return await evaluate(self.program, samples, _at_once)

    def destroy(self) -> None:
        """Free the program. Idempotent."""
        self.program.destroy()


async def open_judge(spec: model.Spec, device: Device) -> Judge:
    """A judge for the network `spec`, without its dropout."""
    still = {k: v for k, v in spec.items() if k != "dropout"}
    return Judge(await device.load(model.evaluation(still, plan.EVALUATION_BATCH, device.target, device.variants[0])))


async def _at_once() -> None:
    """Nothing to hear between the chunks of an evaluation: there is no page."""
