"""Reduces each third-party part to what the page needs. Fetches nothing."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from scripts.sitebuild.archive import unpack
from scripts.sitebuild.parts import BuildError

#: Folders of NumPy that nothing imported by `numpy`, `numpy.linalg` or `numpy.random` needs.
NUMPY_FOLDERS = {"_pyinstaller", "distutils", "doc", "f2py", "fft", "ma", "polynomial", "testing", "tests"}
#: Files for building extensions, for type checking and for NumPy's tests, which the page never does.
NUMPY_SUFFIXES = {".a", ".c", ".h", ".pxd", ".pyi", ".pyx", ".txt", ".typed"}
NUMPY_FILES = {"numpy/conftest.py", "numpy/_configtool.py", "numpy/lib/recfunctions.py", "numpy/linalg/lapack_lite"}

#: These only set docstrings of C functions, one by one at import.
NUMPY_DOCSTRINGS = {"numpy/_core/_add_newdocs.py", "numpy/_core/_add_newdocs_scalars.py"}

#: tinygrad's drivers and generated headers have 34 MB. The page only compiles, to WGSL and WebAssembly.
TINYGRAD_FOLDERS = {"amd", "autogen", "graph", "isa", "llm", "support", "viz"}
TINYGRAD_FILES = {"nn/onnx.py", "nn/torch.py", "renderer/llvmir.py", "renderer/nir.py", "renderer/ptx.py"}
#: Files in removed folders that the other modules import, and the devices whose buffers hold Python's and NumPy's data.
TINYGRAD_KEEP = {"renderer/isa/__init__.py", "runtime/support/__init__.py", "runtime/support/memory.py"}
TINYGRAD_KEEP |= {"runtime/ops_python.py", "runtime/ops_npy.py"}

#: Removes JavaScript Promise Integration from a browser that has it.
NO_STACK_SWITCHING = b"""for (const name of ["Suspending", "promising"]) Reflect.deleteProperty(WebAssembly, name);
"""
#: Has Pyodide's module run also where the host sends it under another content type: Pyodide itself would only log that,
#: and wait for ever. A module that cannot run is told to web/boot.js, which is in the page and not in the worker.
ANY_CONTENT_TYPE = b"""const stream = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = async (source, imports) => {
  const response = await source;
  const typed = response.headers.get("content-type") === "application/wasm";
  try {
    if (typed) return await stream.call(WebAssembly, response, imports);
    return await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  } catch (error) {
    globalThis.tabgradBoot?.fail(error.message);
    throw error;
  }
};
"""
#: The shared memory that Pyodide makes at once, and the beginning of the only function that uses it.
EAGER_MEMORY = re.compile(
    rb"var (\w+)=(new Int32Array\(new WebAssembly\.Memory\(\{shared:!0,initial:1,maximum:1\}\)\.buffer\));"
    rb"(function \w+\(\w+\))\{try\{return Atomics\.wait\(\1,"
)
#: The script of PyScript's workers, beside PyScript itself.
WORKER_FILE = "xworker.js"
#: PyScript's start of a worker, from a blob with the script `code`.
WORKER_BLOB = re.compile(
    rb"""new (?P<worker>\w+)\(URL\.createObjectURL\(new Blob\(\["/\*@\*/"\+(?P<code>'(?:[^'\\]|\\.)*')"""
    rb"""\.replace\(\w+,\w+\)\],\{type:"text/javascript"\}\)\),\.\.\.e\)"""
)
#: Where PyScript opens a database: for Pyodide's packages, in the page and in the text of its worker; and for the
#: visitor's folders. And where it opens a channel to a service worker that nobody has: Firefox throws an error there if
#: all storage is blocked.
STORAGE = (
    (re.compile(rb"=new \w+\((`\$\{\w+\}@\$\{\w+\}`)\)"), rb"=Object.assign(new Map,{sync(){},close(){}})", 2),
    (re.compile(rb'(\w+="storage permissions not granted",\w+)=new \w+\(\w+\)'), rb"\1=new Map", 1),
    (
        re.compile(rb'new BroadcastChannel\(("[\w-]+")\)'),
        rb"(()=>{try{return new BroadcastChannel(\1)}catch{return{}}})()",
        2,
    ),
)
#: Where PyScript takes a worker's address as a base for others, in the page and in the text of its worker.
ADDRESS = (
    (
        re.compile(rb'new URL\((\w),(\w)\.replace\(/\^blob:/,""\)\)'),
        rb'new URL(\1,\2.replace(/^blob:(null.*)?/,"")||void 0)',
        2,
    ),
)


def pyodide_loader(module: bytes) -> bytes:
    """Pyodide's entry point, `pyodide.mjs`, without stack switching, in the page as in the worker.

    With stack switching, Pyodide starts each coroutine on a separate stack, to support `run_sync`, which nothing here
    uses. Chromium's sampling heap profiler searches for the next frame up to 8 KiB further on (`kMaxStackScanArea` in
    base/debug/stack_trace.cc). That can be beyond the end of such a stack, and then the tab crashes: three times in
    about a thousand boots. The source map that it names is not part of the site.
    """
    return NO_STACK_SWITCHING + ANY_CONTENT_TYPE + _without_source_map(module)


def pyodide_module(module: bytes) -> bytes:
    """Pyodide's `pyodide.asm.js`, which makes its shared memory for `syncSleep` when that is first called.

    Pyodide makes it when it is loaded, and on a page that is not cross-origin isolated, as on GitHub Pages, Chromium
    reports that as deprecated. Raises BuildError if this version of Pyodide does it in another way: then this function
    may no longer be needed.
    """
    lazy, count = EAGER_MEMORY.subn(rb"var \1;\3{try{return Atomics.wait(\1??=\2,", module)
    if count != 1:
        raise BuildError("pyodide.asm.js makes its shared memory in another way now: see sitebuild.prune.")
    return lazy


def numpy(wheel: bytes) -> dict[str, bytes]:
    """The files of NumPy's wheel without tests, f2py, stubs, headers and parts that the page never imports."""
    files = {name: content for name, content in unpack(wheel).items() if _wanted_of_numpy(name)}
    return files | dict.fromkeys(NUMPY_DOCSTRINGS & files.keys(), b"")


def _wanted_of_numpy(name: str) -> bool:
    path = PurePosixPath(name)
    if path.parts[0].endswith(".dist-info"):
        return True
    return not (
        NUMPY_FOLDERS & set(path.parts[1:-1])
        or path.suffix in NUMPY_SUFFIXES
        or any(name.startswith(prefix) for prefix in NUMPY_FILES)
    )


def tinygrad(package: Path) -> dict[str, bytes]:
    """The files of tinygrad's folder `package`, without drivers and generated headers."""
    names = {path: path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    return {f"tinygrad/{name}": path.read_bytes() for path, name in names.items() if _wanted_of_tinygrad(name)}


def _wanted_of_tinygrad(name: str) -> bool:
    path = PurePosixPath(name)
    if name in TINYGRAD_KEEP:
        return True
    if name in TINYGRAD_FILES or (path.parent.name == "runtime" and path.name.startswith("ops_")):
        return False
    return not TINYGRAD_FOLDERS & set(path.parts[:-1])


def pyscript(dist: Mapping[str, bytes]) -> dict[str, bytes]:
    """PyScript's core, the chunks that it imports, and its error plugin, which it always loads.

    Terminal, editor, TOML and zip are loaded on demand, and the page needs none of them. The source maps (2.6 MB) are
    left out, and so are the lines that refer to them.
    """
    wanted, queue = set[str](), ["core.js", *(name for name in dist if re.fullmatch(r"error-\w+\.js", name))]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            queue += re.findall(r'\bfrom\s*"\./([^"]+)"', dist[name].decode())
    return {name: _without_source_map(dist[name]) for name in wanted}


def pyscript_core(script: bytes) -> tuple[bytes, bytes]:
    """PyScript's core (`core-….js`) and the script of its workers, `WORKER_FILE`, changed for strict hosts and frames.

    Raises BuildError if this version of PyScript does in another way what is changed here.
    """
    changed = _changed(_changed(script, STORAGE, "opens its storage"), ADDRESS, "makes addresses")
    return _with_worker_file(changed)


def _with_worker_file(script: bytes) -> tuple[bytes, bytes]:
    """PyScript starts a worker from a blob that holds the script. Now the blob loads a file with the script.

    A worker from a blob has the page's security policy, and one from a file would not. Only where the host forbids
    workers from blobs (`tabgradBlobs` is false then, see `interop.worker`) is the file itself the worker, under the
    policy of the host. In a frame with the attribute `sandbox`, Chromium starts no module worker from a blob, so
    web/boot.js has it start a classic one, which has no `await` outside functions.
    """
    match = WORKER_BLOB.search(script)
    if match is None:
        raise BuildError("PyScript starts its workers in another way now: see sitebuild.prune.")
    file = b'new URL("./%b",import.meta.url).href' % WORKER_FILE.encode()
    # Both wait for the file: no message comes before it is there.
    load = b'origin==="null"?"importScripts("+JSON.stringify(%b)+")":"import "+JSON.stringify(%b)' % (file, file)
    blob = b'URL.createObjectURL(new Blob([%b],{type:"text/javascript"}))' % load
    start = b"new %b(globalThis.tabgradBlobs===false?%b:%b,...e)" % (match["worker"], file, blob)
    code = ast.literal_eval(match["code"].decode())  # no JavaScript string of theirs has escapes that Python has not
    core = script[: match.start()] + start + script[match.end() :]
    return core, f"(async()=>{{{code}}})()".encode()


def _changed(script: bytes, changes: Sequence[tuple[re.Pattern[bytes], bytes, int]], what: str) -> bytes:
    """Replace each pattern, which must match as often as expected."""
    for pattern, replacement, expected in changes:
        script, count = pattern.subn(replacement, script)
        if count != expected:
            raise BuildError(f"PyScript {what} in another way now: see sitebuild.prune.")
    return script


def _without_source_map(script: bytes) -> bytes:
    return re.sub(rb"\n//# sourceMappingURL=.*\s*$", b"\n", script)
