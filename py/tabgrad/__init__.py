"""tabgrad: a neural-network workshop that lives in one browser tab.

The same files run in CPython and in Pyodide. Layers, from the ground up; a layer imports only from layers
before it (tests/unit/test_layers.py checks it):

    interop   the browser, for Python: the only package that imports `js` and `pyodide.ffi`
    ink       strokes -> 28x28 image, and the stroke generator's raster (NumPy only)
    program   the contract between the compiler and the engines: kernels, buffers, dispatch list
    backends  engines that run any program: WebGPU, WebAssembly; and the NumPy oracle they are tested against
    compiler  tinygrad as a pure compiler: a captured step -> a program
    model     the networks, in tinygrad, and the programs each of them needs
    data      MNIST blocks, augmentation, generated strokes
    explain   what a network does, as numbers and pictures that add up (NumPy only)
    protocol  the messages between page and worker
    session   training: schedule, metrics, checkpoints, stop rules
    ui        the page, one module a panel
"""

__version__ = "0.1.0"
