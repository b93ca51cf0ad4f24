import logging
import re

import pytest

from kuzushiji.common import progress
from kuzushiji.common.progress import Progress


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def test_records_say_how_far_and_how_long(said, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0)
    with Progress(2000, "pages") as pages:
        for _ in range(4):
            pages.update(500)
    assert [re.fullmatch(r"pages: (\S+) of 2,000 \((\d+)%\), [\d:]+ to go", line).groups() for line in said()] == [
        ("500", "25"),
        ("1,000", "50"),
        ("1,500", "75"),
        ("2,000", "100"),
    ]


def test_what_was_done_before_is_counted_but_says_nothing(said, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0)
    with Progress(10, "trials", done=9) as trials:
        assert said() == []
        trials.update()
    assert said() == ["trials: 10 of 10 (100%), 00:00 to go"]


def test_of_many_steps_few_are_told_and_always_the_last(said, capsys):
    with Progress(500, "steps") as steps:
        for _ in range(500):
            steps.update()
    assert said() == ["steps: 500 of 500 (100%), 00:00 to go"]
    assert capsys.readouterr() == ("", "")


def test_a_failure_leaves_how_far_it_came(said):
    with pytest.raises(KeyError), Progress(10, "pages") as pages:
        pages.update(3)
        raise KeyError
    assert said()[-1].startswith("pages: 3 of 10 (30%)")


def test_only_the_first_process_tells_and_nothing_of_nothing(said):
    with Progress(10, "steps", first=False) as steps:
        steps.update(10)
    with Progress(0, "boxes"):
        pass
    assert said() == []
