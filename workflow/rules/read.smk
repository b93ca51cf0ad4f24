# A folder of scans, read with the newest models that are there. Nothing may be trained for it.
include: "read.inputs.smk"


# It has a command, if one that does nothing, so that it always runs: where everything lies is said again if nothing was
# left to do.
rule read:
    """Read a folder of scans with the newest models that are here, or with imported ones."""
    input:
        own_scans,
    log:
        "results/logs/read.log",
    shell:
        ": 2> {log}"


onsuccess:
    if config["read"] is not None:
        print("\nRead:", *(os.path.relpath(path, ROOT) for path in own_scans(None)), sep="\n  ")
