"""Summarizes the time and memory of the run's jobs.

In: Snakemake's benchmark files, by rule. Out: a table, as CSV and HTML, and a figure.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.publish.usage import plot_usage, usage_table
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
asked = snakemake.params.settings["asked"]
benchmarks = {rule: snakemake.input.get(rule) for rule in asked}
table = usage_table(
    {rule: [files] if isinstance(files, str) else files for rule, files in benchmarks.items() if files}, asked
)
table.round(3).to_csv(snakemake.output.table)
write_web_page(snakemake.output.page, "Time and memory of the rules", {"rules": table})
plot_usage(table, snakemake.output.plot)
