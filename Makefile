# `make run` starts the platform, `make test` proves it. Both install what they need into .venv first.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# What .venv holds: a copy of the lock that was installed.
INSTALLED := $(VENV)/installed.lock

DEEPSPEED := 'deepspeed==0.19.8' 'hjson==3.1.0' 'msgpack==1.2.4' 'py-cpuinfo==9.0.0' 'einops==0.8.2'

.PHONY: run test test-engine test-site test-stack test-all test-deepspeed test-faults lint format bench bench-engine bench-platform screenshots lock clean browser
.DEFAULT_GOAL := run

run: $(INSTALLED)
	@exec $(BIN)/python manage.py up

# Two at a time: the engine's tests compute, the others mostly wait for processes and pages. Three take as long on two cores.
test: $(INSTALLED) browser
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target --keep-going test-engine test-site test-stack

TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not long and not deepspeed"
ENGINE_TESTS := tests/flowdppo_engine tests/benchmarks/engine
# Those with processes of the whole platform, or of its parts: one after the other, not to meet at a port.
STACK_TESTS := tests/worker tests/faults tests/end_to_end tests/docker tests/platform/stack \
	tests/platform/api/test_command_line.py

test-engine: $(INSTALLED)
	$(TEST) $(ENGINE_TESTS)

test-site: $(INSTALLED) browser
	$(TEST) --durations 25 $(addprefix --ignore ,$(ENGINE_TESTS) $(STACK_TESTS))

test-stack: $(INSTALLED) browser
	$(TEST) --durations 25 $(STACK_TESTS)

test-all: $(INSTALLED) browser
	$(BIN)/python -m pytest -m "not deepspeed"

# Takes a quarter of an hour: everything is killed at random moments, with the real engine.
test-faults: $(INSTALLED)
	PYTHONPATH=platform OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults --write

# DeepSpeed's build tool, the package `ninja`, lies in the same folder as the API's django-ninja and would overwrite it.
# So it has an environment of its own, on top of .venv, and comes without its dependencies.
test-deepspeed: $(INSTALLED)
	"$(PYTHON)" -m venv --without-pip .venv-deepspeed
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$(.venv-deepspeed/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/venv.pth"
	$(BIN)/python -m pip --python .venv-deepspeed/bin/python install --disable-pip-version-check --no-deps $(DEEPSPEED)
	.venv-deepspeed/bin/python -m pytest -m deepspeed tests/flowdppo_engine

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint frontend/templates

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: bench-engine bench-platform

# Playwright keeps an event loop in its thread: who wants one of their own comes before.
bench-platform: $(INSTALLED) browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -s $(addprefix tests/benchmarks/test_, \
		ingest.py http_ingest.py curves.py lists.py load.py)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -s tests/benchmarks/test_tiles.py tests/benchmarks/test_playground.py

bench-engine: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.engine

screenshots: $(INSTALLED) browser
	$(BIN)/python -m tests.end_to_end.screenshots

lock: $(BIN)/pip
	$(BIN)/python tools/lock.py

# The data folder stays: it holds the runs.
clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

browser: $(INSTALLED)
	@$(BIN)/python tools/chromium.py >/dev/null 2>&1 || tools/install-chromium
	@$(BIN)/python tools/chromium.py >/dev/null

$(INSTALLED): requirements.lock $(BIN)/pip
	@if cmp -s requirements.lock $@; then touch $@; else \
		echo "Installing $$(grep -c == requirements.lock) packages into $(VENV); the first time takes some minutes."; \
		$(BIN)/python -m pip install --disable-pip-version-check --requirement requirements.lock && \
		cp requirements.lock $@ && echo "Installed."; \
	fi

$(BIN)/pip:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and none was found: install it (Debian, Ubuntu: apt-get install" \
			"python3 python3-venv), or name one: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install" \
			"python$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"; exit 1; }
	@echo "Making the virtual environment $(VENV) with $$("$(PYTHON)" --version)."
	@"$(PYTHON)" -m venv --clear $(VENV)
