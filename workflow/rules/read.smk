# Reading a folder of scans with the newest existing models, without training.
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


onsuccess:
    if config["read"] is not None:
        print("\nRead:", *(os.path.relpath(path, ROOT) for path in own_scans(None)), sep="\n  ")


onstart:
    if config["read"] is not None:
        print(f"Reading {config['read']} with {READ_BY}", flush=True)
