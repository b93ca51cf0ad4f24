# The commands of the README. Every other use is plain `snakemake` from the virtual environment.
.PHONY: setup demo test
BIN := .venv/bin
# Threads that wait for each other give up their core: spinning slows a shared machine down tenfold.
export OMP_WAIT_POLICY := PASSIVE

# Everything that the commands of the README need.
setup: .venv/installed resources/fonts/.fetched

# Set up, run the whole workflow on synthetic pages, and say how well they were read and where everything lies.
demo: .venv/installed resources/fonts/.fetched
	$(BIN)/snakemake --profile profiles/demo
	$(BIN)/snakemake --profile profiles/demo --report results/report.html
	$(BIN)/python -m kuzushiji.summary results

# Set up and pass the tests.
test: .venv/installed resources/fonts/.fetched
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/pytest

.venv/installed: envs/requirements.txt pyproject.toml
	python3 -m venv .venv
	$(BIN)/pip install --quiet --requirement envs/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

resources/fonts/.fetched: envs/fonts.sh .venv/installed
	PYTHON=$(BIN)/python bash envs/fonts.sh resources/fonts
	touch $@
