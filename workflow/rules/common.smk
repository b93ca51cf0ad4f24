# Shared by all rules files: Snakemake's internals, paths, digests of code, resources.
import os
import re
import sys
from functools import cache
from pathlib import Path

import grimp
import snakemake.exceptions
import snakemake.io
from snakemake.scheduling.job_scheduler import JobScheduler

# Not `workflow.basedir`, which belongs to a workflow that includes this one, nor `source_path`, which gives a copy.
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(workflow.current_basedir)))
LIBRARY = os.path.join(ROOT, "workflow")
sys.path.insert(0, LIBRARY)
# Scripts must import this checkout's library, as planning does, whatever the environment has installed.
os.environ.update(PYTHONPATH=os.pathsep.join([LIBRARY, *filter(None, [os.getenv("PYTHONPATH")])]))

from kuzushiji.common.code import digest, imported
from kuzushiji.common.errors import InputError, plain_errors, with_cause
from kuzushiji.common.once import once_a_version, sizes_of_new_inputs
from kuzushiji.common.runs import take_up
from kuzushiji.pages.manifest import get_manifest, is_address, manifest_path

# Snakemake's internals, used where it has no public interface: all of them are here and in
# ../report/workflow.rst, and were tried with 9.27.
CLI_CONFIG = workflow.config_settings.config  # the values of `--config`, which the configuration does not distinguish
CLI_ARGUMENTS = workflow.config_settings.config_args  # the same as they were typed; jobs get them too
for resource in ("gpu", "download"):
    # On one machine, one job at a time uses the GPU (or the CPU in its place), unless `--resources gpu=N` says how many
    # there are. A profile's `resources` would override a cluster's own.
    if resource not in workflow.global_resources:
        workflow.register_resource(resource, 1)

# Snakemake's own work: without these, a run of a hundred thousand pages waits for it for hours.
snakemake.io._IOFile.checksum = once_a_version(snakemake.io._IOFile.checksum)
JobScheduler.update_input_sizes = sizes_of_new_inputs
# Errors of ours without the lines of Snakefiles through which they came.
snakemake.exceptions.format_exception_to_string = plain_errors(snakemake.exceptions.format_exception_to_string)
of_functions = snakemake.exceptions.InputFunctionException
of_functions.__init__ = with_cause(of_functions.__init__)
# Locks of a killed run are no reason to stop; a living one is named.
if not workflow.remote_exec:
    working = take_up(
        Path(".snakemake/runs"), Path(".snakemake/locks"), "a run" if workflow.is_main_process else "a job"
    )
    if working:
        snakemake.exceptions.LockException = lambda: InputError(
            f"results of this run are being made by {working}; let it finish, or end it "
            "(one of another host that is gone: --unlock)"
        )


def planned_jobs():
    return list(workflow.dag.needrun_jobs(exclude_finished=False))


def done_and_running_jobs():
    """The jobs that are done, and those that run now; asked for while they change."""
    return list(workflow.dag._finished), list(workflow.dag._running)


def only_reads():
    """Whether only some rules may run, as in profiles/read."""
    return bool(workflow.dag_settings.allowed_rules)


def from_root(path):
    """A path relative to the checkout, like those of the configuration, with any working directory (`--directory`)."""
    return path if os.path.isabs(path) else os.path.relpath(os.path.join(ROOT, path))


def made_here(path):
    """Whether the workflow makes this file, so that its path counts from where results go."""
    return path.startswith("results/")


def configured(path):
    """A path of the configuration: from the checkout, unless the workflow makes that file."""
    return path if made_here(path) else from_root(path)


def scans_path(scans):
    """Where scans lie, as `from_root`; of an address, the IIIF manifest there, which is fetched if it is not here."""
    if not is_address(scans):
        return from_root(scans)
    manifest = manifest_path(scans, from_root("resources/iiif"))
    get_manifest(scans, manifest)
    return str(manifest)


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"  # an empty constraint would not constrain


IMPORTS = grimp.build_graph("kuzushiji", cache_dir=None)
# Modules for messages alone, on which no result depends.
TALKING = {"kuzushiji.common.errors", "kuzushiji.common.logs", "kuzushiji.common.progress"}


def code(script):
    """A params function: a digest of the script and of all library modules that it imports, directly or indirectly."""
    return lambda wildcards: code_digest(script)  # when a job is planned, since each job parses all rules again


@cache
def code_digest(script):
    path = f"{LIBRARY}/scripts/{script}.py"
    modules = imported(path) & IMPORTS.modules
    modules |= {upstream for module in modules for upstream in IMPORTS.find_upstream_modules(module)}
    packages = {module for module in modules if IMPORTS.find_children(module)}  # their `__init__.py` hold nothing
    counted = sorted(modules - packages - TALKING)
    return digest([path, *[f"{LIBRARY}/{module.replace('.', '/')}.py" for module in counted]])


def scaled(amount, each=0):
    """A resource: `amount` plus `each` per page of the job's page set; twice as much at the first retry, and so on."""

    def resource(wildcards, attempt):
        pages = pages_of(wildcards.page_set) if each and wildcards else []
        return attempt * (amount + int(each * len(pages)))

    return resource


def resuming(amount):
    """A resource of a job whose retries go on from its state, however many: `amount`, and from the first retry on twice it."""
    return lambda wildcards, attempt: min(attempt, 2) * amount
