"""The classifiers on a GPU: against the golden logits and the CPU, in every precision, and what they cost.

`make test-gpu`, or `PYTHONPATH=workflow:tests/helpers python tests/gpu/test_gpu_classifier.py` from the root.
"""

import itertools
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import torch
import yaml
from crops_for_tests import CHARSET, SETTINGS, draw_crops
from gpu_for_tests import GOLDEN, ROOT, exact, figure, folder, on_cpu, peak, run, seconds
from published_files import CLASSIFIERS, classifier_checkpoint, save

from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.classifier.classify import classify
from kuzushiji.classifier.loader import Crops, as_pixels, find_crops
from kuzushiji.classifier.model import KIND, build_classifier, load_classifier, normalize
from kuzushiji.classifier.run import Rows, Run
from kuzushiji.classifier.transforms import draw
from kuzushiji.common.compute import loaders
from kuzushiji.crops.crops import open_crops
from kuzushiji.published.import_classifier import import_classifier

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
MEASURED = ["01_efficientnet_b4", "02_resnet152", "03_seresnext101"]
WORKERS = max(1, loaders(os.cpu_count()))
BATCHES = 12
PAGES = {"a": GOLDEN / "denoise_output.png"}

CHILD = """
import sys
sys.path[:0] = ["tests/gpu", "tests/helpers"]
from pathlib import Path
from test_gpu_classifier import start
start(Path(sys.argv[1]), 40)
"""


def settings_of(name: str) -> dict:
    """A classifier's settings of training, from random weights."""
    own = CONFIG["classification"] | CONFIG["classifiers"][name]
    return own | {"max_training": CONFIG["folds"]["max_training"], "pretrained": False}


def detections(count: int) -> pd.DataFrame:
    """Boxes of characters' size on the golden page, 400 x 480 pixels, none a duplicate."""
    rng = np.random.default_rng(0)
    low = rng.uniform(0, [340, 420], (count, 2))
    table = pd.DataFrame(np.hstack([low, low + rng.uniform(40, 60, (count, 2))]).astype(np.float32))
    table.columns = ["x_min", "y_min", "x_max", "y_max"]
    return table.assign(image_id="a", box=np.arange(count, dtype=np.int32), detector_score=np.float32(0.5))


def saved(settings: dict, classes: int = 4212):
    torch.manual_seed(0)
    model = build_classifier(settings, classes, 0.05).eval()
    charset = [f"U+{0x4E00 + place:04X}" for place in range(classes)]
    content = {"kind": KIND, "charset": charset, "settings": settings, "best": model.state_dict()}
    torch.save(content, folder() / "classifier.pth")
    return folder() / "classifier.pth"


def test_golden_logits():
    """Those of the original on a CPU: within 0.002; with TF32, bfloat16 or float16 the first class is the same."""
    golden = np.load(GOLDEN / "classifier_golden.npz")
    for case in CLASSIFIERS:
        source = save(classifier_checkpoint(case), folder() / "published.model")
        import_classifier(source, folder() / "own.pth", {**CLASSIFIERS[case], "temperature": 0.05})
        model, _, settings = load_classifier(folder() / "own.pth")
        gray = settings["channels"] == "gray"
        images = torch.from_numpy(golden[f"input_{'gray' if gray else 'rgb'}{settings['input_size']}_u8"]).float() / 255
        images = normalize(images[:, None] if gray else images.permute(0, 3, 1, 2), settings).cuda()
        model, expected = model.cuda(), torch.from_numpy(golden[f"{case}_logits"])
        with torch.inference_mode():
            with exact():
                assert (model(images).cpu() - expected).abs().max() <= 2e-3
            for dtype in (None, torch.bfloat16, torch.float16):
                with torch.autocast("cuda", dtype, enabled=dtype is not None):
                    found = model(images).cpu()
                figure(f"golden logits, {case}, {dtype or 'TF32'}, largest error", (found - expected).abs().max(), "")
                assert (found - expected).abs().max() <= 2


def test_classes_on_both():
    path = saved(SETTINGS, 50)
    settings = CONFIG["classify"] | {"batch_size": 64}
    with on_cpu():
        expected = classify(path, detections(40), PAGES, settings)
    for change in ({}, {"cut": "torch"}):
        with exact():
            found = classify(path, detections(40), PAGES, settings | change)
        same = (found["codepoint"] == expected["codepoint"]).mean()
        assert same >= (0.95 if change else 1)
        assert np.abs(found["probability"] - expected["probability"]).max() <= (0.05 if change else 1e-3)


def test_a_classification_takes():
    for name in MEASURED:
        path = saved(settings_of(name))
        for change in ({}, {"cut": "torch"}, {"cut": "torch", "precision": "bfloat16"}):
            settings = CONFIG["classify"] | {"duplicate_iou": 1.0} | change
            boxes, pages = [], {}
            for number in range(8):
                boxes.append(detections(250).assign(image_id=f"p{number}"))
                pages[f"p{number}"] = PAGES["a"]
            table = pd.concat(boxes, ignore_index=True)
            classify(path, table[:250], pages, settings, 2)
            took = seconds(classify, path, table, pages, settings, 2)
            figure(f"classify, {name}, seven crops, {change or 'exact'}", len(table) / took, "boxes/s")


def test_a_training_takes():
    rows = draw_crops(folder())
    crops = [folder() / "0.arrow"]
    places, labels = find_crops(open_crops(crops), rows, CHARSET)
    for name, transforms in itertools.product(MEASURED, ("opencv", "torch")):
        settings, rng = settings_of(name) | {"transforms": transforms}, np.random.default_rng(0)
        count = BATCHES * settings["batch_size"]
        chosen = rng.choice(len(places), count)
        uniform = np.full(count, 1 / count)
        everything = Rows(places[chosen], labels[chosen], np.ones(count, np.float32), uniform)
        training = Run(crops, everything, everything, CHARSET, settings, WORKERS)
        training.model.train()
        batches = np.split(np.arange(count), BATCHES)
        tasks = [(everything.places[batch], draw(settings, len(batch), rng)) for batch in batches]
        noise = torch.Generator(training.device).manual_seed(0)

        def load(number=None, training=training, tasks=tasks):
            for task, batch in zip(tasks, training.loader.read(tasks[:number]), strict=False):
                batch = training.crops.finished(batch.to(training.device, non_blocking=True), task)
                yield as_pixels(batch)

        def step(loaded, training=training, batches=batches, rng=rng, noise=noise):
            for images, batch in zip(loaded, batches, strict=False):
                training.update(images, training.targets(batch), rng, noise)

        (one,) = load(1)
        step([one, one])
        alone = [count / seconds(lambda: [None for _ in load()]), count / seconds(step, [one] * BATCHES)]
        with peak(f"train {name}, {transforms}"):
            both = count / seconds(lambda: step(load()))
        for what, value in zip(("loader alone", "step alone", "together"), (*alone, both), strict=True):
            figure(f"train {name}, {transforms}, {what}, {WORKERS} processes", value, "crops/s")
        figure(f"train {name}, {transforms}, together of the slower", 100 * both / min(alone), "%")


def test_transforms_on_both():
    """What OpenCV makes, apart from rounding."""
    rows, settings = draw_crops(folder()), SETTINGS | {"letterbox": True, "elastic": 1.0, "stroke": 0.5, "shear": 0.1}
    places, _ = find_crops(open_crops([folder() / "0.arrow"]), rows, CHARSET)
    task = places, draw(settings, len(places), np.random.default_rng(0))
    reader = Crops([folder() / "0.arrow"], settings | {"transforms": "torch"})
    found = reader.finished(reader[task].cuda(), task).cpu().int()
    with exact():
        assert (found - Crops([folder() / "0.arrow"], settings)[task].int()).abs().float().mean() < 0.01


def start(place, epochs: int) -> None:
    rows = draw_crops(place)
    outputs = Outputs(*(place / kind for kind in ("out.pth", "history", "confusions")))
    settings = {**SETTINGS, "epochs": epochs, "precision": "bfloat16"}
    train([place / "0.arrow"], rows[:60], rows[60:], CHARSET, settings, place / "state", outputs)


def test_a_killed_training_goes_on():
    place = folder() / "killed_classifier"
    place.mkdir()
    child = subprocess.Popen([sys.executable, "-c", CHILD, place], cwd=ROOT)
    while not list(place.glob("state/*/state.pt")):
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    (state,) = place.glob("state/*/state.pt")
    done = len(torch.load(state, weights_only=True)["history"])
    start(place, 40)
    history = pd.read_csv(place / "history")
    assert 0 < done < 40 and len(history) == 40
    assert np.isfinite(history["loss"]).all()


if __name__ == "__main__":
    run(dict(globals()))
