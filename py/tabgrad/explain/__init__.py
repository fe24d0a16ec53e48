"""What a network does with an image, as numbers and pictures that add up.

>>> import numpy as np
>>> from tabgrad.explain import attribution
>>> hidden, weight, bias = np.array([0.0, 2.0, 1.0]), np.eye(3, 10), np.zeros(10)
>>> parts = attribution.contributions(hidden, weight, bias, 1)
>>> parts.terms.tolist(), parts.total
([0.0, 2.0, 0.0], 2.0)

Pure NumPy; tests compare the numbers with the oracle. Runs no engine and knows no page. Each module is a topic of its
own, and the page imports it when it opens the section that shows it.
"""

__all__ = [
    "attribution",
    "browse",
    "colour",
    "flow",
    "ink_steps",
    "kernels",
    "sheet",
    "trace",
    "wasm_listing",
    "wasm_reader",
    "written",
]
