"""What Snakemake plans for the classifier of books, without running it."""

import pytest
import yaml
from conftest import ROOT, planned, snakemake
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

OWN = {"title_crops", "title_folds", "title_classifier", "titles"}


def plan(checkout, *arguments):
    return planned(snakemake("--dry-run", "--profile", "profiles/demo", *arguments, cwd=checkout))


def test_a_page_sets_titles_take_what_trains_them_and_nothing_of_the_characters(checkout):
    jobs = plan(checkout, "results/titles/test.csv", "results/titles/val/books.csv")
    assert {rule: jobs[rule] for rule in OWN} == {
        "title_crops": 1,
        "title_folds": 1,
        "title_classifier": 1,
        "titles": 2,
    }
    assert jobs.keys() - OWN == {"synthetic", "pages", "view", "denoise"}


def test_nothing_else_depends_on_them(checkout):
    assert not plan(checkout).keys() & OWN


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"holdout": 1}, "1 is greater than or equal to the maximum"),
        ({"size": 0}, "0 is less than the minimum"),
        ({"classifier": {"validation_book": "brsk"}}, "validation_book"),
        ({"classifier": {"mixing": {"method": "cutmix"}}}, "cutmix"),
        ({"classifier": {"crop_scale": [0.9]}}, "too short"),
        ({"reading": {"padding": 0.1}}, "padding"),
    ],
)
def test_a_mistake_in_the_settings_is_named(change, message):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    schema = str(ROOT / "workflow/schemas/config.schema.yaml")
    validate(config, schema)
    update_config(config, {"titles": change})
    with pytest.raises(WorkflowError, match=message):
        validate(config, schema)
