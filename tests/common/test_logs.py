import subprocess
import sys

import pytest

SCRIPT = """
import sys
from torch.utils.data import DataLoader, Dataset
from kuzushiji.common.errors import InputError
from kuzushiji.common.logs import log_to

class Pages(Dataset):
    def __len__(self):
        return 1
    def __getitem__(self, index):
        raise KIND("page 7: no such box; mend it")

log_to(sys.argv[1])
print("working")
list(DataLoader(Pages(), num_workers=WORKERS))
"""


def run(tmp_path, kind, workers, text="; mend it"):
    script = SCRIPT.replace("KIND", kind).replace("; mend it", text).replace("WORKERS", str(workers))
    return subprocess.run([sys.executable, "-c", script, tmp_path / "log"], capture_output=True, text=True)


@pytest.mark.parametrize("workers", [0, 1])
def test_bad_input_is_one_line_even_from_a_loader(tmp_path, workers):
    done = run(tmp_path, "InputError", workers)
    assert done.returncode and not done.stdout
    assert done.stderr == "Error: page 7: no such box; mend it\n"
    log = (tmp_path / "log").read_text()
    assert "working" in log and log.endswith("Error: page 7: no such box; mend it\n") and "in __getitem__" in log


@pytest.mark.parametrize("workers", [0, 1])
def test_instructions_of_several_lines_are_shown_whole(tmp_path, workers):
    done = run(tmp_path, "InputError", workers, text="\\n  1. look\\n  2. mend it")
    assert done.stderr == "Error: page 7: no such box\n  1. look\n  2. mend it\n"


CAUSED = """
import sys
from kuzushiji.common.errors import InputError
from kuzushiji.common.logs import log_to

log_to(sys.argv[1])
try:
    {}["charset"]
except KeyError as error:
    raise InputError("a.pth: is damaged") from error
"""


def test_the_log_has_the_cause_of_bad_input(tmp_path):
    done = subprocess.run([sys.executable, "-c", CAUSED, tmp_path / "log"], capture_output=True, text=True)
    assert done.stderr == "Error: a.pth: is damaged\n"
    assert "KeyError: 'charset'" in (tmp_path / "log").read_text()


def test_a_defect_is_named_and_its_traceback_is_in_the_log(tmp_path):
    done = run(tmp_path, "KeyError", 0)
    assert done.returncode
    assert done.stderr.startswith("Error: KeyError: ") and str(tmp_path / "log") in done.stderr
    assert "Traceback" in (tmp_path / "log").read_text()
