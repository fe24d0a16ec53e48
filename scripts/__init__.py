"""What runs on a developer's machine; nothing of it is part of the page. Each command is `python -m scripts.NAME`.

- The site: `build` (with `sitebuild`), `serve`, `fetch_mnist`.
- The shipped models: `train`, `export`, `measure_strokes`.
- Figures and pictures: `bench`, `readme`, `screenshots`, `contact_sheet`.
- For tests and benchmarks: `chromium`, `pyodide_page`, `pyodide_node`.

The Makefile puts the repository on the import path of its virtual environment, so nothing needs to be installed.
"""
