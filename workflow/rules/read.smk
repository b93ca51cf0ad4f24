# A folder of scans, read with the newest models that are there. Nothing may be trained for it.
rule read:
    input:
        own_scans,


onsuccess:
    if config["read"] is not None:
        print("\nRead:", *own_scans(None), sep="\n  ")
