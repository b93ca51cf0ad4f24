"""Images that come in count by content, though Snakemake itself looks at none of them."""

import os
import shutil

import pytest
import yaml
from conftest import planned, snakemake
from PIL import Image

TARGETS = ["results/pages/part.parquet", "results/denoised/mine/0", "results/denoised/mine/1"]


@pytest.fixture
def read(checkout):
    """The folder of images in a checkout that checked and denoised them, in two chunks, and what runs it again."""
    images = checkout / "images"
    images.mkdir()
    for number in (1, 2, 4, 5):  # two in each chunk
        Image.new("RGB", (60, 80), (200, 10 * number, 90)).save(images / f"hana001-00{number}.png")
    (checkout / "mine.yaml").write_text(
        yaml.safe_dump(
            {
                "page_sets": {"mine": {"images": "images"}, "part": {"of": ["mine"]}},
                "chunks": 2,
                "denoise": {"strength": 0},
            }
        )
    )

    def run(*arguments):
        return planned(snakemake("--cores", "2", "--configfile", "mine.yaml", *arguments, "--", *TARGETS, cwd=checkout))

    assert run() == {"pages": 1, "subset": 1, "denoise": 2}
    return images, run


def test_images_count_by_content(read):
    images, run = read
    assert run("--dry-run") == {}
    for path in [*images.iterdir(), images]:
        path.touch()
    assert run("--dry-run") == {}
    copy = shutil.copytree(images, images.with_name("copy"), copy_function=shutil.copy)
    shutil.rmtree(images)
    copy.rename(images)
    assert run("--dry-run") == {}

    image = images / "hana001-001.png"
    before, status = image.read_bytes(), image.stat()
    changed = {"pages": 1, "subset": 1, "denoise": 1}
    Image.open(image).convert("L").save(image)
    assert run("--dry-run") == changed
    image.write_bytes(before)
    assert run("--dry-run") == {}

    # Another image with an older time, which Snakemake's own triggers miss.
    Image.open(image).convert("L").save(image)
    os.utime(image, (status.st_atime - 1e6, status.st_mtime - 1e6))
    assert run("--dry-run") == changed
    run()
    assert run("--dry-run") == {}
    image.touch()
    assert run("--dry-run") == {}
    image.write_bytes(before)
    assert run("--dry-run") == changed


def test_a_page_more_and_a_page_less_are_noticed(read):
    images, run = read
    shutil.copy(images / "hana001-001.png", images / "hana001-009.png")
    more = {"pages": 1, "subset": 1, "denoise": 1}
    assert run("--dry-run") == more
    (images / "hana001-009.png").unlink()
    assert run("--dry-run") == {}
    (images / "hana001-001.png").unlink()
    assert run("--dry-run") == more


def test_denoising_does_not_follow_the_checks(read):
    _, run = read
    assert run("--dry-run", "--config", "pages={max_megapixels: 100}") == {"pages": 1, "subset": 1}
    # Checks that were made alone save what follows, and forget no image.
    run("--config", "pages={max_megapixels: 100}", "--until", "pages")
    assert run("--dry-run", "--config", "pages={max_megapixels: 100}") == {}
