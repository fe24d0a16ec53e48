"""Searches hyperparameters with Optuna: `python -m scripts.train.sweep mlp --trials 32`.

    python -m scripts.train.sweep cnn --trials 32      32 more configurations in the study of the CNN
    python -m scripts.train.sweep mlp --repeat 5       the best five again, each with two other seeds
    python -m scripts.train.sweep mlp --storage URL    one study for several processes or machines

The study is stored in a journal file in out/sweeps, or in the database that `--storage` names. After every trial its
summary is written to docs/sweeps/<model>.json, from which scripts.train.hyperparameters makes HYPERPARAMETERS.md.
Configurations that are behind at an evaluation are stopped (successive halving). The test set is never read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

from scripts.sitebuild.parts import ROOT
from scripts.train.data import Corpus, open_corpus
from scripts.train.engine import NAMES, open_engine
from scripts.train.loop import History, Run
from scripts.train.space import recipe_of, suggest
from tabgrad import model
from tabgrad.backends import EngineError
from tabgrad.data import DataError
from tabgrad.network import parameter_count

SUMMARIES = ROOT / "docs" / "sweeps"
JOURNALS = ROOT / "out" / "sweeps"
#: Epochs of a full trial, and evaluations in each. Trials are short, to try many configurations.
EPOCHS = {"mlp": 3, "cnn": 1}
EVALUATIONS = {"mlp": 1, "cnn": 3}
SEED = 1
OTHER_SEEDS = (2, 3)


class Study:
    """An Optuna study of one kind of network, with the data and the engine of its trials."""

    def __init__(self, kind: str, storage: str, corpus: Corpus, engine: str) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        JOURNALS.mkdir(parents=True, exist_ok=True)
        self.optuna, self.kind, self.corpus, self.engine = optuna, kind, corpus, engine
        self.study = optuna.create_study(
            study_name=kind,
            storage=storage or JournalStorage(JournalFileBackend(str(JOURNALS / f"{kind}.journal"))),
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
            load_if_exists=True,
        )
        # The seed depends on the number of trials: with a fixed seed, each process that continues a study would try
        # the random configurations of the first process again.
        self.study.sampler = optuna.samplers.TPESampler(
            seed=SEED + len(self._trials()), n_startup_trials=12, multivariate=True, constant_liar=True
        )

    def explore(self, trials: int) -> None:
        """Train `trials` more configurations."""
        for _ in range(trials):
            trial, params = self._ask()
            history, state = self._train(params, SEED, trial)
            trial.set_user_attr("history", vars(history))
            trial.set_user_attr("seed", SEED)
            # Errors, because losses with different label smoothing cannot be compared.
            self.study.tell(trial, history.validation_errors[-1] if state.name == "COMPLETE" else None, state=state)
            self.summarise()

    def repeat(self, count: int) -> None:
        """Train the best `count` configurations again with other seeds, to see how much is chance."""
        done = [t for t in self._trials() if t.state.name == "COMPLETE" and t.user_attrs.get("seed") == SEED]
        for best in sorted(done, key=lambda t: t.value)[:count]:
            for seed in OTHER_SEEDS:
                history, _ = self._train(best.params, seed, None)
                self.study.add_trial(
                    self.optuna.trial.create_trial(
                        params=best.params,
                        distributions=best.distributions,
                        value=history.validation_errors[-1],
                        user_attrs={"history": vars(history), "seed": seed, "repeats": best.number},
                    )
                )
                self.summarise()

    def summarise(self) -> None:
        """Write the summary of all trials to docs/sweeps/<kind>.json."""
        rows = [
            {
                "number": t.number,
                "state": t.state.name.lower(),
                "repeats": t.user_attrs.get("repeats"),
                "seed": t.user_attrs["seed"],
                "params": t.params,
                **t.user_attrs["history"],
            }
            for t in self._trials()
            if "history" in t.user_attrs
        ]
        SUMMARIES.mkdir(parents=True, exist_ok=True)
        body = {"kind": self.kind, "epochs": EPOCHS[self.kind], "judgements": EVALUATIONS[self.kind], "trials": rows}
        lines = json.dumps({**body, "trials": []})[:-3] + "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"
        (SUMMARIES / f"{self.kind}.json").write_text(lines)

    def _ask(self) -> tuple[Any, dict[str, Any]]:
        """A trial with a new configuration. Processes that start at the same time can draw the same one."""
        while True:
            trial = self.study.ask()
            params = suggest(self.kind, trial)
            if all(params != other.params for other in self._trials() if other.number != trial.number):
                return trial, params
            self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)

    def _trials(self) -> list[Any]:
        return list(self.study.get_trials(deepcopy=False))

    def _train(self, params: dict[str, Any], seed: int, trial: Any) -> tuple[History, Any]:
        states, started = self.optuna.trial.TrialState, time.perf_counter()
        recipe = recipe_of(self.kind, params, EPOCHS[self.kind])
        pruned = False

        def behind(history: History) -> bool:
            nonlocal pruned
            if trial is not None:
                trial.report(history.validation_errors[-1], len(history.loss))
                pruned = trial.should_prune()
            return pruned or math.isnan(history.loss[-1])

        async def main() -> History:
            device = await open_engine(self.engine)
            run = Run(recipe, seed, self.corpus, device, EVALUATIONS[self.kind])
            await run.fit(report=lambda line: None, stop=behind)
            device.destroy()
            return run.history

        history = asyncio.run(main())
        size = parameter_count(model.shapes(model.build(recipe.spec)))
        errors = history.validation_errors
        print(
            f"{self.kind} {trial.number if trial else 'again'} seed {seed}: errors {errors}"
            f"{' stopped' if pruned else ''}, {size} parameters, {time.perf_counter() - started:.0f} s, {params}",
            flush=True,
        )
        return history, states.PRUNED if pruned else states.COMPLETE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train.sweep", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=list(EPOCHS))
    parser.add_argument("--trials", type=int, default=0, help="number of configurations to try")
    parser.add_argument("--repeat", type=int, default=0, help="number of best configurations to train with other seeds")
    parser.add_argument("--storage", default="", help="Optuna storage URL (default: a journal file in out/sweeps)")
    parser.add_argument("--engine", choices=NAMES, default="auto")
    options = parser.parse_args(arguments)
    try:
        study = Study(options.kind, options.storage, asyncio.run(open_corpus()), options.engine)
        study.explore(options.trials)
        study.repeat(options.repeat)
        study.summarise()
    except (DataError, EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
