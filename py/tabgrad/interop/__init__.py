"""The browser, seen from Python: the only package that imports js, pyodide and pyscript."""
