# How long the run takes, said at its start, and where there is no terminal in a line every half minute.
from collections import Counter

from snakemake.io import apply_wildcards

from kuzushiji.common.tables import read_table
from kuzushiji.common.time_left import Work, in_words, remembered, seconds_left, watch

# What jobs took with the small networks, where this machine remembers none of their kind.
TIMES = Path(from_root("resources/small/times.csv"))


def kind_of_job(name, wildcards):
    """A rule's name and the networks that it works with."""
    return " ".join([name, *[wildcards[network] for network in ("detector", "classifier") if network in wildcards]])


def pages_in(wildcards, pages_by_chunk_of):
    """How many pages a job of these wildcards works on; 1 if on none, or if that is not known."""
    page_set = wildcards.get("page_set", wildcards.get("image_set"))
    counts = pages_by_chunk_of(page_set) if page_set else {}
    return max(1, counts.get(wildcards["chunk"], 0) if "chunk" in wildcards else sum(counts.values()))


@cache
def planned_pages(page_set):
    """The number of pages by chunk, as they are planned."""
    return {str(chunk): len(pages) for chunk, pages in pages_by_chunk(page_set).items()}


@cache
def read_pages(page_set):
    """The number of pages by chunk in the table of a page set, which may be of an earlier run; empty without one."""
    try:
        return Counter(map(str, read_table(f"results/pages/{page_set}.parquet", "pages")["chunk"]))
    except (OSError, InputError):
        return {}


def earlier_jobs():
    """A kind, the pages and the benchmark file of every job that ran here."""
    for it in workflow.rules:
        if it.benchmark:
            found = glob_wildcards(str(it.benchmark))
            for values in zip(*found, strict=True):
                wildcards = dict(zip(found._fields, values, strict=True))
                file = apply_wildcards(str(it.benchmark), wildcards)
                yield kind_of_job(it.name, wildcards), pages_in(wildcards, read_pages), Path(file)


def work_of(job):
    """A job of the plan as `Work`, with what it takes of the cores, or of the GPUs."""
    share = 1.0
    if workflow.local_exec:
        gpus = workflow.global_resources["gpu"].value
        share = min(1.0, max(job.threads / workflow.cores, job.resources.get("gpu", 0) / gpus))
    wildcards = dict(job.wildcards.items())
    return Work(kind_of_job(job.rule.name, wildcards), pages_in(wildcards, planned_pages), share, str(job.log[0]))


def what_it_takes(logs):
    """A line for the start of a run; where no terminal shows its progress, lines follow every half minute."""
    table = remembered(earlier_jobs(), TIMES) if workflow.local_exec else None
    works = {job: work_of(job) for job in planned_jobs() if job.benchmark}

    def now():
        return [[works[job] for job in jobs if job in works] for jobs in (works, *done_and_running_jobs())]

    if not sys.stderr.isatty():
        watch(now, table)
    takes = ""
    if works and workflow.local_exec:
        takes = f", {in_words(*seconds_left(works.values(), [], table))} on this computer"
    return f"{len(works)} job{'s' * (len(works) != 1)}{takes}; log: {', '.join(map(os.path.relpath, logs))}"
