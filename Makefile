# The commands of the README. Every other use is plain `snakemake` from the virtual environment.
.PHONY: setup read adapt demo test test-cluster test-install test-gpu speed
BIN := .venv/bin
# Threads that wait for each other give up their core: spinning slows a shared machine down tenfold.
export OMP_WAIT_POLICY := PASSIVE
# Profiles name files by it; `make -C` leaves it as it was.
export PWD := $(CURDIR)
# What was typed reaches the shell as its own variables, which it does not parse again: a name may have spaces, quotes, `$`
# and backticks. Make would expand the variables themselves on export.
unexport IMAGES PAGES LABELS MODELS WEIGHTS FORMATS CORRECTIONS
export IMAGES_TYPED := $(value IMAGES)
export PAGES_TYPED := $(value PAGES)
export LABELS_TYPED := $(value LABELS)
export MODELS_TYPED := $(value MODELS)
export WEIGHTS_TYPED := $(value WEIGHTS)
export FORMATS_TYPED := $(value FORMATS)
export CORRECTIONS_TYPED := $(value CORRECTIONS)

# Everything that the commands of the README need; CPU=1, the first time, leaves NVIDIA's libraries out.
setup: .venv/installed resources/fonts/.fetched

# Read the scans in the folder IMAGES, or by the address of a IIIF manifest, or some of their PAGES (3-10), or two sample
# pages, with the newest models that were trained here, or if there are none with the small networks that come with the
# workflow; with others by name (WEIGHTS=small, published, or adapted, by `make adapt`), or with those of another directory
# (MODELS=demo). QUICK=1 has the published ones read fast, and less well.
read: .venv/installed resources/fonts/.fetched
	@models="$$MODELS_TYPED"; \
	if [ -z "$$models" ] && [ "$$WEIGHTS_TYPED" = adapted ]; then models=adapted; fi; \
	if [ -n "$$models" ] && [ ! -d "$$models/results" ]; then \
		printf '%s: holds no results of a run; say the directory, or run make adapt first\n' "$$models" >&2; exit 2; fi; \
	set -- --config "read=$${IMAGES_TYPED:-resources/samples}"; \
	if [ -n "$$PAGES_TYPED" ]; then set -- "$$@" "page_range=$$PAGES_TYPED"; fi; \
	if [ -n "$$WEIGHTS_TYPED" ]; then set -- "$$@" "round=$$WEIGHTS_TYPED"; fi; \
	if [ -n "$$FORMATS_TYPED" ]; then set -- "$$@" "formats=$$FORMATS_TYPED"; fi; \
	if [ -n "$$CORRECTIONS_TYPED" ]; then set -- "$$@" "corrections=$$CORRECTIONS_TYPED"; fi; \
	if [ -n "$(QUICK)" ]; then set -- --configfile profiles/read/quick.yaml "$$@"; fi; \
	if [ -n "$$models" ]; then set -- --directory "$$models" "$$@"; fi; \
	exec $(BIN)/snakemake --profile profiles/read "$$@" -- read

# Tune the small classifiers to the hand of the book whose scans lie in the folder IMAGES, by the file LABELS of some of its
# pages, as the viewer exports it. Then: make read IMAGES=… WEIGHTS=adapted. MODELS is the directory for the result.
adapt: .venv/installed resources/fonts/.fetched
	@if [ -z "$$IMAGES_TYPED" ] || [ -z "$$LABELS_TYPED" ]; then \
		echo 'say which scans, and labels of some: make adapt IMAGES=folder LABELS=file.csv' >&2; exit 2; fi; \
	exec $(BIN)/snakemake --profile profiles/adapt --directory "$${MODELS_TYPED:-adapted}" \
		--config "read=$$IMAGES_TYPED" "adapt=$$LABELS_TYPED" -- adapt

# Set up, run the whole workflow on synthetic pages, and say how well they were read and where everything lies.
demo: .venv/installed resources/fonts/.fetched
	$(BIN)/snakemake --profile profiles/demo
	$(BIN)/snakemake --profile profiles/demo --report results/report.html
	$(BIN)/python -m kuzushiji.evaluate.summary demo/results

# Set up and pass the tests.
test: .venv/installed .validator/installed resources/fonts/.fetched
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder --durations 40 --durations-min 10 --ignore tests/cluster --ignore tests/install

# Set up and pass the tests of the cluster, on a Slurm of one node that they start here, as root.
test-cluster: .venv/installed resources/fonts/.fetched
	bash tests/cluster/install.sh
	$(BIN)/pytest tests/cluster

# Set up and pass the tests of other installations: on other systems, without CUDA, and, as root, in a clean Debian. Half an
# hour, and several GB are downloaded.
test-install: .venv/installed
	$(BIN)/pytest tests/install

# Pass the tests of a GPU, and measure it; on a machine without one they are skipped. Without the tests' conftest,
# which hides GPUs.
test-gpu: .venv/installed
	$(BIN)/pytest --confcutdir=tests/gpu -rs --capture=no tests/gpu

# Measure on this machine how fast crops load, pages are searched and predictions become a submission. Without the tests'
# conftest, which hides GPUs.
speed: .venv/installed
	$(BIN)/pytest --confcutdir=tests/speed tests/speed/*.py

.venv/installed: envs/requirements.txt pyproject.toml
	python3 -m venv .venv
	@if [ -n "$(CPU)" ] || [ -e .venv/requirements.cpu.txt ]; then \
		echo $(BIN)/python envs/without_cuda.py; $(BIN)/python envs/without_cuda.py; \
	else \
		echo $(BIN)/pip install --requirement envs/requirements.txt; \
		$(BIN)/pip install --quiet --requirement envs/requirements.txt; \
	fi
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.validator/installed: envs/validator.txt
	python3 -m venv .validator
	.validator/bin/pip install --quiet --requirement envs/validator.txt
	touch $@

resources/fonts/.fetched: envs/fonts.sh .venv/installed
	PYTHON=$(BIN)/python bash envs/fonts.sh resources/fonts
	touch $@
