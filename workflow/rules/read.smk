# Reading a folder of scans with the newest models that are here, or the small ones, without training.
include: "read.inputs.smk"


# It has a command, which does nothing, so that it always runs: the paths of the results are printed again even if
# nothing was left to do.
rule read:
    """Read a folder of scans with the newest existing models, or with imported ones."""
    input:
        own_scans,
    log:
        "results/logs/read.log",
    shell:
        ": 2> {log}"


onstart:
    print(what_it_takes(log), flush=True)
    if config["read"] is not None and config["adapt"] is None:
        print(
            f"Reading {len(pages_of(config['recognize'][0]))} pages with {networks_that_read()}; by {READ_BY}",
            *what_is_passed_over(),
            *what_cannot_be_read(),
            sep="\n",
            flush=True,
        )


onsuccess:
    if config["adapt"] is not None:
        print("", *what_was_adapted(), sep="\n")
    elif config["read"] is not None:
        print("", *what_was_read(), sep="\n", flush=True)
