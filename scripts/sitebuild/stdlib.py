"""Chooses which modules of Python's standard library are in the site, and which of them are compiled to bytecode."""

from pathlib import PurePosixPath

#: For servers, terminals, debugging, packaging and mail, and Python versions of C modules: not needed in a browser.
DROPPED = {
    "_pydatetime", "_pyio", "_pyrepl", "_sysconfigdata__emscripten_wasm32-emscripten", "bdb", "cProfile", "cmd",
    "compileall", "doctest", "ensurepip", "fileinput", "ftplib", "http", "imaplib", "lib2to3", "mailbox",
    "modulefinder", "optparse", "pdb", "pickletools", "plistlib", "poplib", "profile", "pstats", "pyclbr", "pydoc",
    "pydoc_data", "rlcompleter", "smtplib", "socketserver", "tabnanny", "test", "tkinter", "trace", "tracemalloc",
    "turtle", "turtledemo", "unittest", "venv", "wave", "webbrowser", "wsgiref", "xml", "xmlrpc", "zipapp",
}  # fmt: skip
DROPPED_FILES = {
    "asyncio/proactor_events.py", "asyncio/windows_events.py", "asyncio/windows_utils.py",
    "concurrent/futures/process.py", "logging/config.py", "logging/handlers.py", "multiprocessing/managers.py",
    "multiprocessing/pool.py", "multiprocessing/sharedctypes.py", "urllib/request.py", "urllib/robotparser.py",
}  # fmt: skip
#: Modules that Pyodide, PyScript, NumPy or the page import before the first prediction. These are compiled to bytecode.
#: The others stay source, which has half the size.
AT_BOOT = {
    "__future__", "_colorize", "_compat_pickle", "_compression", "_opcode_metadata", "_pyodide", "_weakrefset",
    "ast", "asyncio", "base64", "bisect", "bz2", "collections", "concurrent", "contextlib", "contextvars", "copy",
    "copyreg", "csv", "ctypes", "dataclasses", "datetime", "dis", "enum", "fnmatch", "functools", "glob",
    "hashlib", "heapq", "html", "importlib", "inspect", "ipaddress", "json", "keyword", "linecache", "logging",
    "numbers", "opcode", "operator", "pathlib", "pickle", "platform", "pyodide", "random", "re", "reprlib",
    "selectors", "shutil", "signal", "socket", "string", "struct", "subprocess", "tarfile", "tempfile", "textwrap",
    "threading", "token", "tokenize", "traceback", "types", "typing", "warnings", "weakref", "zipfile",
}  # fmt: skip
FILES_AT_BOOT = {
    "email/__init__.py", "encodings/__init__.py", "encodings/aliases.py", "encodings/cp437.py",
    "encodings/utf_8.py", "urllib/__init__.py", "urllib/parse.py",
}  # fmt: skip
#: The modules of `encodings` that the web and zip files use. The others are tables of old character sets.
ENCODINGS = {
    "__init__", "aliases", "ascii", "base64_codec", "charmap", "cp1252", "cp437", "hex_codec", "idna", "latin_1",
    "punycode", "raw_unicode_escape", "unicode_escape", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_8",
    "utf_8_sig",
}  # fmt: skip


def wanted(name: str) -> bool:
    """Whether this file of the standard library is in the site."""
    path = PurePosixPath(name)
    if path.parts[0] == "encodings":
        return path.stem in ENCODINGS
    if path.parts[0] == "email":
        return path.stem == "__init__"  # importlib.metadata imports it
    return _top(name) not in DROPPED and name not in DROPPED_FILES


def at_boot(name: str) -> bool:
    """Whether this file is a Python file that the boot imports."""
    return name.endswith(".py") and (_top(name) in AT_BOOT or name in FILES_AT_BOOT)


def _top(name: str) -> str:
    return name.split("/", 1)[0].removesuffix(".py")
