"""How long a run takes, by what its jobs took before, and a line now and then where there is no terminal to watch."""

import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from kuzushiji.common.errors import shortened
from kuzushiji.common.progress import EVERY


class Work(NamedTuple):
    """A job: its `kind` (rule and networks), pages (1 if it has none), share of the machine (0 to 1), and log file."""

    kind: str
    pages: int
    share: float
    log: str


def remembered(benchmarks: Iterable[tuple[str, int, Path]], shipped: Path) -> pd.DataFrame:
    """`kind`, `pages`, `seconds` of earlier jobs, of this machine, and of another in the file `shipped`.

    `benchmarks` are a kind, its pages, and a file that Snakemake's `benchmark` wrote; damaged ones do not count. Column
    `here` says of which machine a row is.
    """
    rows = []
    for kind, pages, file in benchmarks:
        try:
            rows.append((kind, pages, float(pd.read_csv(file, sep="\t")["s"].iloc[0])))
        except (OSError, ValueError, KeyError, IndexError):
            continue
    here = pd.DataFrame(rows, columns=["kind", "pages", "seconds"]).assign(here=True)
    return pd.concat([here, pd.read_csv(shipped).assign(here=False)], ignore_index=True)


def seconds_of(kind: str, pages: int, table: pd.DataFrame) -> float | None:
    """The seconds that a job of `kind` with so many `pages` takes, by `table` (`remembered`); None if it has none.

    By the one of this machine whose pages are nearest, and how jobs grow with their pages on the other machine.
    """
    same = table[table["kind"] == kind]
    here, elsewhere = same[same["here"]], same[~same["here"]].sort_values("pages")
    if here.empty:
        return None if elsewhere.empty else _grown(elsewhere, pages)
    nearest = here.loc[(here["pages"] - pages).abs().idxmin()]
    growth = here.loc[[nearest.name]] if elsewhere.empty else elsewhere
    return float(nearest["seconds"] * _grown(growth, pages) / _grown(growth, nearest["pages"]))


def _grown(times: pd.DataFrame, pages: int) -> float:
    """The seconds that so many pages take, by sorted `pages` and `seconds`: a line through these, and beyond.

    Fewer pages than the first take as long, since starting takes most of a short job. A single one grows in proportion.
    """
    counts, seconds = times["pages"].to_numpy(float), times["seconds"].to_numpy(float)
    if pages <= counts[-1]:
        return float(np.interp(pages, counts, seconds))
    if len(counts) == 1:
        return float(seconds[0] * pages / counts[0])
    slope = max(0.0, (seconds[-1] - seconds[-2]) / (counts[-1] - counts[-2]))
    return float(seconds[-1] + slope * (pages - counts[-1]))


def seconds_left(
    waiting: Iterable[Work], running: Iterable[tuple[Work, float]], table: pd.DataFrame
) -> tuple[float, list[str]]:
    """The seconds until all jobs are done, and the kinds of which it is not known.

    `running` jobs come with the seconds since they began. Jobs share the machine as their `share` says.
    """
    seconds, unknown = 0.0, set()
    for work, elapsed in [*((work, 0.0) for work in waiting), *running]:
        known = seconds_of(work.kind, work.pages, table)
        if known is None:
            unknown.add(work.kind)
        else:
            seconds += max(known - elapsed, 0) * work.share
    return seconds, sorted(unknown)


def in_words(seconds: float, unknown: Sequence[str]) -> str:
    """The time left, in words, which promise no more than is known."""
    minutes = max(1, round(seconds / 60))
    about = f"about {minutes} min" if minutes < 100 else f"about {round(minutes / 60)} h"
    if not unknown:
        return about
    return f"{about} and what {shortened(unknown)} will take, which ran here never before"


def progress_in(log: str) -> str:
    """The last record of `common.progress` in a job's log, in brackets; empty if there is none, or that is complete."""
    try:
        text = Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.findall(r"(?m)^[\d:]{8} (\S.*: [\d,]+ of [\d,]+ \(\d+%\), .* to go)$", text)
    return f" ({found[-1]})" if found and "(100%)" not in found[-1] else ""


def watch(
    jobs: Callable[[], tuple[Collection[Work], Collection[Work], Collection[Work]]],
    table: pd.DataFrame | None,
    every: float = EVERY,
) -> threading.Thread:
    """Write a line to the standard error every so many seconds, from the thread that is returned, until all is done.

    `jobs()` gives all jobs of the run, those that are done and those that run now. Without a `table` no time is said.
    """
    since: dict[Work, float] = {}

    def lines() -> None:
        while True:
            time.sleep(every)
            everything, done, running = jobs()
            if len(done) == len(everything):
                return
            now = time.monotonic()
            for work in running:
                since.setdefault(work, now)
            waiting = set(everything) - set(done) - set(running)
            said = f"{time.strftime('%H:%M:%S')} {len(done)} of {len(everything)} jobs done"
            if table is not None:
                left, unknown = seconds_left(waiting, [(work, now - since[work]) for work in running], table)
                said += f", {in_words(left, unknown)} to go"
            if running:
                said += "; at work: " + ", ".join(f"{work.kind}{progress_in(work.log)}" for work in sorted(running))
            print(said, file=sys.stderr, flush=True)

    thread = threading.Thread(target=lines, name="time_left", daemon=True)
    thread.start()
    return thread
