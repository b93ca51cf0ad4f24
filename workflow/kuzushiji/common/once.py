"""What Snakemake asks of files again and again, asked once."""

import os
from collections.abc import Awaitable, Callable

Checksum = Callable[..., Awaitable[str | None]]


def once_a_version(checksum: Checksum) -> Checksum:
    """Snakemake's `checksum` of a file, which then reads each version of a file once in this process.

    Snakemake asks for it after every job, for each input as often as the job has outputs. A version is a file of the
    same identity, size and time of modification. What other arguments ask for is not kept.
    """
    known: dict[tuple, str | None] = {}

    async def remembered(file, threshold=None, *arguments, **more):
        if arguments or more:
            return await checksum(file, threshold, *arguments, **more)
        try:
            found = os.stat(file)
        except OSError:
            return await checksum(file, threshold)
        version = (str(file), threshold, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if version not in known:
            known[version] = await checksum(file, threshold)
        return known[version]

    return remembered


async def sizes_of_new_inputs(scheduler, jobs) -> None:
    """Snakemake's `JobScheduler.update_input_sizes`, for inputs whose sizes are not known yet.

    It is called at every choice of jobs, of all that are ready: their inputs are there, and keep their sizes.
    """
    for file in {file for job in jobs for file in job.input} - scheduler._input_sizes.keys():
        scheduler._input_sizes[file] = await file.size() if await file.exists() else None
