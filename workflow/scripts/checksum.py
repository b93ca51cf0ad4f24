"""Records a file's SHA-256 at its first use, and refuses a changed file later.

In: the file, and its record if there is one. Out: the record.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.published.checksum import check_file

log_to(snakemake.log[0])
found = check_file(snakemake.input.file, snakemake.params.settings["record"])
Path(snakemake.output[0]).write_text(f"{found}  {snakemake.input.file}\n")
