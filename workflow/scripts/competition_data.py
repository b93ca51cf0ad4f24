"""Downloads, unpacks and checks the competition's data.

In: existing files of its folder. Out: its files there, which rules find when they are planned; a report.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.pages.competition_data import competition_data

terminal = log_to(snakemake.log[0])
for line in competition_data(snakemake.params.settings, terminal):
    print(line)
    print(line, file=terminal, flush=True)
