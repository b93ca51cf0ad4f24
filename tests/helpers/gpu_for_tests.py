"""Tests of GPUs, which are plain functions without arguments: pytest runs them, and so does Python alone."""

import contextlib
import functools
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden"
# What was measured: name → value and unit.
FIGURES: dict[str, tuple[float, str]] = {}


def figure(name: str, value: float, unit: str) -> None:
    """Note a figure for the table at the end, and say it at once: the run may be cut off."""
    FIGURES[name] = value, unit
    print(f"{name}: {value:.4g} {unit}", flush=True)


def table() -> list[str]:
    """The figures as lines, with the machine they are of."""
    if not FIGURES:
        return []
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    lines = [f"figures of {name}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads:"]
    return lines + [f"  {name:<64} {value:>10.4g} {unit}" for name, (value, unit) in FIGURES.items()]


def run(tests: dict) -> None:
    """Run the tests among these global names, one after the other, and print the figures; ends the process."""
    if not torch.cuda.is_available():
        print("no GPU: skipped")
        sys.exit(0)
    failed = []
    for name, test in tests.items():
        if name.startswith("test_"):
            start = time.monotonic()
            try:
                test()
            except Exception:
                traceback.print_exc()
                failed.append(name)
            print(f"{'FAILED' if name in failed else 'passed'} {name} ({time.monotonic() - start:.1f} s)", flush=True)
    print(*table(), sep="\n")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


@functools.cache
def folder() -> Path:
    """A folder of this process for the tests' files."""
    return Path(tempfile.mkdtemp(prefix="kuzushiji-gpu-"))


def seconds(work, *arguments) -> float:
    """The time that this takes, its kernels on the GPU included."""
    synchronize()
    start = time.perf_counter()
    work(*arguments)
    synchronize()
    return time.perf_counter() - start


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


@contextlib.contextmanager
def peak(name: str) -> Iterator[None]:
    """Note the most memory of the GPU that is in use within the block."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    yield
    if torch.cuda.is_available():
        figure(f"{name}, peak memory", torch.cuda.max_memory_allocated() / 1e9, "GB")


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """A block without TF32, in which convolutions and products are float32 to the last bits."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@contextlib.contextmanager
def on_cpu() -> Iterator[None]:
    """A block in which the library finds no GPU."""
    available, torch.cuda.is_available = torch.cuda.is_available, lambda: False
    try:
        yield
    finally:
        torch.cuda.is_available = available


def matched(boxes, scores, others, other_scores, iou: float = 0.8, score: float = 0.02) -> float:
    """The share of the boxes of both that have a partner in the other, with this overlap and a score so near."""
    from torchvision.ops import box_iou

    # A pixel wider: legacy boxes may have no area.
    boxes, others = (torch.tensor(part, dtype=torch.float32) + torch.tensor([0, 0, 1, 1]) for part in (boxes, others))
    near = box_iou(boxes, others) >= iou
    near &= (torch.as_tensor(scores)[:, None] - torch.as_tensor(other_scores)).abs() <= score
    return (near.any(1).sum() + near.any(0).sum()).item() / (len(boxes) + len(others))
