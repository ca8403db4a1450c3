# One word for each job, in the environment that the README makes (or BIN=folder of another one).
BIN ?= .venv/bin

.PHONY: lint types test format benchmark reference lock

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types:
	$(BIN)/mypy
	$(BIN)/mypy --platform win32

test:
	$(BIN)/pytest

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark:
	$(BIN)/python experiments/benchmarks/run.py

# Calibration first: what follows draws from its posterior. Some two hours on two cores, half of them sensitivity and factorial.
reference:
	$(BIN)/python -m tests.baseline.refresh
	$(BIN)/python experiments/calibration/run.py
	$(BIN)/python experiments/calibration/spread.py
	$(BIN)/python experiments/calibration/variance.py
	$(BIN)/python experiments/sensitivity/run.py --trajectories 4 --base 64
	$(BIN)/python experiments/levers/run.py
	$(BIN)/python experiments/patterns/run.py
	$(BIN)/python experiments/disputes/run.py
	$(BIN)/python experiments/robustness/run.py --replicates 40
	$(BIN)/python experiments/response/run.py --replicates 100
	$(BIN)/python experiments/factorial/run.py --replicates 6
	$(BIN)/python experiments/phase2/run.py
	$(BIN)/python experiments/pictures/run.py
	$(BIN)/python docs/build_parameter_table.py

# The pinned packages: hashes and no addresses; the core in the versions that are tested. Needs uv.
LOCK = uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --python-version 3.11 pyproject.toml

lock:
	$(LOCK) --extra analysis --extra cluster --extra sortition --group dev -o requirements/dev.txt
	$(LOCK) --group build --constraint requirements/dev.txt -o requirements/core.txt
