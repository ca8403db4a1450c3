# One word for each job, in the environment that the README makes (or BIN=folder of another one).
BIN ?= .venv/bin

.PHONY: lint types test format digests benchmark reference lock

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

digests:
	$(BIN)/python tests/digests.py $(BASE)

benchmark:
	$(BIN)/python experiments/benchmarks/run.py

# The published tables, in parts: `make reference-calibration` and so on; all of them in two and a half hours. On two cores
# at 7 runs a second (minutes): calibration 20, uncertainty 19, levers 20, patterns 20, sensitivity 14, robustness 16,
# response 13, others 15. A part that is repeated goes on: a step is done again only when a source or the posterior is newer.
STEPS = results/.steps
SOURCES := $(shell find src configs experiments -type f -not -path 'configs/posterior/*' -not -path '*/__pycache__/*')

baseline = -m tests.baseline.refresh
calibrate = experiments/calibration/run.py
spread = experiments/calibration/spread.py
variance = experiments/calibration/variance.py
core = experiments/calibration/core.py
institutions = experiments/levers/run.py
checks = experiments/patterns/run.py
indices = experiments/sensitivity/run.py --trajectories 4 --base 64
alternatives = experiments/robustness/run.py --replicates 40
doses = experiments/response/run.py --replicates 100
disputes = experiments/disputes/run.py
factorial = experiments/factorial/run.py --replicates 6
phase2 = experiments/phase2/run.py
pictures = experiments/pictures/run.py
AFTER = spread variance core institutions checks indices alternatives doses disputes factorial phase2 pictures

$(STEPS)/%: $(SOURCES)
	$(BIN)/python $($*)
	@mkdir -p $(STEPS) && touch $@

$(AFTER:%=$(STEPS)/%): $(STEPS)/calibrate

reference-calibration: $(STEPS)/baseline $(STEPS)/calibrate
reference-uncertainty: $(STEPS)/spread $(STEPS)/variance $(STEPS)/core
reference-levers: $(STEPS)/institutions
reference-patterns: $(STEPS)/checks
reference-sensitivity: $(STEPS)/indices
reference-robustness: $(STEPS)/alternatives
reference-response: $(STEPS)/doses
reference-others: $(STEPS)/disputes $(STEPS)/factorial $(STEPS)/phase2 $(STEPS)/pictures

PARTS = calibration uncertainty levers patterns sensitivity robustness response others
.PHONY: $(PARTS:%=reference-%)
reference: $(PARTS:%=reference-%)
	$(BIN)/python docs/build_parameter_table.py

# The pinned packages: hashes and no addresses; the core in the versions that are tested. Needs uv.
LOCK = uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --python-version 3.11 pyproject.toml

lock:
	$(LOCK) --extra analysis --extra cluster --extra sortition --group dev -o requirements/dev.txt
	$(LOCK) --group build --constraint requirements/dev.txt -o requirements/core.txt
