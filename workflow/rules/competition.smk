# Kaggle's data: `snakemake competition_data` fetches it, or says how to, and checks it anew each time it is asked for.
localrules:
    competition_data,


rule competition_data:
    """Fetch Kaggle's data, or say how to, and check it."""
    log:
        "results/logs/competition_data.log",
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(600),
    params:
        settings=dict(config["competition"], folder=from_root(config["competition"]["folder"])),
    script:
        "../scripts/competition_data.py"
