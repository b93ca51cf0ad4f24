# What made a submission, for a colleague to verify.
rule provenance:
    input:
        submission="results/{round}/submissions/{page_set}.csv",
        models=submission_models,
        sources=submission_sources,
        lock="envs/requirements.txt",
    output:
        directory("results/{round}/provenance/{page_set}"),
    log:
        "results/logs/provenance/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/provenance/{round}/{page_set}.tsv"
    resources:
        mem_mb=grown(2000),
        runtime=grown(60),
    params:
        code=code("provenance"),
    script:
        "../scripts/provenance.py"
