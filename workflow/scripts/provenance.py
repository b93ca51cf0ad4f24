"""Records the provenance of a submission.

In: the submission, the models that made it, page images and labels, the lock, the workflow's entry.
Out: a folder, a research object crate (RO-Crate).

Only this script reads the whole configuration and the installation: it records them as they were when the submission
was made, and a change of either does not run it again.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.publish.provenance import write_provenance

log_to(snakemake.log[0])
write_provenance(
    Path(snakemake.output[0]),
    Path(snakemake.input.submission),
    [Path(path) for path in snakemake.input.models],
    [Path(path) for path in snakemake.input.sources],
    snakemake.config,
    Path(snakemake.input.lock),
    Path(snakemake.input.workflow),
    snakemake.params.page_sets,
)
