import os
import subprocess
import sys
from pathlib import Path

# The tests compare bits, which the CPU alone gives again (tests/gpu has tolerances). Before PyTorch looks.
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import hypothesis
import pytest
import torch
from hub_for_tests import hub  # noqa: F401 (a fixture)
from library_for_tests import library  # noqa: F401 (a fixture)
from xdist.scheduler import LoadScopeScheduling

# Files whose tests use a fixture of the session that costs minutes: they stay in one of pytest-xdist's processes.
SHARING = dict.fromkeys(("test_viewer_browser", "test_viewer_corrections", "test_viewer_missing_labels"), "browser")

# Files that take minutes, in the order in which they begin, before all others: so none is left alone at the end. Those
# that share a browser wait for it for half of their time, beside others that wait for nothing.
LONG = ("test_staleness", "test_plan", *SHARING, "test_reading", "test_published", "test_miniature", "test_determinism")
LONG += ("test_classifier", "test_detector", "test_small", "test_declared")

# Shared machines are slow at times: no test fails of that.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")

HOLD = """
import sys, time
from pathlib import Path
from kuzushiji.common.state import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))


class ByFile(LoadScopeScheduling):
    """Gives each process whole files, and files that share a fixture together, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return SHARING.get(Path(file).stem, file)


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


@pytest.fixture
def hold():
    """A function that lets another process hold the lock of a folder, and returns that process."""
    holders = []

    def start(folder: Path) -> subprocess.Popen:
        holder = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE)
        holders.append(holder)
        assert holder.stdout.readline() == b"held\n"
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.wait()


@pytest.fixture(scope="module")
def one_thread():
    """So small networks only wait for their threads; also, equal numbers of them give equal sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def browsers():
    """The headless browsers that tests have started, by name."""
    started = {}
    yield started
    for driver in started.values():
        driver.quit()


@pytest.fixture
def driver(request, browsers, tmp_path_factory):
    """Headless Chromium, or the browser that `IN_EVERY_BROWSER` names."""
    from browser_for_tests import start

    name = getattr(request, "param", "chromium")
    if name not in browsers:
        browsers[name] = start(name, tmp_path_factory.mktemp(name))
    return browsers[name]


@pytest.fixture(scope="session")
def viewer_page(tmp_path_factory):
    from viewer_for_tests import make_viewer

    return make_viewer(tmp_path_factory.mktemp("mine"))


@pytest.fixture
def viewer(driver, viewer_page, tmp_path):
    """The page set of viewer_for_tests."""
    from browser_for_tests import opened

    with opened(driver, viewer_page, tmp_path) as viewer:
        yield viewer
