# A folder of scans, read with the newest models that are there: `--profile profiles/read`, which lets nothing be trained.
rule read:
    input:
        expand(
            [
                "results/{round}/text/{page_set}",
                "results/{round}/overlays/{page_set}",
                "results/{round}/viewer/{page_set}.html",
            ],
            round=ROUND,
            page_set=config["recognize"],
        ),


onsuccess:
    if config["read"]:
        print("\nRead:", *rules.read.input, sep="\n  ")
