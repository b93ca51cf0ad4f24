# A folder of scans, read with the newest models that are there. Nothing may be trained for it. It has a command, if one that
# does nothing, so that it always runs: where everything lies is said again if nothing was left to do.
rule read:
    input:
        own_scans,
    log:
        "results/logs/read.log",
    shell:
        ": 2> {log}"


onsuccess:
    if config["read"] is not None:
        print("\nRead:", *(os.path.relpath(path, workflow.basedir) for path in own_scans(None)), sep="\n  ")
