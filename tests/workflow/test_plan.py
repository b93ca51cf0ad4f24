"""What Snakemake plans, without running it."""

import re
import zipfile

import pytest
import yaml
from conftest import planned, snakemake
from PIL import Image
from synthetic_for_tests import STYLE

from kuzushiji.pages.labels import read_labels

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
    drawn["books"] = {"hana": {"pages": 1, "font": "Brisk"}}
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
    # Fonts that none of its books names do not make it anew, whichever there are.
    (checkout / "resources/fonts").unlink()
    (checkout / "resources/fonts").mkdir()
    (checkout / "resources/fonts/new.ttf").touch()
    assert planned(snakemake("--dry-run", *run, *target, cwd=checkout)) == {}
    hand["joined"] = 1
    (checkout / "mine.yaml").write_text(yaml.safe_dump(changes))
    assert planned(snakemake("--dry-run", *run, *target, cwd=checkout)) == {"hand": 1, "synthetic": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "books: {mori: {font: aoyagi-sosekii}}",
            "mori: font: neither resources/fonts nor `hands` has aoyagi-sosekii;",
        ),
        ("style: null", "page_sets: drawn_test: synthetic: style: None is not of type 'object'"),
        ("books: {mori: {paper: null}}", "books: mori: paper: 'a color in quotes, like"),
        ("books: {mori: {paper: parchment}}", "page_sets: drawn_test: synthetic: books: mori: paper: unknown color"),
    ],
)
def test_a_mistake_in_drawn_pages_stops_before_anything_is_planned(checkout, change, message):
    changes = f"page_sets={{drawn_test: {{synthetic: {{{change}}}}}}}"
    run = snakemake("--profile", "profiles/demo", "--dry-run", "--config", changes, cwd=checkout, check=False)
    said = run.stdout + run.stderr
    assert run.returncode and message in said and "Traceback" not in said


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
        (
            "classifiers={01_efficientnet_b4: {schedule: {kind: cosine, factor: 2}}}",
            "{'kind': 'cosine', 'factor': 2} is not",
        ),
        ("classifiers={02_resnet152: {resize: [124, 100]}}", "crops of input_size 112 cannot be cut from 100 pixels"),
        ("classifiers={02_resnet152: {batch_size: 511}}", "02_resnet152: batch_size: mixup mixes pairs"),
        ("refinement={batch_size: 95, mixing: {method: mixup, alpha: 0.2}}", "mixup mixes pairs"),
        ("page_sets={mine: {of: [nope]}, test: {of: [mine]}}", "there is no page set nope; known are"),
        ("booster={tune: {num_leaves: [256, 2]}}", "booster: tune: num_leaves: [256, 2] falls"),
        ("page_sets={val_books: {of: [val]}}", "page_sets: val_books: so is a table of val called; take another name"),
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


def test_what_is_made_here_counts_from_where_results_go_and_all_else_from_the_checkout(checkout):
    (checkout / "results/export").mkdir(parents=True)
    (checkout / "results/export/priors.csv").touch()  # of another training
    priors = "classify={priors: {table: results/export/priors.csv, strength: 0.3}}"
    plan = ["--dry-run", "--profile", "profiles/demo", "--directory", "trials", "--config", priors]
    count = "export={priors: {of: [train], charset: resources/layouts/charset.txt}}"
    jobs = planned(snakemake(*plan, count, "round=first", "--", "results/first/text/test", cwd=checkout))
    assert jobs["priors"] == 1


def test_a_share_of_what_a_training_started_from_needs_a_start(checkout):
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", "round=first", "export={start_share: 0.1}"]
    run = snakemake(*plan, "--", "export", cwd=checkout, check=False)
    said = re.sub(r"\s+", " ", run.stdout + run.stderr)
    assert re.search("export.start_share: .* of round first started from no checkpoint .* set it to 0", said)


def test_published_and_small_networks_are_measured_without_a_training_page_set(checkout):
    (checkout / "scans").mkdir()
    (checkout / "scans/page.png").touch()
    (checkout / "labels.csv").touch()
    gone = ", ".join(f"competition_{part}: null" for part in ("train", "test"))
    sets = f"page_sets={{{gone}, train: null, val: null, test: null, mine: {{images: scans, labels: labels.csv}}}}"
    plan = ["--dry-run", "--cores", "2", "--config", sets, "recognize=[mine]", "validation=mine", "round=small"]
    assert planned(snakemake(*plan, "--", "evaluate", cwd=checkout))["metrics"] == 1


def test_corrections_of_a_source_are_those_of_its_subsets(checkout):
    (checkout / "scans").mkdir()
    (checkout / "scans/page.png").touch()
    (checkout / "corrections.csv").write_text("image_id,labels\npage,U+3042 10 10 20 20\n")
    sets = "page_sets={mine: {images: scans, corrections: corrections.csv}, part: {of: [mine]}, others: {of: [test]}}"
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", "round=first", sets]
    for page_set, count in {"mine": 1, "part": 1, "others": 0}.items():
        jobs = planned(snakemake(*plan, "--", f"results/first/text/{page_set}", cwd=checkout))
        assert jobs.get("correct", 0) == count


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


def test_the_small_networks_leave_pages_alone_that_others_were_trained_on(checkout):
    """They see pages denoised otherwise, so that days of training would be stale."""
    (checkout / "scans").mkdir()
    (checkout / "scans/page.png").touch()
    (checkout / "labels.csv").write_text("image_id,labels\npage,U+3042 10 10 20 20\n")
    mine = ["--config", "page_sets={mine: {images: scans, labels: labels.csv}}", "recognize=[mine]", "chunks=1"]
    plan = ["--dry-run", "--cores", "2", *mine, "round=small", "--", "results/small/recognized/mine.parquet"]
    for made in ("crops/mine/0.arrow", "first/classifiers/01_gray.pth"):
        assert planned(snakemake(*plan, cwd=checkout))["denoise"] == 1
        (checkout / "results" / made).parent.mkdir(parents=True)
        (checkout / "results" / made).touch()
    run = snakemake(*plan, cwd=checkout, check=False)
    assert run.returncode
    said = re.sub(r"\s+", " ", run.stdout + run.stderr)
    assert "networks were trained here on mine" in said and "add --directory small" in said
    assert planned(snakemake("--directory", "small", *plan, cwd=checkout))["denoise"] == 1


def test_aligned_labels_are_made_for_the_page_set_that_has_them(checkout):
    scans = checkout / "scans"
    scans.mkdir()
    (scans / "page.png").touch()
    (checkout / "texts.csv").write_text("image_id,text\npage,い\n")
    mine = "mine: {images: scans, transcriptions: texts.csv}"
    learnt = "learnt: {images: scans, labels: results/first/aligned/mine.csv, least_trust: 0}"
    target = ["--", "results/truth/learnt.parquet"]
    # Networks cannot learn from what they find themselves.
    circle = ["--config", f"page_sets={{{mine}, {learnt}, more: {{of: [train, learnt]}}}}", "training=more"]
    run = snakemake("--dry-run", "--profile", "profiles/demo", *circle, *target, cwd=checkout, check=False)
    said = re.sub(r"\s+", " ", run.stdout + run.stderr)
    assert "results/first/aligned/mine.csv would be found by networks that more trains with them" in said
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", f"page_sets={{{mine}, {learnt}}}"]
    jobs = planned(snakemake(*plan, *target, cwd=checkout))
    assert jobs["align"] == 1
    assert "nms" in jobs
    # The small networks see pages denoised otherwise than the other rounds.
    plan[-1] = f"page_sets={{{mine}, {learnt.replace('first', 'small')}}}"
    run = snakemake(*plan, *target, cwd=checkout, check=False)
    assert run.returncode
    assert "round first cannot make results/small/aligned/mine.csv" in run.stdout + run.stderr
    plan[-1:] = [f"page_sets={{{mine}}}", "round=small", "recognize=[mine]"]
    assert planned(snakemake(*plan, "--", "results/small/aligned/mine.csv", cwd=checkout))["align"] == 1
    del plan[-2:]
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


def test_folds_by_book_need_as_many_books(checkout):
    plan = ["--dry-run", "--profile", "profiles/demo", "--config", "round=first", "validation=few"]
    plan += ["page_sets={few: {of: [val], books: [kaze]}}", "booster={training: {protocol: by_book}}"]
    run = snakemake(*plan, "--", "results/first/booster/scores.json", cwd=checkout, check=False)
    said = re.sub(r"\s+", " ", run.stdout + run.stderr)
    assert "5 folds by book need as many books, and few has 1; lower folds" in said


def test_a_classifier_set_to_null_is_left_out(competition):
    jobs = planned(
        snakemake("--dry-run", "--cores", "2", "--config", "classifiers={02_resnet152: null}", cwd=competition)
    )
    assert jobs["classifier"] == 3 * 4
    assert jobs["classify"] == 2 * 2 * 2 * 4 * 64
