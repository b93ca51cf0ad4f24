# Reads pages of old Japanese books: denoises them, finds the characters, names them, and drops false positives.
#
# config.yaml           every constant, the published settings at full scale
# workflow/rules/       one file a stage; its rules, scripts (workflow/scripts) and library modules
#                       (workflow/kuzushiji) share their names
# resources/            what comes in          results/   what is made, one folder a stage
# profiles/             adapt, demo, read, slurm, small; `default` always loads
from snakemake.utils import min_version

min_version("9.27")  # the one that it was tried with


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/configuration.smk"
include: "workflow/rules/page_sets.smk"
include: "workflow/rules/networks.smk"


container: from_root("envs/kuzushiji.sif")


include: "workflow/rules/hand.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/competition.smk"
include: "workflow/rules/unpack.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/denoise.smk"
include: "workflow/rules/published.smk"
include: "workflow/rules/small.smk"
include: "workflow/rules/pretrained.smk"
include: "workflow/rules/crops.smk"
include: "workflow/rules/detector.smk"
include: "workflow/rules/detect.smk"
include: "workflow/rules/pseudo.smk"
include: "workflow/rules/classifier.smk"
include: "workflow/rules/adapt.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/book_classifier.smk"
include: "workflow/rules/fuse.smk"
include: "workflow/rules/nms.smk"
include: "workflow/rules/booster.smk"
include: "workflow/rules/recognize.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/text.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/publish.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/read.smk"
include: "workflow/rules/benchmarks.smk"
include: "workflow/rules/time_left.smk"


localrules:
    all,
    train,
    recognize,
    evaluate,
    report,
    read,
    adapt,
    export,
    benchmarks,


# On a cluster, what takes seconds of few pages runs beside Snakemake: as a job it would wait in the queue, and start
# Python twice. Not as group jobs, which Slurm's plugin runs one after the other.
if few_pages():

    localrules:
        subset,
        subset_truth,
        gather_detections,
        gather_predictions,
        fuse,
        nms,
        features,
        submission,
        confidence,
        text,


rule all:
    """Everything: submission, scores, pictures and text of the page sets under `recognize`."""
    default_target: True
    input:
        "results/final_submission.csv",
        rules.train.input,
        rules.recognize.input,
        rules.report.input,
