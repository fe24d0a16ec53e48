"""The four archives of Python code in the site: standard library, NumPy, our own package, and the compiler.

Owns their form (bytecode or source, wheel or zip). sitebuild.stdlib and sitebuild.prune choose their files. Bytecode is
made at build time, by the Pyodide in node_modules under Node: without it, Pyodide spends most of its start on compiling
the standard library, NumPy and our package.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.sitebuild import prune, stdlib
from scripts.sitebuild.archive import pack, unpack
from scripts.sitebuild.parts import ROOT, BuildError, npm_file, pyodide_version, sha256, write_atomically

CACHE = ROOT / ".cache" / "bytecode"
HERE = Path(__file__).parent
TIMEOUT_S = 300

#: NumPy copies docstrings of this module to C functions, and fails without them.
NEEDS_DOCSTRINGS = "numpy/_core/multiarray.py"
#: What the page imports before the first prediction, and right after it for the training panel and a first visit, is
#: bytecode. The rest (the worker's layers, and panels that open on demand) is source, which is smaller, and which the
#: page can show as text. A test compares these lists with what is really imported.
PAGE_LAYERS = (
    "__init__.py",
    "artifacts/",
    "backends/",
    "alphabet/",
    "incoming/",
    "ink/",
    "interop/",
    "metrics/",
    "network/",
    "program/",
    "protocol/",
    "settings/",
    "storage/",
    "ui/",
)
ON_DEMAND = (
    "artifacts/script.py",
    "artifacts/script_images.py",
    "artifacts/script_text.py",
    "backends/oracle/",
    "backends/webgpu/timing.py",
    "interop/code_editor.py",
    "interop/erasing.py",
    "interop/pictures.py",
    "network/threefry.py",
    "program/wasm_opcodes.py",
    "ui/alphabets/",
    "ui/code/",
    "ui/inspect/",
    *(
        f"ui/sets/{name}.py"
        for name in ("bringing", "choosing", "class_fields", "exporting", "listing", "naming", "preview")
    ),
    "ui/train/code_diff.py",
    "ui/train/views/comparison.py",
    "ui/widgets/class_buttons.py",
    "ui/widgets/picture.py",
)
#: The few modules of other layers that the page needs at once.
AT_ONCE = frozenset(
    {
        *(f"data/{name}.py" for name in ("__init__", "augment", "base", "catalogue", "seeding")),
        *(f"data/strokes/{name}.py" for name in ("__init__", "generator", "pool", "shapes", "templates")),
        *(f"explain/{name}.py" for name in ("__init__", "colour", "flow", "trace")),
        *(
            f"ui/inspect/{name}.py"
            for name in ("__init__", "network", "network_words", "pacing", "panels", "probe", "section")
        ),
    }
)
#: Engines outside a browser, for tests and scripts.
NATIVE = "native.py"
#: These need tinygrad, so they are in the compiler's archive.
COMPILER_LAYERS = ("compiler/", "model/")
#: The package beside ours, which is in that archive, too.
DEVICE = "tinygrad_device/*.py"


def compiled(files: Mapping[str, bytes], names: Iterable[str], *, optimize: int = 0) -> dict[str, bytes]:
    """`files` with the Python files `names` replaced by their bytecode, `x.py` by `x.pyc`; the others are unchanged.

    Equal files give equal bytes: all of `names` are compiled in one new interpreter, in sorted order, because the
    bytecode of a file depends on what was compiled before it. Raises BuildError.
    """
    chosen = {name: files[name] for name in sorted(names)}
    scripts = [(HERE / name).read_bytes() for name in ("run_in_pyodide.mjs", "compile_all.py")]
    key = sha256(b"\0".join([pack(chosen), *scripts, f"{pyodide_version()} {optimize}".encode()]))
    cached = CACHE / f"{key}.zip"
    if cached.is_file():
        bytecode = unpack(cached.read_bytes())
    else:
        bytecode = _compile(chosen, optimize)
        write_atomically(cached, pack(bytecode))
    return {name: content for name, content in files.items() if name not in chosen} | bytecode


def _compile(files: Mapping[str, bytes], optimize: int) -> dict[str, bytes]:
    npm_file("pyodide/pyodide.mjs")  # raises an error with advice if it is missing
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / str(optimize)
        for name, content in files.items():
            write_atomically(root / name, content)
        command = ["node", str(HERE / "run_in_pyodide.mjs"), str(HERE / "compile_all.py"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        if done.returncode:
            raise BuildError(f"A Python file cannot be compiled for the page; correct it:\n{done.stderr.strip()}")
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.pyc")}


def standard_library(archive: bytes) -> bytes:
    """Pyodide's python_stdlib.zip without the modules that no page needs.

    Modules that the boot imports are bytecode without docstrings and asserts, which saves a sixth of their size. The
    others are source, which has half the size of bytecode.
    """
    files = {name: content for name, content in unpack(archive).items() if stdlib.wanted(name)}
    return pack(compiled(files, filter(stdlib.at_boot, files), optimize=2))


def numpy_wheel(wheel: bytes) -> bytes:
    """NumPy's wheel, pruned and compiled, without docstrings."""
    files = compiled(prune.numpy(wheel), [NEEDS_DOCSTRINGS])
    files = compiled(files, _python(files), optimize=2)
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    # The wheel's list of its files. Hashes are optional in it, and the lock file has a hash of the whole wheel.
    files[record] = "".join(f"{name},,\n" for name in sorted(files)).encode()
    return pack(files)


def compiler(tinygrad: Path, tabgrad: Path) -> bytes:
    """tinygrad from its installed folder, pruned and compiled, and what needs it: layers of our package, the device."""
    files = prune.tinygrad(tinygrad)
    device = {path.relative_to(tabgrad.parent).as_posix(): path.read_bytes() for path in tabgrad.parent.glob(DEVICE)}
    return pack({**compiled(files, _python(files)), **_sources(tabgrad, needs_compiler=True), **device})


def package(tabgrad: Path) -> bytes:
    """Our package from its source folder. What the page needs at boot is bytecode without docstrings."""
    files = _sources(tabgrad, needs_compiler=False)
    return pack(compiled(files, filter(is_bytecode, files), optimize=2))


def _sources(tabgrad: Path, needs_compiler: bool) -> dict[str, bytes]:
    paths = {path.relative_to(tabgrad).as_posix(): path for path in tabgrad.rglob("*.py")}
    wanted = (
        name for name in paths if name.startswith(COMPILER_LAYERS) == needs_compiler and not name.endswith(NATIVE)
    )
    return {f"{tabgrad.name}/{name}": paths[name].read_bytes() for name in wanted}


def is_bytecode(file: str) -> bool:
    """Whether a file of our package, such as "tabgrad/ink/sheet.py", is compiled for the page."""
    name = file.partition("/")[2]
    return name in AT_ONCE or (name.startswith(PAGE_LAYERS) and not name.startswith(ON_DEMAND))


def _python(files: Mapping[str, bytes]) -> list[str]:
    return [name for name in files if name.endswith(".py")]
