"""The time, memory and processors that the jobs of a run used, by rule, from Snakemake's benchmark files."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError
from kuzushiji.common.figures import BLUE, GRAY, ORANGE, drawing

_READ = ["s", "max_rss", "cpu_time"]  # seconds, MB, seconds; "NA" or "-" if a job ended before the first measurement


def usage_table(benchmarks: Mapping[str, Sequence[str | os.PathLike]], asked: Mapping[str, dict]) -> pd.DataFrame:
    """A row per rule of `benchmarks` (rule → files), by descending time.

    `asked` has for each rule its `mem_mb` and `threads`. Columns: `jobs`; `total_s`, `mean_s` and `max_s`, seconds of
    wall time; `max_mb`, the largest peak of a job's resident memory, `asked_mb` and `memory_share`, of what was asked
    for; `cpus`, the mean number of busy processors (0 < cpus), and `threads`. Raises `InputError` for a file that is
    not a benchmark.
    """
    rows = {}
    for rule, files in benchmarks.items():
        jobs = pd.concat([_read(path) for path in files], ignore_index=True)
        seconds, cpu = jobs["s"], jobs["cpu_time"]
        known = cpu.notna()
        rows[rule] = {
            "jobs": len(jobs),
            "total_s": seconds.sum(),
            "mean_s": seconds.mean(),
            "max_s": seconds.max(),
            "max_mb": jobs["max_rss"].max(),
            "asked_mb": asked[rule]["mem_mb"],
            "memory_share": jobs["max_rss"].max() / asked[rule]["mem_mb"],
            "cpus": cpu[known].sum() / seconds[known].sum() if seconds[known].sum() else np.nan,
            "threads": asked[rule]["threads"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")
    return table.sort_values("total_s", ascending=False, kind="stable")


def _read(path: str | os.PathLike) -> pd.DataFrame:
    table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
    missing = set(_READ) - set(table)
    if missing:
        raise InputError(f"{path}: is no benchmark of Snakemake's: it lacks {', '.join(sorted(missing))}; delete it")
    return table[_READ].astype(float)


def plot_usage(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Draw time and memory of the rules of `usage_table`, both on logarithmic scales, with what was asked for."""
    place = np.arange(len(table))
    with drawing(path, 11, 1.8 + 0.24 * len(table)) as figure:
        time, memory = figure.subplots(1, 2, sharey=True)
        bars = time.barh(place, table["total_s"], 0.7, color=BLUE, label="all jobs")
        time.plot(table["max_s"], place, "D", color=ORANGE, ms=5, label="longest job")
        time.bar_label(bars, [_duration(seconds) for seconds in table["total_s"]], padding=6, fontsize="small")
        time.set(xscale="log", xlabel="seconds")
        bars = memory.barh(place, table["max_mb"], 0.7, color=BLUE, label="largest job")
        memory.plot(table["asked_mb"], place, "|", color=GRAY, ms=12, mew=2.5, label="asked for")
        shares = ["" if np.isnan(share) else f"{share:.0%}" for share in table["memory_share"]]
        memory.bar_label(bars, shares, padding=6, fontsize="small")
        memory.set(xscale="log", xlabel="MB of resident memory")
        time.set_yticks(place, [f"{rule} ({jobs:,})" for rule, jobs in table["jobs"].items()])
        time.set_ylim(len(table) - 0.4, -0.6)
        for axes in (time, memory):
            axes.xaxis.set_major_formatter("{x:,g}")
            axes.grid(axis="y", visible=False)
            left, right = axes.get_xlim()
            axes.set_xlim(left, right * 2.5)  # room for the labels
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _duration(seconds: float) -> str:
    minutes = int(seconds) // 60
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60:.0f} s" if minutes else f"{seconds:.1f} s"
