"""A summary of a run in a few lines: `python -m kuzushiji.evaluate.summary results`."""

import json
import sys
from pathlib import Path

from kuzushiji.common.errors import InputError


def summary(results: Path) -> str:
    """The scores of every page set evaluated under `results`, and the paths of its results.

    Raises `InputError` if nothing was evaluated.
    """
    lines = []
    for path in sorted(results.glob("*/metrics/*.json")):
        metrics = json.loads(path.read_text())
        scores = list(metrics["stages"].values())[-1]
        lines.append(
            f"{path.stem}, {path.parents[1].name} round: F1 {scores['f1']:.3f} "
            f"(precision {scores['precision']:.3f}, recall {scores['recall']:.3f}) "
            f"on {metrics['pages']} pages with {metrics['characters']} characters"
        )
        lines += [
            f"  books {which} in training: F1 {score['f1']:.3f} on {score['count']} characters"
            for which, score in metrics["training"].items()
        ]
        lines += [f"  book {book}: F1 {score['f1']:.3f}" for book, score in metrics["books"].items()]
        for kind in ("overlays", "text"):
            folder = path.parents[1] / kind / path.stem
            if folder.is_dir():
                lines.append(f"  {kind} {folder}")
        viewer = path.parents[1] / "viewer" / f"{path.stem}.html"
        if viewer.exists():
            lines.append(f"  viewer {viewer}: open it in a browser")
    if not lines:
        raise InputError(f"{results}: holds no scores; run `snakemake evaluate` first")
    for name, what in {"final_submission.csv": "submission", "report.html": "report"}.items():
        if (results / name).exists():
            lines.append(f"{what} {results / name}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(summary(Path(sys.argv[1])))
