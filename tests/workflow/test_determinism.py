"""The same inputs and settings give the same bytes."""

from pathlib import Path

import pandas as pd
from conftest import copy_checkout, run_miniature

from kuzushiji.common.files import checksum

# What says when and how fast something was made, or is kept to resume from.
OF_THE_RUN = {"benchmarks", "logs", "state", "provenance", "tensorboard", "losses.csv", "history.csv"}


def contents(results: Path) -> dict[str, str]:
    """The checksum of every file that tells of pages and networks, not of the run."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and not path.name.startswith(".") and not OF_THE_RUN & set(name.parts):
            found[str(name)] = checksum(path)
    return found


def test_two_runs_give_the_same_bytes(request, tmp_path):
    again = copy_checkout(tmp_path / "checkout")
    run_miniature(cwd=again)
    miniature = request.getfixturevalue("miniature")  # which another process may have made meanwhile
    first, second = contents(miniature.checkout / "results"), contents(again / "results")
    assert first.keys() == second.keys()
    assert {Path(name).suffix for name in first} >= {".parquet", ".csv", ".pth", ".txt", ".html", ".xml", ".jpg"}
    different = [name for name in first if first[name] != second[name]]
    assert not [name for name in different if Path(name).suffix in (".parquet", ".csv", ".arrow", ".txt", ".jsonl")]
    assert different == []
    assert not pd.read_csv(again / "results/final_submission.csv").empty
