"""tabgrad: a neural-network workshop that lives in one browser tab.

The same files run in CPython and in Pyodide. Layers, from the ground up; a layer imports only from layers before it
(tests/unit/test_architecture.py checks that, docs/ARCHITECTURE.md describes each):

    interop, storage, ink, program      need no other layer
    network, metrics, data              what a network is, how good it is, what it learns from
    backends                            engines that run any program, and the NumPy oracle they are tested against
    settings, artifacts, protocol       what decides a run, what it leaves, what page and worker say to each other
    compiler, model                     tinygrad as a pure compiler, and the networks in it
    explain                             what a network does, as numbers and pictures that add up
    session, ui                         the worker, and the page
"""

__version__ = "0.1.0"
