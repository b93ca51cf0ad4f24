# The commands of the README. Every other use is plain `snakemake` from the virtual environment.
.PHONY: setup demo read test test-cluster speed
BIN := .venv/bin
# Threads that wait for each other give up their core: spinning slows a shared machine down tenfold.
export OMP_WAIT_POLICY := PASSIVE
# Profiles name files by it; `make -C` leaves it as it was.
export PWD := $(CURDIR)

# Everything that the commands of the README need.
setup: .venv/installed resources/fonts/.fetched

# Set up, run the whole workflow on synthetic pages, and say how well they were read and where everything lies.
demo: .venv/installed resources/fonts/.fetched
	$(BIN)/snakemake --profile profiles/demo
	$(BIN)/snakemake --profile profiles/demo --report results/report.html
	$(BIN)/python -m kuzushiji.evaluate.summary demo/results

# Read the scans in the folder IMAGES with the newest models that are here, with imported ones (WEIGHTS=published or small), or
# with those that were trained in another directory (MODELS=demo).
read: .venv/installed resources/fonts/.fetched
	$(if $(IMAGES),,$(error say which scans: make read IMAGES=path/to/folder))
	$(if $(MODELS),$(if $(wildcard $(MODELS)/results),,$(error $(MODELS): holds no results of a run; say the directory)))
	$(BIN)/snakemake --profile profiles/read $(if $(MODELS),--directory "$(MODELS)") --config read="$(IMAGES)" $(if $(WEIGHTS),round=$(WEIGHTS)) -- read

# Set up and pass the tests.
test: .venv/installed resources/fonts/.fetched
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/pytest --ignore tests/cluster

# Set up and pass the tests of the cluster, on a Slurm of one node that they start here, as root.
test-cluster: .venv/installed resources/fonts/.fetched
	bash tests/cluster/install.sh
	$(BIN)/pytest tests/cluster

# Measure on this machine how fast crops load, pages are searched and predictions become a submission. Without the tests'
# conftest, which hides GPUs.
speed: .venv/installed
	$(BIN)/pytest --confcutdir=tests/speed tests/speed/*.py

.venv/installed: envs/requirements.txt pyproject.toml
	python3 -m venv .venv
	$(BIN)/pip install --quiet --requirement envs/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

resources/fonts/.fetched: envs/fonts.sh .venv/installed
	PYTHON=$(BIN)/python bash envs/fonts.sh resources/fonts
	touch $@
