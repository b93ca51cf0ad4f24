"""The whole workflow, run once in miniature."""

import json
import re
import shutil
from itertools import chain
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pypdfium2
import timm
import torch
import torchvision
import yaml
from conftest import MINIATURE, ROOT, copied, planned, snakemake
from conftest import run_miniature as run
from lxml import html
from PIL import Image
from safetensors.torch import load_file, save_file

from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.summary import summary


def test_every_stage_leaves_its_declared_files(done):
    results = done / "results"
    pages = read_table(results / "pages/test.parquet", "pages")
    for detector in ("000060", "000120"):
        detections = read_table(results / f"detections/test/{detector}.parquet", "detections")
        for classifier in ("01_gray_mixup", "02_rgb_icap"):
            path = results / f"first/predictions/test/{detector}/{classifier}.parquet"
            predictions = read_table(path, "predictions")
            assert 0 < len(predictions) <= len(detections)
    recognized = read_table(results / "first/recognized/test.parquet", "recognized")
    assert recognized["kept"].any()
    submission = pd.read_csv(results / "final_submission.csv", keep_default_na=False)
    assert submission["image_id"].tolist() == pages["image_id"].tolist()
    assert submission["labels"].str.count(r"U\+").sum() == recognized["kept"].sum()
    assert len(list((results / "first/booster").glob("fold_*.txt"))) == 5
    protocols = pd.read_csv(results / "first/booster/protocols.csv")
    assert protocols["protocol"].tolist() == ["published", "by_page", "by_book"]
    for image_id in pages["image_id"]:
        assert Image.open(results / f"first/overlays/test/{image_id}.jpg").size == (480, 672)
        assert (results / f"first/text/test/{image_id}.txt").exists()
        for kind, suffix in {"page_xml": "xml", "alto": "xml", "annotations": "json"}.items():
            assert (results / f"first/{kind}/test/{image_id}.{suffix}").stat().st_size > 0
    lines = (results / "first/text/test.jsonl").read_text(encoding="utf-8").splitlines()
    read = [character for line in lines for part in json.loads(line)["lines"] for character in part["characters"]]
    assert len(read) == recognized["kept"].sum()
    assert all(character["alternatives"] for character in read)
    ordered = read_table(results / "first/reading_order/test.parquet", "ordered")
    assert len(ordered) == len(read)
    viewer = (results / "first/viewer/test.html").read_text(encoding="utf-8")
    assert viewer.count("data:font/woff") >= 1
    assert viewer.count('type="text/plain" id="image-') == len(pages)


def test_scores_are_given_by_stage_and_book(done):
    metrics = json.loads((done / "results/first/metrics/test.json").read_text())
    truth = read_table(done / "results/truth/test.parquet", "truth")
    assert metrics["characters"] == len(truth) > 0
    assert list(metrics["stages"])[:3] == ["detections 000060", "detections 000120", "predictions 000060 01_gray_mixup"]
    assert list(metrics["stages"])[-2:] == ["merged", "recognized"]
    assert set(metrics["books"]) == {"hana", "kaze"}
    detection = pd.read_csv(done / "results/first/detection_metrics/test/books.csv", dtype={"detector": str})
    assert set(detection["detector"]) == {"000060", "000120"}
    assert set(detection["book"]) == {"hana", "kaze", "(all)"}
    assert (done / "results/first/detection_metrics/test/scores.svg").stat().st_size > 0
    assert "F1" in summary(done / "results")
    text = pd.read_csv(done / "results/first/text_metrics/test.csv").set_index(["book", "source"])
    assert text.loc[("(all)", "true boxes"), "error_rate"] <= 0.01  # what the reading order alone gets wrong
    assert text.loc[("(all)", "recognized"), "characters"] == len(truth)


def test_every_rule_logs_and_is_measured(done):
    rules = {path.name.removesuffix(".tsv") for path in (done / "results/benchmarks").iterdir()}
    assert {"synthetic", "detector", "classifier", "tune", "booster", "text"} <= rules
    assert rules == {path.name.removesuffix(".log") for path in (done / "results/logs").iterdir()} - {
        "final_submission",
        "snapshot",
    }


def test_networks_without_a_gpu_have_all_threads_of_their_jobs(done):
    logs = [*done.glob("results/logs/classify/first/*/*/*/*.log"), *done.glob("results/logs/detect/*/*/*.log")]
    assert len(logs) > 10
    for log in logs:
        assert "running on cpu (2 threads)" in log.read_text(), log


def test_later_rounds_train_what_is_missing_and_nothing_else(done, later):
    jobs = planned(run("--dry-run", "--config", "round=refine", cwd=done))
    # Two classifiers in two rounds; one round of predictions, on two page sets, by two detectors.
    counts = {"pseudo_labels": 1, "pseudo_crops": 2, "classifier": 4, "classify": 16, "gather_predictions": 8}
    assert counts.items() <= jobs.items()
    assert not {"synthetic", "denoise", "crops", "folds", "detector", "detect"} & jobs.keys()
    for path in (done / "results/first").rglob("*.parquet"):
        assert (later.checkout / path.relative_to(done)).read_bytes() == path.read_bytes()

    results = later.checkout / "results"
    labels = read_table(results / "pseudo/labels/test.parquet", "truth")
    sure = read_table(results / "first/recognized/test.parquet", "recognized")
    assert 0 < len(labels) == (sure["kept"] & (sure["probability"] >= np.float32(0.2))).sum()
    for training_round, epochs in (("pseudo", 2), ("refine", 1)):
        history = pd.read_csv(results / f"{training_round}/classifiers/02_rgb_icap/history.csv")
        assert len(history) == epochs
    assert not (results / "pseudo/predictions").exists()
    submission = results / "refine/submissions/test.csv"
    assert (results / "final_submission.csv").read_bytes() == submission.read_bytes()
    assert planned(run("--dry-run", "--config", "round=refine", cwd=later.checkout)) == {}
    # The first round's submission would be the final one again.
    assert planned(run("--dry-run", cwd=later.checkout)) == {"final_submission": 1}


def test_networks_start_from_the_imagenet_weights_that_are_here(miniature, tmp_path):
    done = copied(miniature.checkout, tmp_path / "checkout")
    folder = done / "resources/pretrained"
    folder.mkdir()
    save_file(timm.create_model("test_resnet").state_dict(), folder / "test_resnet.safetensors")
    save_file(timm.create_model("test_byobnet").state_dict(), folder / "test_byobnet.safetensors")
    torch.save(torchvision.models.resnet50().state_dict(), folder / "resnet50_msra-5891d200.pth")
    settings = {
        "classifiers": {"02_rgb_icap": {"pretrained": True, "epochs": 1}},
        "book_classifier": {"classifier": {"pretrained": True, "epochs": 1}},
        "detector_trainings": {"faster_rcnn": {"model": {"depth": 50, "pretrained": True}, "milestones": []}},
        "detectors": {"000060": None, "000120": None, "first_step": {"training": "faster_rcnn", "iteration": 1}},
    }
    (done / "start.yaml").write_text(yaml.safe_dump(settings))
    configured = ["--configfile", "profiles/demo/settings.yaml", str(MINIATURE), "start.yaml", "--cores", "2", "--"]
    trained = ["detector/first_step.pth", "first/classifiers/02_rgb_icap.pth", "book_classifier/classifier.pth"]
    before = (done / "results" / trained[1]).read_bytes()
    jobs = planned(snakemake(*configured, *(f"results/{name}" for name in trained), cwd=done))
    assert {"detector": 1, "classifier": 1, "book_classifier": 1}.items() <= jobs.items()
    assert (done / "results" / trained[1]).read_bytes() != before
    # Weights that are gone are no reason to train.
    shutil.rmtree(folder)
    assert not planned(snakemake("--dry-run", *configured, *(f"results/{name}" for name in trained), cwd=done))


def test_pages_are_likened_to_the_books_of_training(later):
    pages = read_table(later.checkout / "results/pages/test.parquet", "pages")
    nearest = pd.read_csv(later.checkout / "results/book_classifier/test.csv")
    assert set(nearest["image_id"]) == set(pages["image_id"])
    assert set(nearest["nearest"]) <= {"hana", "kaze"}


def test_a_verdict_has_a_row_for_every_book_and_one_for_all(later):
    header, _, *rows = (later.checkout / "results/refine/verdict/test.md").read_text().splitlines()
    assert {"detection F1", "F1", "CER"} <= {cell.strip() for cell in header.split("|")}
    assert [row.split("|")[1].strip() for row in rows] == ["hana", "kaze", "(all)"]


def test_costs_are_measured(later):
    results = later.checkout / "results"
    modes = pd.read_csv(results / "refine/detection_modes/test.csv")
    assert set(modes["mode"]) == {"full", "fast"} and (modes["seconds_a_page"] > 0).all()


def test_a_folder_of_own_scans_is_read_with_the_newest_models(later, tmp_path):
    done = copied(later.checkout, tmp_path / "checkout")
    scans = done / "scans"
    scans.mkdir()
    drawn = next((done / "results/synthetic/drawn_test/images").glob("hana*.jpg"))
    Image.open(drawn).convert("L").save(scans / "my page 1.png")
    real = ROOT.parent / "shared/data/labelled_pages/train_images/100241706_00005_1.jpg"
    if real.exists():  # a scan of 2392x3874 pixels, where the test data lies beside the checkout
        shutil.copy(real, scans)
    # Training could not go on here: its pages are gone, and nothing asks for them.
    shutil.rmtree(done / "results/synthetic/drawn_training")
    read = snakemake("--profile", "profiles/read", "--config", "read=scans", "--", "read", cwd=done)
    assert "with the networks that were trained here (refine round)" in read.stdout
    assert "by their configuration results/refine/prov" in read.stdout
    assert "results/refine/viewer/scans.html" in read.stdout
    assert (done / "results/refine/text/scans/my page 1.txt").read_text()
    for path in scans.iterdir():
        overlay = Image.open(done / f"results/refine/overlays/scans/{path.stem}.jpg")
        assert overlay.size == Image.open(path).size

    # Where it lies is said again when nothing is left to do.
    again = snakemake("--profile", "profiles/read", "--config", "read=scans", "--", "read", cwd=done)
    assert again.stdout.partition("Read:")[2] == read.stdout.partition("Read:")[2]
    assert planned(again) == {"read": 1}
    # Models of another directory read the same scans.
    for name in ("results", ".snakemake"):
        shutil.move(done / name, done / "apart" / name)
    apart = ["--profile", "profiles/read", "--directory", "apart", "--config", "read=scans", "--", "read"]
    assert "apart/results/refine/viewer/scans.html" in snakemake(*apart, cwd=done).stdout


def test_a_page_of_a_pdf_is_corrected_in_every_format(corrected):
    results = corrected.checkout / "results/refine"
    said = (corrected.trace.parent / "said").read_text()
    assert "1 corrected page (characters: 0 confirmed, 0 changed, 1 added" in said
    assert re.search(r"the pages as images +results/unpacked/scans\n", said)
    assert "Pages to check first" not in said  # one character is hardly any, but a person has said it
    pages = read_table(corrected.checkout / "results/pages/scans.parquet", "pages")
    assert pages[["image_id", "book", "width", "height"]].to_numpy().tolist() == [["book_0001", "scans", 480, 672]]
    assert read_table(results / "reading_order/scans.parquet", "ordered")["codepoint"].tolist() == ["U+3042"]
    assert (results / "text/scans/book_0001.txt").read_text(encoding="utf-8").split() == ["あ"]
    formats = ["page_xml/scans/book_0001.xml", "alto/scans/book_0001.xml", "tei/scans/scans.xml", "text/scans.jsonl"]
    for name in (*formats, "annotations/scans/book_0001.json"):
        assert "あ" in (results / name).read_text(encoding="utf-8"), name
    with pypdfium2.PdfDocument(results / "pdf/scans/scans.pdf") as document:
        assert document[0].get_textpage().get_text_range().split() == ["あ"]
    assert docx.Document(results / "docx/scans/scans.docx").paragraphs[-1].text == "あ"
    assert Image.open(results / "overlays/scans/book_0001.jpg").size == (480, 672)
    assert len(read_table(results / "recognized/scans.parquet", "recognized"))  # which stays as it was read


def test_the_provenance_names_the_page_sets_that_were_read(done):
    crates = done / "results/first/provenance"
    assert {"val", "test"} <= {path.name for path in crates.iterdir()}
    for crate in crates.iterdir():
        graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
        read = {entity["name"] for entity in graph if entity["@id"].startswith("#page_set/")}
        (action,) = [entity for entity in graph if entity["@type"] == "CreateAction"]
        assert crate.name in read
        assert all(name in action["description"] for name in read)


def test_the_report_shows_the_run_from_its_data_to_its_provenance(done, tmp_path):
    run("--report", str(tmp_path / "report.html"), cwd=done)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    categories = json.JSONDecoder().raw_decode(report.partition("categories = ")[2])[0]
    names = ["Data", "Training", "Detection", "Scores", "Booster", "Examples", "Provenance"]
    assert sorted(categories) == [f"{place} {name}" for place, name in enumerate(names, start=1)]
    shown = {name: list(chain.from_iterable(found.values())) for name, found in categories.items()}
    assert {path.rpartition("/")[0] for path in shown["6 Examples"]} == {"results/first/examples/test"}
    assert "results/first/provenance/test/ro-crate-preview.html" in shown["7 Provenance"]
    assert {f"results/first/misread/{name}.png" for name in ("val", "test")} <= set(shown["4 Scores"])
    assert {f"results/first/missing_labels/{name}.html" for name in ("val", "test")} <= set(shown["4 Scores"])
    # It begins with what the run comes to, and all tables can be looked at.
    first = json.JSONDecoder().raw_decode(report.partition("workflow_desc = ")[2])[0]
    figures = [item.text_content().split() for item in html.fromstring(first).findall(".//ul[@class='figures']/li")]
    assert [words[1:] for words in figures][::2] == [["F1", "on", "test"], ["pages", "read"]]
    assert figures[1][1:] == ["character", "error", "rate", "(CER)"]
    assert re.search(r"[\d.]+ hours of computing, in \d+ jobs", html.fromstring(first).text_content())
    assert not [path for paths in shown.values() for path in paths if path.endswith(".csv")]
    assert not any(
        "overlays" in path for paths in shown.values() for path in paths
    )  # all pages, which may be thousands
    # Every entry has its caption.
    results = json.JSONDecoder().raw_decode("{" + report.partition("var results = {")[2])[0]
    assert [path for paths in shown.values() for path in paths if not results[path]["caption"].strip()] == []


def test_networks_of_other_architectures_are_a_matter_of_configuration(miniature, tmp_path):
    """A Cascade R-CNN and an RTMDet train and read together; nothing of the detectors before is made again."""
    done = copied(miniature.checkout, tmp_path / "checkout")
    shutil.copytree(ROOT / "tests/helpers/networks", done / "networks")
    brief = {"milestones": [], "warmup_iterations": 0, "optimizer": "adamw", "learning_rate": 0.002, "crop": 160}
    trainings = {name: brief | {"model": f"networks/{name}.py"} for name in ("cascade_rcnn", "rtmdet")}
    settings = {
        "detector_trainings": trainings,
        "detectors": {"000060": None} | {name: {"training": name, "iteration": 20} for name in trainings},
        "detect": {"score": 0.001, "mode": "fast"},
        "classifiers": {"02_rgb_icap": None},
    }
    (done / "more.yaml").write_text(yaml.safe_dump(settings))
    configured = ["--configfile", "profiles/demo/settings.yaml", str(MINIATURE), "more.yaml", "--cores", "2", "--"]
    merged = "results/first/merged/test.parquet"
    jobs = planned(snakemake("--dry-run", *configured, "results/detector/000120.pth", cwd=done))
    assert jobs == {"detector": 1, "snapshot": 1}  # fewer snapshots are asked of it
    jobs = planned(snakemake(*configured, *(f"results/detector/{name}.pth" for name in trainings), cwd=done))
    assert jobs == {"detector": 2, "snapshot": 2}
    (done / "more.yaml").write_text(
        yaml.safe_dump(settings | {"detectors": {"000060": None, "000120": None, **settings["detectors"]}})
    )
    snakemake(*configured, merged, cwd=done)
    assert set(read_table(done / merged, "merged")["detector"]) == set(trainings)


def test_exported_classifiers_have_a_share_of_what_they_started_from(later):
    """By the means of batch norms, which are written whole, and which so short a training moves far."""
    results = later.checkout / "results"
    for name in ("01_gray_mixup", "02_rgb_icap"):
        trained, start = (
            torch.load(results / f"{kind}/classifiers/{name}.pth", weights_only=True)["best"]
            for kind in ("refine", "pseudo")
        )
        exported = load_file(results / f"refine/export/classifiers/{name}.safetensors")
        means = [key for key in exported if key.endswith("running_mean")]
        assert means
        for key in means:
            torch.testing.assert_close(exported[key], 0.75 * trained[key] + 0.25 * start[key])
            assert not torch.allclose(exported[key], trained[key])


def test_exported_networks_are_read_as_the_small_ones(later, tmp_path):
    done = copied(later.checkout, tmp_path / "checkout")
    files = shutil.copytree(done / "results/refine/export", done / "resources/small", dirs_exist_ok=True)
    boosters = [shutil.copy(path, files) for path in sorted((done / "results/refine/booster").glob("fold_*.txt"))]
    settings = {
        "round": "small",
        "small": {
            "detectors": {"small": "resources/small/detectors/000120.safetensors"},
            "classifiers": {
                "small_01": "resources/small/classifiers/01_gray_mixup.safetensors",
                "small_02": "resources/small/classifiers/02_rgb_icap.safetensors",
            },
            "boosters": [f"resources/small/{path.name}" for path in map(Path, boosters)],
            "settings": dict.fromkeys(["denoise", "crops", "detect", "classify"]),  # as those that were exported
        },
    }
    (done / "small.yaml").write_text(yaml.safe_dump(settings))
    configured = ["--configfile", "profiles/demo/settings.yaml", str(MINIATURE), "small.yaml", "--cores", "2", "--"]
    targets = ["results/small/recognized/test.parquet", "results/small/text/test"]
    jobs = planned(snakemake(*configured, *targets, cwd=done))
    assert jobs.items() >= {"import_small_detector": 1, "import_small_classifier": 2, "detect": 2, "text": 1}.items()
    assert not {"detector", "classifier", "booster", "tune"} & jobs.keys()
    assert len(read_table(done / targets[0], "recognized"))
    (found,) = [read_table(done / f"results/detections/test/{name}.parquet", "detections") for name in ["000120"]]
    chunks = sorted((done / "results/detections/test/small").glob("*.parquet"))
    small = pd.concat([read_table(path, "detections") for path in chunks])
    assert abs(len(small) - len(found)) <= 0.1 * len(found)  # half precision moves a box or two over the limit

    # Labels of one page tune their classifiers to its book, and they read its other pages.
    drawn = done / "results/synthetic/drawn_test"
    shutil.copytree(drawn / "images", done / "scans")
    labels = pd.read_csv(drawn / "labels.csv", keep_default_na=False)
    labels[labels["image_id"].str.startswith("hana")].to_csv(done / "mine.csv", index=False)
    books = {"hana": {"pages": 1}, "kaze": None, "tsuki": None, "mori": {"pages": 1}}
    replay = {"width": 480, "height": 672, "codepoints": 12, "layouts": None, "books": books}
    settings["page_sets"] = {"replay": {"synthetic": replay}}
    settings["adaptation"] = {"training": {"sampling": {"crops": 64}, "batch_size": 32}}
    (done / "adapt.yaml").write_text(yaml.safe_dump(settings))
    files = ["profiles/demo/settings.yaml", str(MINIATURE), "profiles/adapt/settings.yaml", "adapt.yaml"]
    adapt = ["--cores", "2", "--configfile", *files, "--config", "read=scans", "adapt=mine.csv", "--", "adapt"]
    run_of_adapt = snakemake(*adapt, cwd=done)
    assert planned(run_of_adapt).items() >= {"adapt_classifier": 2, "crops": 2, "folds": 1}.items()
    assert "make read IMAGES=scans WEIGHTS=adapted" in run_of_adapt.stdout
    for name in ("small_01", "small_02"):
        before, after = (
            torch.load(done / f"results/{kind}/classifiers/{name}.pth", weights_only=True)
            for kind in ("small", "adapted")
        )
        assert set(before["charset"]) <= set(after["charset"])
        assert not torch.equal(before["best"]["head.weight"], after["best"]["head.weight"][: len(before["charset"])])
    read = ["--profile", "profiles/read", "--configfile", *files[:2], "small.yaml", "--config", "read=scans"]
    said = snakemake(*read, "round=adapted", "--", "read", cwd=done).stdout
    assert "classifiers adapted to a book: small, small_01, small_02" in said
    assert "results/adapted/viewer/scans.html" in said
    rated = pd.read_csv(done / "results/adapted/confidence/scans.csv", keep_default_na=False)
    assert set(rated["image_id"]) == {path.stem for path in (done / "scans").glob("*.jpg")}
