"""Records the provenance of a submission.

In: the submission, the models that made it, made images, digests of other page images, labels, the lock, the workflow's
entry.
Out: a folder, a research object crate (RO-Crate).

Only this script reads the whole configuration and the installation: it records them as they were when the submission
was made, and a change of either does not run it again.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.pages.versions import read_checksums
from kuzushiji.publish.provenance import write_provenance

log_to(snakemake.log[0])
settings, known = snakemake.params.settings, read_checksums(snakemake.input.digests)
write_provenance(
    Path(snakemake.output[0]),
    Path(snakemake.input.submission),
    [Path(path) for path in snakemake.input.models],
    [Path(path) for path in snakemake.input.sources],
    {path: known[path] for path in settings["images"]},
    snakemake.config,
    Path(snakemake.input.lock),
    Path(snakemake.input.workflow),
    settings["page_sets"],
)
