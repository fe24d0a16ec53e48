# tabgrad: `make serve` runs the workshop on this machine, `make test` checks it. Each does its own set-up.
# Needs Python 3.11 or later, Node 20 or later and npm. Stamp files make a second run quick.

PYTHON ?= python3
PORT ?= 8000
FUZZ_COUNT ?= 3000
FUZZ_SEED ?= random
PY := .venv/bin/python
# Only what the lock files name, each file checked by its hash.
PIP := .venv/bin/pip install -qq --disable-pip-version-check --require-hashes

.PHONY: serve test build lint bench fuzz programs screenshots mnist lock clean
.DELETE_ON_ERROR:

## serve: set up, build and serve the site (PORT=8000)
serve: build
	@$(PY) -m scripts.serve --port $(PORT)

## build: the static site in dist/, with MNIST where it can be had
build: .venv/build.stamp node_modules/.stamp mnist
	@$(PY) -m scripts.build

## test: lint, types, unit, parity and browser tests
test: .venv/system.stamp lint mnist
	$(PY) -m pytest $(PYTEST_ARGS)

## lint: ruff, mypy and, for the little JavaScript there is, tsc
lint: .venv/dev.stamp node_modules/.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	node_modules/.bin/tsc -p web
	node_modules/.bin/tsc -p web/tsconfig.sw.json

## bench: measure the page and the engines; JSON in out/bench.json (BENCH_ARGS='--only boot')
bench: .venv/system.stamp build
	$(PY) -m scripts.bench $(BENCH_ARGS)

## fuzz: compare the WebAssembly compiler with NumPy on random programs (FUZZ_COUNT=3000, FUZZ_SEED=random)
fuzz: .venv/system.stamp node_modules/.stamp
	FUZZ_COUNT=$(FUZZ_COUNT) FUZZ_SEED=$(FUZZ_SEED) $(PY) -m pytest tests/fuzz $(PYTEST_ARGS)

## programs: compile the shipped programs in models/ anew (EXPORT_ARGS=--check only compares)
programs: .venv/build.stamp
	$(PY) -m scripts.export $(EXPORT_ARGS)
	$(PY) -m scripts.export_training $(EXPORT_ARGS)

## screenshots: pictures of the page in out/screenshots, and the README's
screenshots: .venv/system.stamp build
	$(PY) -m scripts.screenshots

mnist: .venv/build.stamp
	@$(PY) -m scripts.fetch_mnist --optional

## lock: resolve pyproject.toml and package.json anew
lock: .venv/python.stamp
	$(PY) -m venv .cache/uv
	.cache/uv/bin/pip install --quiet uv
	env -u PIP_FIND_LINKS .cache/uv/bin/uv pip compile $(UV_FLAGS) pyproject.toml -o requirements/build.lock
	env -u PIP_FIND_LINKS .cache/uv/bin/uv pip compile $(UV_FLAGS) --extra dev pyproject.toml -o requirements/dev.lock
	npm install --package-lock-only

UV_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --custom-compile-command 'make lock'

## clean: everything that was made or fetched, MNIST aside
clean:
	rm -rf .venv node_modules .cache dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tabgrad needs Python 3.11 or later: run `make PYTHON=python3.11 serve`.")'
	$(PYTHON) -m venv .venv
	@# Our own packages are used from their source folders and never installed: the page gets the very same files.
	@printf '%s\n' '$(CURDIR)/py' '$(CURDIR)' > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tabgrad.pth"
	@touch $@

.venv/build.stamp: requirements/build.lock | .venv/python.stamp
	$(PIP) -r requirements/build.lock
	@touch $@

.venv/dev.stamp: requirements/dev.lock | .venv/python.stamp
	$(PIP) -r requirements/dev.lock
	@touch $@ .venv/build.stamp

# What the tests drive besides Python: browsers, a software GPU.
.venv/system.stamp: scripts/install_test_tools.sh .venv/dev.stamp
	@sh scripts/install_test_tools.sh
	@touch $@

node_modules/.stamp: package.json package-lock.json
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("tabgrad needs Node 20 or later."); process.exit(1) }'
	npm ci --loglevel=error
	@touch $@
