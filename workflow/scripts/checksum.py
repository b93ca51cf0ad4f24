"""Notes a file's SHA-256 when it is first used, and refuses another file later.

In: the file, and what was noted. Out: its SHA-256.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.published.checksum import check_file

log_to(snakemake.log[0])
found = check_file(snakemake.input.file, snakemake.params.settings["record"])
Path(snakemake.output[0]).write_text(f"{found}  {snakemake.input.file}\n")
