# tabgrad: `make serve` runs the workshop on this machine, `make test` runs the tests. Each command does its own set-up.
# Needs Python 3.11 or later, Node 20 or later, and npm. Stamp files record what is set up, so a second run is quick.

PYTHON ?= python3
PORT ?= 8000
FUZZ_COUNT ?= 3000
FUZZ_FILES ?= 10000
FUZZ_SEED ?= random
PY := .venv/bin/python
# Tests that use no browser.
BROWSERLESS := tests/unit tests/fuzz tests/parity
# Installs only what the lock files list, and checks the hash of each file.
PIP := .venv/bin/pip install -qq --disable-pip-version-check --require-hashes

.PHONY: serve test build lint bench fuzz programs screenshots mnist lock clean
.DELETE_ON_ERROR:

## serve: set up, build and serve the site (PORT=8000)
serve: build
	@$(PY) -m scripts.serve --port $(PORT)

## build: the static site in dist/, with MNIST if it is available
build: .venv/build.stamp node_modules/.stamp mnist
	@$(PY) -m scripts.build

## test: lint, types, unit, parity and browser tests
test: .venv/system.stamp lint mnist
	@# Two at a time. Without a browser tests of one file stay together, because they share what they have compiled.
	$(PY) -m pytest $(BROWSERLESS) -n 2 --dist loadfile $(PYTEST_ARGS)
	$(PY) -m pytest $(BROWSERLESS:%=--ignore=%) -n 2 --dist worksteal $(PYTEST_ARGS)

## lint: ruff, mypy, and tsc for the little JavaScript that there is
lint: .venv/dev.stamp node_modules/.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	node_modules/.bin/tsc -p web
	node_modules/.bin/tsc -p web/tsconfig.sw.json

## bench: measure the page and the engines; JSON in out/bench.json (BENCH_ARGS='--only boot')
bench: .venv/system.stamp build
	$(PY) -m scripts.bench $(BENCH_ARGS)

## fuzz: random programs, compared with NumPy, and damaged files of all formats (FUZZ_COUNT, FUZZ_FILES, FUZZ_SEED)
fuzz: .venv/system.stamp node_modules/.stamp
	FUZZ_COUNT=$(FUZZ_COUNT) FUZZ_FILES=$(FUZZ_FILES) FUZZ_SEED=$(FUZZ_SEED) $(PY) -m pytest tests/fuzz $(PYTEST_ARGS)

## programs: recompile the shipped programs in models/ (EXPORT_ARGS=--check only compares them)
programs: .venv/build.stamp
	$(PY) -m scripts.export $(EXPORT_ARGS)

## screenshots: pictures of the page in out/screenshots, and the README's screenshot
screenshots: .venv/system.stamp build
	$(PY) -m scripts.screenshots

mnist: .venv/build.stamp
	@$(PY) -m scripts.fetch_mnist --optional

## lock: update the lock files from pyproject.toml and package.json
lock: .venv/python.stamp
	$(PY) -m venv .cache/uv
	.cache/uv/bin/pip install --quiet uv
	env -u PIP_FIND_LINKS .cache/uv/bin/uv pip compile $(UV_FLAGS) pyproject.toml -o requirements/build.lock
	env -u PIP_FIND_LINKS .cache/uv/bin/uv pip compile $(UV_FLAGS) --extra dev pyproject.toml -o requirements/dev.lock
	npm install --package-lock-only

UV_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --custom-compile-command 'make lock'

## clean: remove everything that was built or downloaded, except MNIST
clean:
	rm -rf .venv node_modules .cache dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tabgrad needs Python 3.11 or later: run `make PYTHON=python3.11 serve`.")'
	$(PYTHON) -m venv .venv
	@# Our own packages are imported from their source folders, not installed, so that the page runs the same files.
	@printf '%s\n' '$(CURDIR)/py' '$(CURDIR)' > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tabgrad.pth"
	@touch $@

.venv/build.stamp: requirements/build.lock | .venv/python.stamp
	$(PIP) -r requirements/build.lock
	@touch $@

.venv/dev.stamp: requirements/dev.lock | .venv/python.stamp
	$(PIP) -r requirements/dev.lock
	@touch $@ .venv/build.stamp

# The tools that the tests need besides Python packages: browsers and a software GPU.
.venv/system.stamp: scripts/install_test_tools.sh .venv/dev.stamp
	@sh scripts/install_test_tools.sh
	@touch $@

node_modules/.stamp: package.json package-lock.json
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("tabgrad needs Node 20 or later."); process.exit(1) }'
	npm ci --loglevel=error
	@touch $@
