# One word for each job, in the environment that the README makes (or BIN=folder of another one).
BIN ?= .venv/bin

.PHONY: lint types test mutants format digests benchmark reference lock

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types:
	$(BIN)/mypy
	$(BIN)/mypy --platform win32

test:
	$(BIN)/pytest

mutants:
	$(BIN)/python -m tests.mutants.run $(if $(NUMBER),--number $(NUMBER)) $(if $(SEED),--seed $(SEED)) $(PATHS)

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

digests:
	$(BIN)/python tests/digests.py $(BASE)

benchmark:
	$(BIN)/python experiments/benchmarks/run.py

# The published tables (experiments/README.md), in parts: `make reference-calibration` and so on; all of them in two and a half hours. On two cores
# at 7 runs a second (minutes): calibration 20, uncertainty 19, levers 20, patterns 20, sensitivity 14, robustness 16,
# response 13, others 15. A part that is repeated goes on: a step is done again only when a source or the posterior is newer.
STEPS = results/.steps
SOURCES := $(shell find src configs experiments -type f -not -path 'configs/posterior/*' -not -path '*/__pycache__/*')

command = $(BIN)/consensus-sim publish=true report.figures=false report.html=false experiment
baseline = $(BIN)/python -m tests.baseline.refresh
calibrate = $(command)=calibrate calibration.posterior=configs/posterior/case_study.csv && $(BIN)/python -m consensus_sim.tools.score_table
spread = $(command)=spread
variance = $(command)=compare replicates=200
core = $(command)=core
levers = $(command)=levers
levers_teaching = $(command)=levers community=teaching replicates=12
institutions = $(command)=institutions
patterns = $(command)=patterns
patterns_posterior = $(command)=patterns parameters=posterior replicates=60
rough_size = $(command)=rough_size
indices = $(command)=sensitivity sensitivity.trajectories=4 sensitivity.base=64
alternatives = $(command)=robustness replicates=64
doses = $(command)=response replicates=100
disputes = $(command)=disputes replicates=200
disputes_teaching = $(command)=disputes community=teaching replicates=6
factorial = $(command)=factorial replicates=8
plan = $(command)=plan
pictures = $(command)=pictures
UNCERTAINTY = spread variance core
LEVERS = levers levers_teaching institutions
PATTERNS = patterns patterns_posterior rough_size
OTHERS = disputes disputes_teaching factorial plan pictures
AFTER = $(UNCERTAINTY) $(LEVERS) $(PATTERNS) indices alternatives doses $(OTHERS)

$(STEPS)/%: $(SOURCES)
	$($*)
	@mkdir -p $(STEPS) && touch $@

$(AFTER:%=$(STEPS)/%): $(STEPS)/calibrate

reference-calibration: $(STEPS)/baseline $(STEPS)/calibrate
reference-uncertainty: $(UNCERTAINTY:%=$(STEPS)/%)
reference-levers: $(LEVERS:%=$(STEPS)/%)
reference-patterns: $(PATTERNS:%=$(STEPS)/%)
reference-sensitivity: $(STEPS)/indices
reference-robustness: $(STEPS)/alternatives
reference-response: $(STEPS)/doses
reference-others: $(OTHERS:%=$(STEPS)/%)

PARTS = calibration uncertainty levers patterns sensitivity robustness response others
.PHONY: $(PARTS:%=reference-%)
reference: $(PARTS:%=reference-%)
	$(BIN)/python docs/build.py

# The pinned packages: hashes and no addresses; the core in the versions that are tested. Needs uv.
LOCK = uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
  --python-version 3.11 pyproject.toml

lock:
	$(LOCK) --extra analysis --extra cluster --extra sortition --group dev -o requirements/dev.txt
	$(LOCK) --group build --constraint requirements/dev.txt -o requirements/core.txt
