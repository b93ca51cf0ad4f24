"""Measures the cost of detection.

Out: time and memory of each case, their growth, and a picture of both.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.detector.detection_cost import detection_cost, growth, plot_cost

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    table = detection_cost(snakemake.params.settings, snakemake.threads)
    table.round(3).to_csv(snakemake.output.cases, index=False)
    growth(table).round(4).to_csv(snakemake.output.growth, index=False)
    plot_cost(table, snakemake.output.plot)
