"""What Snakemake plans for the classifier of books, without running it."""

import pytest
import yaml
from conftest import ROOT, planned, snakemake
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

OWN = {"book_crops", "book_folds", "book_classifier", "nearest_books"}


def plan(checkout, *arguments):
    return planned(snakemake("--dry-run", "--profile", "profiles/demo", *arguments, cwd=checkout))


def test_the_nearest_books_take_what_trains_them_and_nothing_of_the_characters(checkout):
    jobs = plan(checkout, "results/book_classifier/test.csv", "results/book_classifier/val/books.csv")
    assert {rule: jobs[rule] for rule in OWN} == {
        "book_crops": 1,
        "book_folds": 1,
        "book_classifier": 1,
        "nearest_books": 2,
    }
    assert jobs.keys() - OWN == {"synthetic", "pages", "subset", "denoise"}


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
    update_config(config, {"book_classifier": change})
    with pytest.raises(WorkflowError, match=message):
        validate(config, schema)
