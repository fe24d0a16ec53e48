// Runs a Python script in the Pyodide of node_modules: node run_in_pyodide.mjs SCRIPT FOLDER.
// The script sees FOLDER as /mounted.
import { readFile } from "node:fs/promises";
import { loadPyodide } from "pyodide";

const [script, folder] = process.argv.slice(2);
// A fixed seed, because the order of the elements of a set is part of the bytecode.
const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
pyodide.mountNodeFS("/mounted", folder);
try {
  await pyodide.runPythonAsync(await readFile(script, "utf8"));
} catch (error) {
  // Only Python's traceback: Node would print a line of minified source before it, which is a megabyte long.
  console.error(String(error.message));
  process.exit(1);
}
