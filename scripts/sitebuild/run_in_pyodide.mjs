// Runs a Python script in the Pyodide of node_modules, as the page would: node run_in_pyodide.mjs SCRIPT FOLDER.
// FOLDER is /mounted in there.
import { readFile } from "node:fs/promises";
import { loadPyodide } from "pyodide";

const [script, folder] = process.argv.slice(2);
// A fixed seed: the order of a set's elements ends up in compiled files.
const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
pyodide.mountNodeFS("/mounted", folder);
try {
  await pyodide.runPythonAsync(await readFile(script, "utf8"));
} catch (error) {
  // Python's traceback; Node would print a line of Pyodide's minified source, a megabyte long, in front of it.
  console.error(String(error.message));
  process.exit(1);
}
