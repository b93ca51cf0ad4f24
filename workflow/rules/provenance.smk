# The provenance of a submission, which a colleague can verify.
include: "provenance.inputs.smk"


rule provenance:
    """Record the provenance of a submission, which a colleague can verify."""
    input:
        submission="results/{round}/submissions/{page_set}.csv",
        models=submission_models,
        sources=submission_sources,
        digests=submission_digests,
        lock=from_root("envs/requirements.txt"),
        workflow=from_root("Snakefile"),
    output:
        report(
            directory("results/{round}/provenance/{page_set}"),
            patterns=[r"{file,[^/]+\.(html|json|yaml|txt|sha256)}"],
            caption="../report/provenance.rst",
            category="7 Provenance",
            labels={"page set": "{page_set}", "file": "{file}", "round": "{round}"},
        ),
    log:
        "results/logs/provenance/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/provenance/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        code=code("provenance"),
        settings=lambda wildcards: dict(
            page_sets=page_sets_read(wildcards), images=[page.path for page in scanned_and_made(wildcards)[0]]
        ),
    script:
        "../scripts/provenance.py"
