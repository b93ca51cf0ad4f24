import pytest
import torch
from gpu_for_tests import table


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if "gpu" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="no GPU: the CPU is tested by all other tests"))


def pytest_terminal_summary(terminalreporter):
    for line in table():
        terminalreporter.write_line(line)
