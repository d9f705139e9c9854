# `make help` lists the targets; every target sets up what it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RECORDING := podman runc bpftrace mmdebstrap iproute2 util-linux mount
BROWSING := chromium fonts-dejavu-core
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
QUIET := --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None
NEWS := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}
# A worker waits half of its time, for Polars' threads, disks and recordings: four keep two processors busy.
WORKERS ?= 4
# Where an image forbids it, each of the many processes that tests start would compile all modules anew.
KEPT := PYTHONDONTWRITEBYTECODE=
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: help install system browser check test demo leaderboard bench soak quality docs notebook desk lab triage record mlflow-ui clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## make the virtual environment with every extra

$(VENV)/.installed: pyproject.toml constraints.txt
	@bash .ci/venv $(PYTHON) $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mlflow,sigma,pyod,notebooks,dev]'
	@touch $@

system: ## install what recording needs (Debian, root): podman, runc, bpftrace, mmdebstrap
	apt-get -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=30 update
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(RECORDING)

browser: install ## install what tests of the report page need (Debian, root): Chromium, Playwright
	apt-get -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=30 update
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(BROWSING)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'

check: install ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check ## set up, lint, type-check, run all tests
	$(KEPT) POLARS_MAX_THREADS=$${POLARS_MAX_THREADS:-1} $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

demo: install ## set up, then the main job on the shipped capture: ledger and report
	$(BIN)/rtml experiment run experiments/demo-v2.yml

leaderboard: install ## every data set that is here (DATA=folder of more) in one table
	$(BIN)/rtml experiment leaderboard experiments/leaderboard.yml $(if $(DATA),--data $(DATA))

bench: install ## speed and memory, as ratios inside one run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks

record: install ## record a sitting of a minute into runs/smoke (root; `make system` before)
	$(BIN)/rtml replay record --scenario experiments/replay-smoke.yml --out runs/smoke

soak: install ## kill job, follower and sender 50 times each, fuzz every reader: a million records each, or 100,000 files (hours; SOAK="--seconds 60" for a sample)
	RTML_KILLS=50 $(BIN)/python -m pytest -q tests/job/test_killed.py tests/findings/test_send_killed.py tests/captures/following/test_kills.py
	RTML_KILLS=10 RTML_PIECES=40 $(BIN)/python -m pytest -q tests/watching/test_kills.py tests/watching/test_equality.py
	RTML_CALLS=200 $(BIN)/python -m pytest -q tests/test_one_answer.py
	$(BIN)/python -m tests.soak --jobs 2 $(SOAK)

quality: install ## who finds what on the shipped recording, by kind of attack; seeds; spliced trials
	$(BIN)/python -m benchmarks.quality

docs: install ## build the documentation into site/ (strict; the pages fetch nothing)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "site/index.html: opens from the disk, with its search"

notebook: install ## run the notebooks again, in place
	rm -f notebooks/verdicts.jsonl
	$(BIN)/python -m rtml.notebook notebooks/*.ipynb

desk: $(VENV)/.desk ## install what the analyst's desk needs: JupyterLab, marimo

$(VENV)/.desk: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab]'
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@echo '$(NEWS)' > $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

lab: desk ## open JupyterLab with copies of the notebooks in runs/desk (loopback only)
	@$(BIN)/python -m rtml.notebook.copies notebooks runs/desk
	$(BIN)/jupyter lab $(ROOT) $(QUIET) --ServerApp.ip=127.0.0.1 runs/desk/01-first-look.ipynb

triage: desk ## open the triage app on the shipped capture (loopback only)
	MARIMO_SKIP_UPDATE_CHECK=1 $(BIN)/marimo run --host 127.0.0.1 notebooks/triage.py

mlflow-ui: install ## look at the tracked runs (loopback only)
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1

clean: ## remove what the targets made (not the datasets, not runs/desk: your notebooks and verdicts)
	rm -rf $(VENV) site $(filter-out runs/desk,$(wildcard runs/*)) mlflow.db mlruns mlartifacts .pytest_cache .mypy_cache .ruff_cache
