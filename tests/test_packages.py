"""The library's packages: one a stage, which depend on each other in one direction."""

import re
import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow/kuzushiji"


def test_no_package_depends_on_one_that_depends_on_it():
    graph = grimp.build_graph("kuzushiji", cache_dir=None)
    packages = graph.find_children("kuzushiji")
    assert packages == {f"kuzushiji.{path.parent.name}" for path in LIBRARY.glob("*/__init__.py")}
    # A module of each package, in place of its modules, leaves a graph of packages alone.
    for package in packages:
        graph.squash_module(package)
    depends = {package: graph.find_modules_directly_imported_by(package) & packages for package in packages}
    while depends:
        free = {package for package, others in depends.items() if not others & depends.keys()}
        assert free, f"a circle among {', '.join(sorted(depends))}"
        depends = {package: others for package, others in depends.items() if package not in free}


def test_every_init_is_empty():
    """Whoever imports a module runs the `__init__` of its package: nothing in there may count for a result."""
    assert [path for path in LIBRARY.rglob("__init__.py") if path.read_bytes()] == []


def test_planning_imports_no_networks():
    """The rules are read at every start, and PyTorch takes longer to import than they do."""
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    modules = sorted(set(re.findall(r"(?m)^from (kuzushiji[\w.]*) import", rules)))
    assert "kuzushiji.detector.pretrained_detector" in modules
    code = f"import sys, {', '.join(modules)}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"torch", "torchvision", "timm", "mmdet", "lightgbm", "matplotlib"} & set(loaded)
