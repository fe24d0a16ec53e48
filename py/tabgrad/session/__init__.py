"""A training run in the worker: settings in, events out. Data, schedule, stop rules, checkpoints.

Knows no DOM and no GPU API: engines come as `backends.base.Device`, messages as `protocol` dataclasses, bytes through
callables. Importing it does not import tinygrad; that happens when a network has no prebuilt program.
"""
