import subprocess
import sys

import pytest

FAILS = """
import numpy as np, torch
from torch.utils.data import Dataset
from kuzushiji.classifier.loader import Loader

class Numbers(Dataset):
    def __getitem__(self, task):
        return torch.zeros(2)

loader = Loader(Numbers(), 2)  # kept, as a traceback keeps it
batches = loader.read([(np.arange(2), None)] * 100)
next(batches)
{end}
"""


@pytest.mark.parametrize("end, code", [("raise MemoryError", 1), ("raise SystemExit(75)", 75), ("", 0)])
def test_a_job_ends_however_it_ends_while_processes_load_its_data(end, code):
    job = subprocess.run([sys.executable, "-c", FAILS.format(end=end)], capture_output=True, text=True, timeout=120)
    assert job.returncode == code
    assert ("MemoryError" in job.stderr) == (code == 1)
    assert "DataLoader worker" not in job.stderr and "atexit" not in job.stderr
