"""Reading own scans: what is planned and checked for them, and adapting to them."""

import re
import shutil

import yaml
from conftest import planned, snakemake
from PIL import Image

from kuzushiji.common.stages import STAGES
from kuzushiji.common.tables import read_table
from kuzushiji.pages.manifest import manifest_path

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
    assert jobs.items() >= {"unpack": 1, "pages": 2, "truth": 2, "adapt_classifier": 1}.items()
    snakemake(*adapt, "results/truth/labelled.parquet", cwd=checkout)
    truth = read_table(checkout / "adapted/results/truth/labelled.parquet", "truth")
    assert truth["image_id"].tolist() == ["book_0002", "second_1", "second_1"]
    unpacked = (checkout / "adapted/results/unpacked/labelled").rglob("*.png")
    assert sorted(path.stem for path in unpacked) == ["book_0002", "second_1"]  # the labelled pages alone
    (checkout / "labels.csv").write_text(f"image_id,labels\nbook_0004,{row}\n")
    run = snakemake("--dry-run", *adapt, "adapt", cwd=checkout, check=False)
    assert "book_0004 has labels, but no image in" in re.sub(r"\s+", " ", run.stdout + run.stderr)


def test_a_book_with_the_name_of_the_held_out_one_is_not_adapted_to(checkout):
    (checkout / "mori").mkdir()
    Image.effect_noise((480, 672), 40).save(checkout / "mori/mine.jpg")
    (checkout / "labels.csv").write_text("image_id,labels\nmine,U+3042 10 10 50 50\n")
    adapt = ["--dry-run", "--profile", "profiles/adapt", "--config", "adapt=labels.csv", "read=mori", "--", "adapt"]
    run = snakemake(*adapt, cwd=checkout, check=False)
    assert run.returncode
    assert "the labelled pages are of a book called mori, too" in re.sub(r"\s+", " ", run.stdout + run.stderr)
    (checkout / "mori").rename(checkout / "hayashi")
    adapt[5] = "read=hayashi"
    assert planned(snakemake(*adapt, cwd=checkout))["adapt_classifier"] == 1
    # What is adapted can be passed on, with a share of what it was before.
    target = "results/adapted/export/classifiers/small_01.safetensors"
    share = [*adapt[:6], "export={start_share: 0.5}", "--", target]
    assert planned(snakemake(*share, cwd=checkout)).items() >= {"adapt_classifier": 1, "export_classifier": 1}.items()
    small = [target.replace("adapted", "small") if word == target else word for word in share]
    run = snakemake(*small, cwd=checkout, check=False)
    assert "export.start_share: what round small started from is not here" in re.sub(
        r"\s+", " ", run.stdout + run.stderr
    )


def test_what_cannot_be_adapted_with_stops_before_anything_is_planned(checkout):
    (checkout / "100241706").mkdir()
    Image.effect_noise((480, 672), 40).save(checkout / "100241706/100241706_1.jpg")
    (checkout / "labels.csv").write_text("image_id,labels\n100241706_1,U+3042 10 10 50 50\n")
    # The replayed pages may be a subset.
    sets = {"part": {"of": ["replay"], "books": ["mori", "hana"]}, "bare": {"images": "100241706"}}
    sets["same"] = {"images": "100241706", "labels": "labels.csv"}
    (checkout / "more.yaml").write_text(yaml.safe_dump({"page_sets": sets}))
    adapt = ["--dry-run", "--profile", "profiles/adapt", "--configfile", "profiles/adapt/settings.yaml", "more.yaml"]
    adapt += ["--config", "adapt=labels.csv", "read=100241706"]
    for change, message in [
        ("replay: part", None),
        ("replay: bare", "adaptation.replay: the page set bare needs `labels`"),
        ("validation_book: gone", "adaptation.validation_book: replay has no pages of gone"),
        ("replay: same, validation_book: 13", "adaptation.validation_book: same has no pages of 13"),
        ("replay: same, validation_book: 100241706", "the labelled pages are of a book called 100241706, too"),
        ("training: {batch_size: 3, mixing: {method: mixup, alpha: 0.2}}", "mixup mixes pairs"),
    ]:
        run = snakemake(*adapt, f"adaptation={{{change}}}", "--", "adapt", cwd=checkout, check=not message)
        said = re.sub(r"\s+", " ", run.stdout + run.stderr)
        assert message in said if message else planned(run)["adapt_classifier"] == 1, (change, said[-600:])
        assert "Traceback" not in said


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
    other = planned(snakemake("--dry-run", *read, "pages={max_megapixels: 100}", "--", table, cwd=checkout))
    assert "pages" in other and "fetch" not in other
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
