"""What Snakemake plans, without running it."""

import re
import shutil
import subprocess
import zipfile

import pytest
import yaml
from conftest import planned, snakemake
from PIL import Image
from synthetic_for_tests import STYLE

from kuzushiji.common.stages import STAGES
from kuzushiji.common.tables import read_table
from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.manifest import manifest_path

BOOKS = ["brsk", "200014740", "200003967", "200006663", "200003076", "200015779", "hnsd", "umgy", "100241706"]


@pytest.fixture
def competition(checkout):
    """The competition's folders with as many pages as it has; planning opens none."""
    folder = checkout / "resources" / "competition"
    for name, count in {"train_images": 3881, "test_images": 4150}.items():
        (folder / name).mkdir(parents=True)
        for page in range(count):
            (folder / name / f"{BOOKS[page % len(BOOKS)]}_{name[:5]}{page:05d}.jpg").touch()
    (folder / "train.csv").touch()
    return checkout


def test_the_full_scale_workflow_plans_every_stage_in_chunks(competition):
    first = planned(snakemake("--dry-run", "--cores", "2", "--config", "round=first", cwd=competition))
    assert first["denoise"] == 128
    assert first["detect"] == 2 * 2 * 64
    assert first["classify"] == 2 * 2 * 5 * 64
    assert (first["detector"], first["classifier"], first["folds"]) == (1, 5, 2)
    assert first["final_submission"] == first["booster"] == first["tune"] == 1
    # The detector's ImageNet weights, and those of the two architectures that four classifiers share.
    assert (first["pretrained_detector"], first["pretrained_classifier"]) == (1, 2)
    assert "pseudo_labels" not in first
    # The published system trains its classifiers three times, and reads with the first and the last.
    jobs = planned(snakemake("--dry-run", "--cores", "2", cwd=competition))
    assert jobs["classifier"] == 3 * first["classifier"]
    assert jobs["classify"] == 2 * first["classify"] and jobs["booster"] == 2
    assert (jobs["pseudo_labels"], jobs["pseudo_crops"]) == (1, 64)
    assert (jobs["detector"], jobs["detect"]) == (1, first["detect"])


def test_imagenet_weights_that_are_here_are_not_fetched(competition):
    folder = competition / "resources/pretrained"
    folder.mkdir()
    for name in ("resnet101_msra-6cc46731.pth", "resnet152.safetensors"):
        (folder / name).touch()
    jobs = planned(snakemake("--dry-run", "--cores", "2", "--config", "round=first", cwd=competition))
    assert "pretrained_detector" not in jobs and jobs["pretrained_classifier"] == 1
    shallow = ["--config", "detector_trainings={faster_rcnn: {model: {depth: 18}}}"]
    run = snakemake("--dry-run", "--cores", "2", *shallow, cwd=competition, check=False)
    assert "there are no ImageNet weights for 18; choose 50 or 101" in run.stdout + run.stderr


def test_the_slurm_profile_plans_the_same_jobs(competition):
    local = planned(snakemake("--dry-run", "--cores", "2", cwd=competition))
    assert planned(snakemake("--dry-run", "--profile", "slurm", cwd=competition)) == local


def test_a_sites_type_of_gpu_reaches_every_rule_that_uses_one_and_no_other(competition):
    """The commented lines of the profile, as a site uncomments them."""
    path = competition / "profiles/slurm/config.yaml"
    path.write_text(re.sub(r"(?m)^( +)# (\w+: (?:&gpu .*|\*gpu|a100))$", r"\1\2", path.read_text()))
    chosen = yaml.safe_load(path.read_text())["set-resources"]
    using = {
        rule
        for file in (competition / "workflow/rules").glob("*.smk")
        for rule, body in re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text())
        if re.search(r"(?m)^ +gpu=\d", body)  # not denoise, which does with engine torch alone
    }
    assert {rule: resources["gpu_model"] for rule, resources in chosen.items()} == dict.fromkeys(using, "a100")
    default = competition / "profiles/default/config.yaml"
    default.write_text(default.read_text().replace("logger: rich", ""))  # Snakemake's own tells the jobs' resources
    run = snakemake("--dry-run", "--profile", "slurm", cwd=competition)
    described = re.findall(r"(?ms)^rule (\w+):.*?^    resources: (.*?)$", run.stdout)
    assert {rule for rule, resources in described if "gpu_model=a100" in resources} == using & set(dict(described))
    assert "detector" in dict(described)


def test_the_demo_plans_from_a_fresh_checkout(checkout):
    jobs = planned(snakemake("--dry-run", "--profile", "profiles/demo", cwd=checkout))
    assert jobs["synthetic"] == 2
    assert jobs["classifier"] == 5
    assert jobs["gather_predictions"] == 20


def test_drawn_pages_follow_the_made_up_hands_that_their_books_name(checkout):
    """From an archive that lies there; without one it is fetched, once for all hands."""
    settings = yaml.safe_load((checkout / "profiles/demo/settings.yaml").read_text())["page_sets"]["drawn_test"]
    drawn = settings["synthetic"] | {"width": 320, "height": 448, "codepoints": 2, "style": STYLE, "random_share": 1}
    drawn["books"] = {"hana": {"pages": 1, "font": "brisk"}}
    hand = {"seed": 1, "smoothing": 2, "joined": 0.5, "width": 7, "dropped": 0}
    hands = {"brisk": hand, "other": hand}
    (checkout / "charset.txt").write_text("二十")
    changes = {"page_sets": {"mine": {"synthetic": drawn | {"charset": "charset.txt"}}}, "hands": hands}
    run = ["--cores", "2", "--configfile", "mine.yaml"]
    (checkout / "mine.yaml").write_text(yaml.safe_dump(changes))
    labels = checkout / "results/synthetic/mine/labels.csv"
    target = ["--", "results/synthetic/mine/labels.csv"]
    assert planned(snakemake("--dry-run", *run, *target, cwd=checkout)) == {"strokes": 1, "hand": 1, "synthetic": 1}
    (checkout / "resources/strokes").mkdir()
    with zipfile.ZipFile(checkout / "resources/strokes/kanjivg.zip", "w") as archive:
        for character, lines in {"二": ["M25,35H85", "M15,80H95"], "十": ["M15,50H95", "M55,15V100"]}.items():
            paths = (f'<path id="kvg:x-s{number}" d="{line}"/>' for number, line in enumerate(lines, start=1))
            archive.writestr(f"kanji/{ord(character):05x}.svg", f"<svg>{''.join(paths)}</svg>")
    snakemake(*run, *target, cwd=checkout)
    (row,) = read_labels(labels)[0].values()
    assert {codepoint for codepoint, *_ in row} == {"U+4E8C", "U+5341"}
    assert planned(snakemake("--dry-run", *run, *target, cwd=checkout)) == {}
    hand["joined"] = 1
    (checkout / "mine.yaml").write_text(yaml.safe_dump(changes))
    assert planned(snakemake("--dry-run", *run, *target, cwd=checkout)) == {"hand": 1, "synthetic": 1}


def test_the_demo_leaves_results_of_other_networks_alone(checkout):
    """It runs in a directory of its own, with the checkout's fonts, and the scans that its configuration names."""
    target = "results/pages/test.parquet"
    snakemake("--profile", "profiles/demo", "--", target, cwd=checkout)
    assert (checkout / "demo" / target).exists()
    assert not (checkout / "results").exists()
    (checkout / "scans").mkdir()
    (checkout / "scans/page.png").touch()
    mine = ["--config", "page_sets={mine: {images: scans}}", "--", "results/pages/mine.parquet"]
    assert planned(snakemake("--profile", "profiles/demo", "--dry-run", *mine, cwd=checkout)) == {"pages": 1}


def test_scans_that_cannot_be_used_stop_a_run_at_its_start(checkout):
    (checkout / "scans").mkdir()
    Image.effect_noise((480, 672), 40).save(checkout / "scans/good.jpg")
    for name in ("cut_1.jpg", "cut_2.jpg"):
        (checkout / "scans" / name).write_bytes((checkout / "scans/good.jpg").read_bytes()[:2000])
    mine = ["--config", "page_sets={mine: {images: scans}}", "--", "results/first/text/mine"]
    run = snakemake("--profile", "profiles/demo", *mine, cwd=checkout, check=False)
    assert run.returncode
    assert all(f"../scans/{name}: is truncated" in run.stdout + run.stderr for name in ("cut_1.jpg", "cut_2.jpg"))
    assert not (checkout / "demo/results/denoised").exists()


def test_own_scans_that_cannot_be_read_are_left_out_and_those_mended_or_added_are_read_alone(checkout):
    scans = checkout / "scans"
    scans.mkdir()
    Image.effect_noise((480, 672), 40).save(scans / "good.jpg")
    (scans / "cut.jpg").write_bytes((scans / "good.jpg").read_bytes()[:2000])
    made = ["results/pages/scans_unreadable.csv", "results/pages/scans.parquet", "results/denoised/scans/0"]
    run = snakemake(*READ, "--", *made, cwd=checkout)
    assert re.search(r"left out \(1\).*\n  cut.jpg: is truncated", run.stdout)
    assert "cut.jpg,is truncated" in (checkout / made[0]).read_text(encoding="utf-8")
    assert list(read_table(checkout / made[1], "pages")["image_id"]) == ["good"]
    assert [path.name for path in (checkout / made[2]).glob("*.png")] == ["good.png"]
    shutil.copy(scans / "good.jpg", scans / "cut.jpg")
    made += ["results/denoised/scans/1"]
    jobs = planned(snakemake(*READ, "--dry-run", "--", *made, cwd=checkout))
    assert jobs == {"unreadable": 1, "pages": 1, "denoise": 1}
    snakemake(*READ, "--", *made, cwd=checkout)
    for number in range(31):  # as many as were two chunks from the beginning
        shutil.copy(scans / "good.jpg", scans / f"added_{number}.jpg")
    made += ["results/denoised/scans/2"]
    assert planned(snakemake(*READ, "--dry-run", "--", *made, cwd=checkout)) == {"pages": 1, "denoise": 1}


def test_a_folder_is_read_by_the_name_that_was_typed(checkout):
    """By the run and its jobs, whatever YAML, `repr` and a shell would make of it; a folder of the other name waits."""
    for name in ("it's　#3 `touch x` $y", "it's"):
        (checkout / name).mkdir()
        Image.effect_noise((48, 67), 40).save(checkout / name / f"{len(name)}.jpg")
    table = "results/pages/it_s_3_touch_x_y.parquet"
    read = ["--profile", "profiles/read", "--config", "read=it's　#3 `touch x` $y"]
    snakemake(*read, "--", table, cwd=checkout)
    assert list(read_table(checkout / table, "pages")["image_id"]) == [str(len("it's　#3 `touch x` $y"))]
    assert not (checkout / "x").exists()


def test_a_killed_run_of_another_directory_is_not_taken_up(checkout):
    """Its jobs would not be found in the queue, and write on."""
    command = ["bash", "slurm/resume.sh", "--directory", "trials/wide"]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert run.returncode and "give an experiment a clone" in run.stderr


def test_make_says_where_it_works(checkout, monkeypatch):
    """Profiles name files by PWD, which `make -C` itself leaves as it was."""
    monkeypatch.setenv("PWD", "/")
    command = ["make", "--silent", "-C", checkout, "--eval", "where:\n\tprintenv PWD", "where"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == f"{checkout}\n"


def test_make_passes_on_what_was_typed(checkout):
    """With a command in the place of Snakemake that notes its arguments."""
    odd = """it's "a" $b $(touch x) `touch x` #3 ${HOME}  'q'"""
    (checkout / odd / "results").mkdir(parents=True)
    program = checkout / "bin/snakemake"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\" > said\n")
    program.chmod(0o755)
    (checkout / ".venv").mkdir()
    (checkout / ".venv/installed").touch()

    def said(target, **variables):
        old = ["-o", ".venv/installed", "-o", "resources/fonts/.fetched"]
        given = [f"{name}={value}" for name, value in variables.items()]
        command = ["make", "--silent", *old, "BIN=bin", target, *given]
        subprocess.run(command, cwd=checkout, check=True, capture_output=True)
        assert not (checkout / "x").exists()
        return (checkout / "said").read_text().split("\0")[:-1]

    assert said("read") == ["--profile", "profiles/read", "--config", "read=resources/samples", "--", "read"]
    read = ["--profile", "profiles/read", "--directory", odd, "--config", f"read={odd}", "round=small", "--", "read"]
    assert said("read", IMAGES=odd, MODELS=odd, WEIGHTS="small") == read
    quick = ["--profile", "profiles/read", "--configfile", "profiles/read/quick.yaml", "--config"]
    assert said("read", WEIGHTS="published", QUICK="1")[: len(quick)] == quick
    address = "https://library.example/manifest.json?a=1&b=2#x"
    some = ["--profile", "profiles/read", "--config", f"read={address}", "page_range=1,3-", "--", "read"]
    assert said("read", IMAGES=address, PAGES="1,3-") == some
    adapt = ["--profile", "profiles/adapt", "--directory", "adapted", "--config", f"read={odd}", f"adapt={odd}"]
    assert said("adapt", IMAGES=odd, LABELS=odd) == [*adapt, "--", "adapt"]
    with pytest.raises(subprocess.CalledProcessError) as error:
        said("read", MODELS="none")
    assert b"none: holds no results of a run" in error.value.stderr


def test_an_experiment_may_have_a_directory_of_its_own(competition):
    apart = planned(snakemake("--dry-run", "--cores", "2", "--directory", "trials/wide", cwd=competition))
    assert apart == planned(snakemake("--dry-run", "--cores", "2", cwd=competition))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("nms={iou: 3}", "3 is greater than the maximum"),
        ("nms={overlap: 0.3}", "--config: nms: overlap: there is no such key; known are iou"),
        ("page_sets={mine: {images: there, of: [train]}}", "mine"),
        (
            "detectors={'060000': {training: none, iteration: 1}}",
            "detectors: 060000: training: there is no none; choose faster_rcnn",
        ),
        ("detection={precision: float8}", "float8"),
        ("detectors={small: {training: faster_rcnn, iteration: 1}}", "there are two called small"),
        ("weights=published", "weights: is no key any more; `round: published` reads"),
        ("round=second", "'second' is not one of"),
        ("detector_trainings={faster_rcnn: {model: none.py}}", "none.py: cannot be read as a configuration of mmdet's"),
        ("page_sets={mine: {of: [train], transcriptions: texts.csv}}", "mine"),
        ("annotations={granularity: [word]}", "word"),
        ("detect={mode: slow}", "detect: mode: there is no slow; choose full or fast"),
        ("training=competition_test", "training: the page set competition_test needs `labels`"),
    ],
)
def test_a_mistake_in_the_configuration_stops_before_anything_is_planned(checkout, change, message):
    run = snakemake("--dry-run", "--cores", "1", "--config", change, cwd=checkout, check=False)
    assert run.returncode
    assert message in run.stdout + run.stderr


def test_a_missing_folder_of_scans_is_named(checkout):
    run = snakemake(
        "--dry-run",
        "--cores",
        "1",
        "--config",
        "page_sets={mine: {images: my/scans}}",
        "--",
        "results/first/text/mine",
        cwd=checkout,
        check=False,
    )
    assert run.returncode
    assert "my/scans: there is no such folder of page images" in run.stdout + run.stderr


def test_text_is_measured_where_it_is_known(checkout):
    scans = checkout / "scans"
    scans.mkdir()
    (scans / "page.png").touch()
    (checkout / "texts.csv").write_text("image_id,text\npage,い\n")
    plan = ["--dry-run", "--profile", "profiles/demo", "--config"]
    target = ["--", "results/first/text_metrics/mine.csv"]
    without = snakemake(*plan, "page_sets={mine: {images: scans}}", *target, cwd=checkout, check=False)
    assert without.returncode
    assert "mine needs `transcriptions`" in without.stdout + without.stderr
    mine = "page_sets={mine: {images: scans, transcriptions: texts.csv}}"
    assert planned(snakemake(*plan, mine, *target, cwd=checkout))["text_metrics"] == 1
    # `evaluate` measures the text of what is recognized: drawn pages' and transcribed ones'.
    jobs = planned(snakemake(*plan, mine, "recognize=[test, mine]", "--", "evaluate", cwd=checkout))
    assert jobs["text_metrics"] == 2


def test_every_page_set_that_is_read_gets_its_provenance(checkout):
    (checkout / "scans").mkdir()
    (checkout / "scans/page.png").touch()
    sets = "page_sets={mine: {images: scans}, both: {of: [mine, test]}}"
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", sets, "recognize=[test, mine, both]"]
    jobs = planned(snakemake(*plan, "--", "recognize", cwd=checkout))
    assert jobs["provenance"] == jobs["submission"] == 3


def test_aligned_labels_are_made_for_the_page_set_that_has_them(checkout):
    scans = checkout / "scans"
    scans.mkdir()
    (scans / "page.png").touch()
    (checkout / "texts.csv").write_text("image_id,text\npage,い\n")
    mine = "mine: {images: scans, transcriptions: texts.csv}"
    learnt = "learnt: {images: scans, labels: results/first/aligned/mine.csv, least_trust: 0}"
    target = ["--", "results/truth/learnt.parquet"]
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", f"page_sets={{{mine}, {learnt}}}"]
    jobs = planned(snakemake(*plan, *target, cwd=checkout))
    assert jobs["align"] == 1
    assert "nms" in jobs
    # Labels that are aligned here are not what they are aligned by.
    both = "mine: {images: scans, transcriptions: texts.csv, labels: results/first/aligned/mine.csv}"
    plan[-1] = f"page_sets={{{both}}}"
    assert planned(snakemake(*plan, "--", "results/truth/mine.parquet", cwd=checkout))["align"] == 1


def test_the_networks_can_be_trained_without_the_validation_books(competition):
    honest = ["--dry-run", "--cores", "2", "--config", "round=first", "training=train_without_val"]
    run = snakemake(*honest, cwd=competition, check=False)
    assert "04_seresnext101: validation_book: train_without_val has no pages of 200003076" in run.stdout + run.stderr
    folds = [f"classifiers={{{name}: {{validation_book: hnsd}}}}" for name in ("04_seresnext101", "05_resnet152")]
    jobs = planned(snakemake(*honest, folds[0].removesuffix("}") + ", " + folds[1].partition("{")[2], cwd=competition))
    # Fewer pages to train on, and all of them to read.
    assert (jobs["classifier"], jobs["detect"], jobs["crops"]) == (5, 2 * 2 * 64, 64)


def test_a_classifier_set_to_null_is_left_out(competition):
    jobs = planned(
        snakemake("--dry-run", "--cores", "2", "--config", "classifiers={02_resnet152: null}", cwd=competition)
    )
    assert jobs["classifier"] == 3 * 4
    assert jobs["classify"] == 2 * 2 * 2 * 4 * 64


READ = ["--profile", "profiles/read", "--config", "read=scans"]
# What reading does without: what trains and judges, and what is a target of its own.
NOT_READING = [
    "align",
    "all",
    "train",
    "recognize",
    "evaluate",
    "report",
    "benchmarks",
    "final_submission",
    "competition_data",
    "strokes",
    "hand",
    "synthetic",
    "pretrained_detector",
    "pretrained_classifier",
    "crops",
    "folds",
    "detector",
    "detector_losses",
    "classifier",
    "adapt",
    "adapt_classifier",
    "curves",
    "augmented",
    "pseudo_labels",
    "pseudo_crops",
    "tune",
    "booster",
    "protocols",
    "booster_report",
    "metrics",
    "dataset",
    "examples",
    "misread",
    "missing_labels",
    "front_page",
    "snapshot",
    "export",
    "export_detector",
    "export_classifier",
    "priors",
    "detection_metrics",
    "text_metrics",
    "verdict",
    "book_crops",
    "book_folds",
    "book_classifier",
    "nearest_books",
    "nearest_books_page",
    "detection_modes",
    "detection_modes_page",
]


def test_without_trained_models_the_small_networks_read_the_samples(checkout):
    (checkout / "resources/small").mkdir(exist_ok=True)
    small = yaml.safe_load((checkout / "config.yaml").read_text())["small"]
    priors = small["settings"]["classify"]["priors"]["table"]
    for path in [*small["detectors"].values(), *small["classifiers"].values(), *small["boosters"], priors]:
        (checkout / path).touch()
    samples = ["--profile", "profiles/read", "--config", "read=resources/samples"]
    run = snakemake("--dry-run", "--printshellcmds", *samples, "--", "read", cwd=checkout)
    jobs = planned(run)
    assert jobs.items() >= {"import_small_detector": 1, "detect": 1, "confidence": 1, "viewer": 1, "read": 1}.items()
    assert (jobs["classify"], jobs["import_small_classifier"]) == (1, len(small["classifiers"]))
    adapted = snakemake("--dry-run", *samples, "round=adapted", "--", "read", cwd=checkout, check=False)
    assert "make adapt IMAGES=folder" in re.sub(r"\s+", " ", adapted.stdout + adapted.stderr)


def test_adapting_trains_the_classifiers_and_nothing_else(checkout):
    small = yaml.safe_load((checkout / "config.yaml").read_text())["small"]
    (checkout / "resources/small").mkdir(exist_ok=True)
    for path in small["classifiers"].values():
        (checkout / path).touch()
    (checkout / "labels.csv").write_text("image_id,labels\n100241706_00004_2,U+3042 10 10 50 50\n")
    adapt = ["--profile", "profiles/adapt", "--config", "read=resources/samples", "adapt=labels.csv", "--", "adapt"]
    jobs = planned(snakemake("--dry-run", *adapt, cwd=checkout))
    each = dict.fromkeys(["import_small_classifier", "adapt_classifier"], len(small["classifiers"]))
    # Labelled and replayed pages, and both together.
    pages = {
        "synthetic": 1,
        "pages": 2,
        "truth": 2,
        "subset": 1,
        "subset_truth": 1,
        "denoise": 2,
        "crops": 2,
        "folds": 1,
    }
    assert {rule: count for rule, count in jobs.items() if rule != "adapt"} == each | pages
    adapt[4] = "adapt=none.csv"
    run = snakemake("--dry-run", *adapt, cwd=checkout, check=False)
    assert "none.csv: there is no such label file" in re.sub(r"\s+", " ", run.stdout + run.stderr)


def test_labelled_pages_of_a_pdf_and_of_subfolders_are_adapted_to(checkout):
    (checkout / "scans/second").mkdir(parents=True)
    pages = [Image.effect_noise((480, 672), 40) for _ in range(3)]
    pages[0].save(checkout / "scans/book.pdf", save_all=True, append_images=pages[1:])
    pages[0].save(checkout / "scans/second/1.jpg")
    row = "U+3042 10 10 50 50"
    (checkout / "labels.csv").write_text(f"image_id,labels\nbook_0002,{row}\nsecond_1,{row} {row}\n")
    adapt = ["--profile", "profiles/adapt", "--config", "read=scans", "adapt=labels.csv", "--"]
    jobs = planned(snakemake("--dry-run", *adapt, "adapt", cwd=checkout))
    assert jobs.items() >= {"unpack": 1, "pages": 2, "truth": 2, "adapt_classifier": 2}.items()
    snakemake(*adapt, "results/truth/labelled.parquet", cwd=checkout)
    truth = read_table(checkout / "adapted/results/truth/labelled.parquet", "truth")
    assert truth["image_id"].tolist() == ["book_0002", "second_1", "second_1"]
    unpacked = (checkout / "adapted/results/unpacked/labelled").rglob("*.png")
    assert sorted(path.stem for path in unpacked) == ["book_0002", "second_1"]  # the labelled pages alone
    (checkout / "labels.csv").write_text(f"image_id,labels\nbook_0004,{row}\n")
    run = snakemake("--dry-run", *adapt, "adapt", cwd=checkout, check=False)
    assert "book_0004 has labels, but no image in" in re.sub(r"\s+", " ", run.stdout + run.stderr)


def test_what_a_reader_gives_goes_over_the_models_configuration(checkout):
    (checkout / "scans").mkdir()
    Image.effect_noise((48, 67), 40).save(checkout / "scans/1.jpg")
    noted = checkout / "results/first/provenance/test/config.yaml"
    noted.parent.mkdir(parents=True)
    trained = (checkout / "config.yaml").read_text().replace("\nround: refine", "\nround: first")
    # What another reading was given is not of the models.
    noted.write_text(trained.replace("\ncorrections: null", "\ncorrections: gone.csv"))
    assert "gone.csv" in noted.read_text()
    (checkout / "mine.yaml").write_text("detect: {mode: sideways}")
    run = snakemake("--dry-run", *READ, "--configfile", "mine.yaml", "--", "read", cwd=checkout, check=False)
    assert "detect: mode: there is no sideways" in run.stdout + run.stderr
    mine = ["--configfile", "mine.yaml", "--config", "read=scans", "detect={mode: fast}"]
    run = snakemake("--dry-run", "--profile", "profiles/read", *mine, "--", "read", cwd=checkout, check=False)
    assert "the model is not there" in run.stdout + run.stderr  # what comes after the configuration


def test_reading_without_its_profile_is_refused(checkout):
    (checkout / "scans").mkdir()
    Image.effect_noise((48, 67), 40).save(checkout / "scans/1.jpg")
    read = ["--config", "read=scans", "round=published", "--", "read"]
    run = snakemake("--dry-run", "--cores", "1", *read, cwd=checkout, check=False)
    assert run.returncode
    assert "say --profile profiles/read too" in re.sub(r"\s+", " ", run.stdout + run.stderr)
    slurm = ["--profile", "slurm", "--workflow-profile", "profiles/read"]
    jobs = planned(snakemake("--dry-run", *slurm, *read, cwd=checkout))
    assert jobs["import_detector"] == 2 and "detector" not in jobs


def test_reading_allows_every_rule_that_trains_and_judges_nothing(checkout):
    allowed = yaml.safe_load((checkout / "profiles/read/config.yaml").read_text())["allowed-rules"]
    files = [checkout / "Snakefile", *(checkout / "workflow/rules").glob("*.smk")]
    rules = {rule for file in files for rule in re.findall(r"(?m)^rule (\w+):", file.read_text())}
    assert sorted(allowed) == sorted(rules - set(NOT_READING))
    assert {rule for stage in STAGES.values() for rule in stage.rules} <= set(allowed)


def test_every_format_of_scans_is_a_word(checkout):
    (checkout / "scans").mkdir()
    Image.effect_noise((48, 67), 40).save(checkout / "scans/1.jpg")

    def read(formats):
        return snakemake(
            "--dry-run", *READ, "round=small", f"formats={formats}", "--", "read", cwd=checkout, check=False
        )

    jobs = planned(read("pdf tei page"))
    assert jobs["page_xml"] == jobs["tei"] == jobs["pdf"] == jobs["confidence"] == 1
    assert not {"viewer", "text", "overlays", "json_lines"} & jobs.keys()
    assert planned(read("all")).keys() >= {"viewer", "text", "page_xml", "alto", "docx", "annotations"}
    refused = read("page,word")
    assert "formats: there is no word; choose of viewer text" in re.sub(r"\s+", " ", refused.stdout + refused.stderr)


def test_files_that_cannot_be_unpacked_are_left_out_and_one_file_is_read_alone(checkout):
    (checkout / "scans/more").mkdir(parents=True)
    Image.new("RGB", (60, 80)).save(checkout / "scans/more/book.pdf", "PDF")
    (checkout / "scans/more/cut.pdf").write_bytes(b"%PDF-1.4 nothing")
    Image.effect_noise((480, 672), 40).save(checkout / "scans/more/whole.jpg")
    (checkout / "scans/more/cut.jpg").write_bytes((checkout / "scans/more/whole.jpg").read_bytes()[:2000])
    (checkout / "scans/notes.txt").touch()
    made = ["results/pages/scans_unreadable.csv", "results/pages/scans.parquet"]
    said = snakemake(*READ, "--", *made, cwd=checkout).stdout
    assert re.search(r"left out \(2\).*\n  more/cut.pdf: cannot be read as a PDF", said)
    assert "more/cut.jpg: is truncated or damaged" in said
    assert "Passed over in scans: 1 .txt" in said
    assert "more/cut.pdf,cannot be read as a PDF" in (checkout / made[0]).read_text(encoding="utf-8")
    assert list(read_table(checkout / made[1], "pages")["image_id"]) == ["more_book_0001", "more_whole"]
    shutil.copy(checkout / "scans/more/whole.jpg", checkout / "scans/more/cut.jpg")
    jobs = planned(snakemake(*READ, "--dry-run", "--", *made, cwd=checkout))
    assert jobs == {"unreadable": 1, "unpack": 1, "pages": 1}  # of two chunks, the mended page's alone
    stop = snakemake("--dry-run", *READ, "pages={unreadable: stop}", "--", *made, cwd=checkout, check=False)
    assert stop.returncode and "more/cut.pdf: cannot be read as a PDF" in stop.stdout + stop.stderr
    one = ["--profile", "profiles/read", "--config", "read=scans/more/book.pdf"]
    snakemake(*one, "--", "results/pages/book_pdf.parquet", cwd=checkout)
    assert list(read_table(checkout / "results/pages/book_pdf.parquet", "pages")["image_id"]) == ["book_0001"]


def test_files_of_other_kinds_leave_the_images_beside_them_as_they_were_read(checkout):
    (checkout / "scans/second").mkdir(parents=True)
    page = Image.effect_noise((480, 672), 40)
    for name in ("1.jpg", "2.png"):
        page.save(checkout / "scans" / name)
    read = ["--profile", "profiles/read", "--config", "read=scans"]
    snakemake(*read, "--", "results/pages/scans.parquet", "results/denoised/scans/0", cwd=checkout)
    page.save(checkout / "scans/3.webp")
    page.save(checkout / "scans/second/1.jpg")
    jobs = planned(snakemake("--dry-run", *read, "round=small", "formats=text", "--", "read", cwd=checkout))
    assert (jobs["unpack"], jobs["denoise"], jobs["pages"]) == (1, 1, 1)  # the new pages' chunk
    snakemake(*read, "--", "results/pages/scans.parquet", cwd=checkout)
    paths = read_table(checkout / "results/pages/scans.parquet", "pages").set_index("image_id")["path"]
    assert dict(paths) == {
        "1": "scans/1.jpg",
        "2": "scans/2.png",
        "3": "results/unpacked/scans/1/3.png",
        "second_1": "results/unpacked/scans/1/second_1.png",
    }


def test_a_book_is_read_from_a_library_by_its_manifest(checkout, library):
    address = library.give_book("2532160", 4, 3, 3)
    library.answers["/images/2532160-3/info.json"] = [(404, {}, b"")]
    library.answers["/files/2532160-3.jpg"] = [(404, {}, b"")]
    read = ["--profile", "profiles/read", "--config", f"read={address}", "page_range=2-4"]
    name = manifest_path(address, ".").parent.name
    table = f"results/pages/{name}.parquet"
    first = snakemake(*read, "--", table, cwd=checkout, check=False)
    assert first.returncode and f"canvas {library.root}/2532160/canvas/3 (3)" in first.stdout + first.stderr
    assert "INFO:" not in first.stdout + first.stderr  # as Snakemake's own words would be, if ours let them through
    asked = len(library.asked)
    said = snakemake(*read, "--", table, f"results/pages/{name}_unreadable.csv", cwd=checkout).stdout
    assert re.search(r"left out \(1\).*\n  2532160_0003: canvas .*404", said)
    assert len(library.asked) == asked  # all that came was kept, and the manifest
    assert list(read_table(checkout / table, "pages")["image_id"]) == ["2532160_0002", "2532160_0004"]
    assert "/images/2532160-1/info.json" not in library.paths()
    folder = checkout / f"resources/iiif/{name}"
    assert len(list((folder / "images").glob("*.jpg"))) == 2
    jobs = snakemake("--dry-run", *read, "round=small", "formats=iiif", "--", "read", cwd=checkout)
    assert planned(jobs).items() >= {"denoise": 1, "annotations": 1}.items()
    assert not {"fetch", "pages"} & planned(jobs).keys()
    # The next part of the book, without its first: from the manifest that is here.
    more = planned(snakemake("--dry-run", *read[:-1], "page_range=1", "--", table, cwd=checkout))
    assert more.items() >= {"fetch": 1, "pages": 1}.items() and len(library.asked) == asked
    for numbers in ("5", "x", "3"):
        refused = snakemake("--dry-run", *read[:-1], f"page_range={numbers}", "--", table, cwd=checkout, check=False)
        words = {"5": "the pages go from 1 to 4", "x": "say the pages' numbers", "3": "none of these pages can be read"}
        assert words[numbers] in re.sub(r"\s+", " ", refused.stdout + refused.stderr)


def test_what_is_no_manifest_stops_before_anything_is_planned(checkout, library):
    for path, answer, words in [
        ("/page", b"<html>", "is a web page, and no IIIF manifest"),
        ("/none", (404, {}, b""), "cannot be downloaded (404"),
    ]:
        address = library.gives(path, answer)
        read = ["--profile", "profiles/read", "--config", f"read={address}", "--", "read"]
        run = snakemake(*read, cwd=checkout, check=False)
        said = re.sub(r"\s+", " ", run.stdout + run.stderr)
        assert run.returncode and address in said and words in said and "Traceback" not in said


def test_a_pdf_is_unpacked_and_corrections_precede_the_text(checkout):
    (checkout / "scans").mkdir()
    Image.new("RGB", (60, 80)).save(checkout / "scans/book.pdf", "PDF")
    (checkout / "scans/corrections.csv").write_text("image_id,labels\nbook_0001,U+3042 10 10 20 20\n")
    run = snakemake("--dry-run", *READ, "round=small", "formats=text", "--", "read", cwd=checkout)
    assert planned(run).items() >= {"unpack": 1, "denoise": 1, "correct": 1, "text": 1}.items()
    (checkout / "scans/corrections.csv").write_text("image_id,labels\nother,U+3042 10 10 20 20\n")
    run = snakemake("--dry-run", *READ, "round=small", "--", "read", cwd=checkout, check=False)
    assert "other: no such page is read" in re.sub(r"\s+", " ", run.stdout + run.stderr)


def test_corrections_stay_where_they_are_when_a_part_of_the_pages_is_read(checkout):
    """Beside the scans: all of a folder, some of its pages, or one file."""
    (checkout / "scans").mkdir()
    for page in ("p1", "p2", "p3"):
        Image.effect_noise((480, 672), 40).save(checkout / f"scans/{page}.jpg")
    Image.new("RGB", (60, 80)).save(checkout / "book.pdf", "PDF")
    rows = "".join(f"{page},U+3042 10 10 20 20\n" for page in ("p1", "p2"))
    (checkout / "scans/corrections.csv").write_text(f"image_id,labels\n{rows}")
    (checkout / "corrections.csv").write_text(f"image_id,labels\n{rows}book_0001,U+3042 10 10 20 20\n")
    for settings, corrected in {
        ("read=scans",): 1,
        ("read=scans", "page_range=2-3"): 1,
        ("read=scans", "page_range=3"): 0,
        ("read=book.pdf",): 1,
    }.items():
        read = ["--profile", "profiles/read", "--config", *settings, "round=small", "formats=text"]
        jobs = planned(snakemake("--dry-run", *read, "--", "read", cwd=checkout))
        assert jobs.get("correct", 0) == corrected and jobs["text"] == 1, settings
