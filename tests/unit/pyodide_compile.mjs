// Runs the compiler under Pyodide in Node and prints a hash a program.
// Arguments: the repository's root, the folder that holds tinygrad, and the Python file to run.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [root, packages, script] = process.argv.slice(2);
const modules = path.join(root, "node_modules");
const { loadPyodide } = await import(pathToFileURL(path.join(modules, "pyodide/pyodide.mjs")));
const pyodide = await loadPyodide();
const assets = path.join(modules, "@bentopdf/pymupdf-wasm/assets");
const wheel = fs.readdirSync(assets).find((name) => name.startsWith("numpy-"));
pyodide.unpackArchive(new Uint8Array(fs.readFileSync(path.join(assets, wheel))).buffer, "whl");
pyodide.mountNodeFS("/py", path.join(root, "py"));
pyodide.FS.mkdirTree("/packages/tinygrad");
pyodide.mountNodeFS("/packages/tinygrad", path.join(packages, "tinygrad"));
pyodide.runPython("import sys; sys.path[:0] = ['/py', '/packages']");
console.log(await pyodide.runPythonAsync(fs.readFileSync(script, "utf8") + "\nhashes()"));
