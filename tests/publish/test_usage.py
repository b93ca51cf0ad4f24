import pandas as pd
import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.publish.usage import plot_usage, usage_table

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
ASKED = {name: {"mem_mb": 1000, "threads": 4} for name in ("detect", "nms", "view")}


@pytest.fixture
def benchmarks(tmp_path):
    """Files as Snakemake writes them, of two jobs, of one, and of one that was over at once."""
    rows = {
        "detect/0": "100.0\t0:01:40\t300.5\t9\t9\t9\t9\t9\t150.0\t150.0",
        "detect/1": "20.0\t0:00:20\t800.0\t9\t9\t9\t9\t9\t50.0\t30.0",
        "nms/0": "2.5\t0:00:02\t100.0\t9\t9\t9\t9\t9\t100.0\t2.5",
        "view/0": "0.1\t0:00:00\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA",
    }
    found = {}
    for name, row in rows.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + row + "\n")
        found.setdefault(path.parent.name, []).append(path)
    return found


def test_jobs_are_added_up_by_rule_the_longest_first(benchmarks):
    table = usage_table(dict(reversed(benchmarks.items())), ASKED)
    assert table.index.tolist() == ["detect", "nms", "view"]
    detect = table.loc["detect"]
    assert detect[["jobs", "total_s", "mean_s", "max_s"]].tolist() == [2, 120, 60, 100]
    assert detect[["max_mb", "asked_mb", "memory_share"]].tolist() == [800, 1000, 0.8]
    assert detect[["cpus", "threads"]].tolist() == [1.5, 4]


def test_of_a_job_that_was_over_at_once_the_time_is_told(benchmarks):
    view = usage_table(benchmarks, ASKED).loc["view"]
    assert view["total_s"] == 0.1
    assert view[["max_mb", "memory_share", "cpus"]].isna().all()


def test_another_file_is_named(tmp_path):
    (tmp_path / "wrong.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(InputError, match=r"wrong\.tsv: is no benchmark .* lacks cpu_time, max_rss, s"):
        usage_table({"nms": [tmp_path / "wrong.tsv"]}, ASKED)


def test_the_figure_names_rules_durations_and_shares(benchmarks, tmp_path):
    plot_usage(usage_table(benchmarks, ASKED), tmp_path / "usage.svg")
    drawn = (tmp_path / "usage.svg").read_text()
    for text in ("detect (2)", "nms (1)", "2 min 0 s", "2.5 s", "80%", "10%"):
        assert f">{text}<" in drawn


def test_hours_are_told_as_hours(tmp_path):
    table = pd.DataFrame(
        {"jobs": [1], "total_s": [7380.0], "max_s": [7380.0], "max_mb": [10.0], "asked_mb": [20]}, ["a"]
    )
    plot_usage(table.assign(memory_share=0.5), tmp_path / "usage.svg")
    assert ">2 h 3 min<" in (tmp_path / "usage.svg").read_text()
