# Kaggle's data: `snakemake competition_data` downloads it, or explains how to, and checks it at every call.
localrules:
    competition_data,


rule competition_data:
    """Download Kaggle's data, or explain how to, and check it."""
    log:
        "results/logs/competition_data.log",
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(600),
    params:
        settings=dict(config["competition"], folder=from_root(config["competition"]["folder"])),
    script:
        "../scripts/competition_data.py"
