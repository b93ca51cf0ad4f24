"""The library's packages: one a stage, which depend on each other in one direction."""

from pathlib import Path

import grimp

LIBRARY = Path(__file__).parents[1] / "workflow/kuzushiji"


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
