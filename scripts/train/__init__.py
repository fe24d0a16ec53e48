"""How the shipped models are trained. Nothing of this is part of the page.

Three commands:

- `python -m scripts.train mlp` trains a model (`__main__`, `seeds`).
- `python -m scripts.train.sweep mlp` searches hyperparameters (`sweep`, `space`).
- `python -m scripts.train.hyperparameters` writes HYPERPARAMETERS.md (`hyperparameters`, `analysis`, `charts`).

From a recipe to a card: `recipe`, `data` (with `out_of_distribution` and `distillation`), `engine`, `loop`, `measure`
(with `measured_drawings`), `card`, `long_runs`.
"""
