"""Notes a file's SHA-256 when it is first used, and refuses another file later.

In: the file. Out: the record.
"""

import logging
import os

from kuzushiji.checksum import check_file
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
logging.info("%s has the SHA-256 %s", snakemake.input.file, check_file(snakemake.input.file, snakemake.output[0]))
os.utime(snakemake.output[0])  # newer than the file, whose change is the reason to look again
