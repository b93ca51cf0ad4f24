"""How long a run takes, by what its jobs took before."""

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.time_left import Work, in_words, progress_in, remembered, seconds_left, seconds_of, watch

COLUMNS = ["kind", "pages", "seconds"]
SHIPPED = pd.DataFrame([("detect small", 2, 10.0), ("detect small", 20, 46.0), ("nms", 2, 1.0)], columns=COLUMNS)
TABLE = SHIPPED.assign(here=False)


@pytest.fixture
def shipped(tmp_path):
    file = tmp_path / "times.csv"
    SHIPPED.to_csv(file, index=False)
    return file


def benchmark(file, seconds):
    file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:05\t100\n")
    return file


def test_this_machine_counts_more_than_another(shipped, tmp_path):
    mine = benchmark(tmp_path / "0.tsv", 5.5)
    (tmp_path / "cut.tsv").write_text("s\th:m")
    files = [
        ("detect large", 3, mine),
        ("detect small", 2, mine),
        ("nms", 2, tmp_path / "cut.tsv"),
        ("nms", 2, tmp_path / "none.tsv"),
    ]
    table = remembered(files, shipped)
    # As fast as it was here, and as it grows there.
    assert [seconds_of("detect small", pages, table) for pages in (1, 2, 20)] == pytest.approx([5.5, 5.5, 5.5 * 4.6])
    assert seconds_of("detect large", 6, table) == 11  # in proportion
    assert seconds_of("nms", 2, table) == 1


def test_more_pages_take_longer_and_fewer_no_less():
    assert [seconds_of("detect small", pages, TABLE) for pages in (1, 2, 4, 20, 40)] == [10, 10, 14, 46, 86]
    assert [seconds_of("nms", pages, TABLE) for pages in (1, 2, 4)] == [1, 1, 2]
    assert seconds_of("detect large", 2, TABLE) is None


@given(st.lists(st.tuples(st.sampled_from(["detect small", "nms", "new"]), st.floats(0, 100)), max_size=5))
def test_what_has_run_long_leaves_less_and_never_less_than_nothing(elapsed):
    running = [(Work(kind, 2, 0.5, ""), seconds) for kind, seconds in elapsed]
    left, unknown = seconds_left([], running, TABLE)
    whole, _ = seconds_left([work for work, _ in running], [], TABLE)
    assert 0 <= left <= whole <= 5 * 10 * 0.5
    assert unknown == (["new"] if "new" in dict(elapsed) else [])


def test_words_promise_no_more_than_is_known():
    assert in_words(20, []) == "about 1 min"
    assert in_words(600, []) == "about 10 min"
    assert in_words(7500, []) == "about 2 h"
    assert in_words(600, ["a", "b"]) == "about 10 min and what a, b will take, which ran here never before"


def test_the_last_record_of_a_jobs_log_is_found(tmp_path):
    log = tmp_path / "job.log"
    assert progress_in(str(log)) == ""
    log.write_text(
        "12:00:00 loaded\n12:00:01 pages: 1 of 12 (8%), 02:00 to go\n12:00:31 pages: 3 of 12 (25%), 01:30 to go\n"
    )
    assert progress_in(str(log)) == " (pages: 3 of 12 (25%), 01:30 to go)"
    log.write_text(log.read_text() + "12:02:00 pages: 12 of 12 (100%), 00:00 to go\n12:02:00 writing\n")
    assert progress_in(str(log)) == ""  # it does something else


def said(capsys, lines):
    """The standard error, as soon as it has so many lines."""
    text = ""
    while text.count("\n") < lines:
        time.sleep(0.02)
        text += capsys.readouterr().err
    return text.splitlines()


def test_lines_follow_the_jobs_until_all_are_done(tmp_path, capsys):
    log = tmp_path / "job.log"
    log.write_text("12:00:01 pages: 1 of 12 (8%), 02:00 to go\n")
    detect, nms = Work("detect small", 20, 1, str(log)), Work("nms", 2, 0.5, "nms.log")
    done = []
    thread = watch(lambda: ([detect, nms], done, [detect]), TABLE, every=0.05)
    for line in said(capsys, 2):
        assert line[8:].startswith(" 0 of 2 jobs done, about 1 min to go; at work: detect small (pages: 1 of 12 (8%)")
    done += [detect, nms]
    thread.join()


def test_what_another_executor_runs_is_counted_only(capsys):
    done = []
    thread = watch(lambda: ([Work("nms", 2, 1, "")], done, []), None, every=0.05)
    assert said(capsys, 1)[0][8:] == " 0 of 1 jobs done"
    done.append(Work("nms", 2, 1, ""))
    thread.join()
