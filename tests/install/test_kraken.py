"""That kraken, in an environment of its own, reads our PAGE and ALTO as training data; part of `make test-install`."""

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pytest
from lxml import etree
from snakemake_runs import copy_checkout, snakemake

KRAKEN = "kraken==7.1.1"


@pytest.fixture(scope="module")
def kraken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kraken")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", KRAKEN], check=True)
    return folder / "bin/ketos"


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Where the samples were read to PAGE and ALTO."""
    checkout = copy_checkout(tmp_path_factory.mktemp("read") / "checkout")
    settings = ["--config", "read=resources/samples", "formats=page alto"]
    snakemake("--profile", "profiles/read", *settings, "--", "read", cwd=checkout)
    return checkout


@pytest.mark.parametrize("name", ["page_xml", "alto"])
def test_every_line_is_training_data(kraken, read, tmp_path, name):
    files = sorted((read / "results/small" / name / "samples").glob("*.xml"))
    assert len(files) == 2
    texts = []
    for file in files:
        shutil.copy(file, tmp_path)
        shutil.copy(read / f"resources/samples/{file.stem}.jpg", tmp_path)
        texts += [line_text(element) for element in etree.parse(file).iter("{*}TextLine")]
    command = [kraken, "compile", "-f", "xml", "-o", "lines.arrow", *[file.name for file in files]]
    subprocess.run(command, cwd=tmp_path, check=True)
    with pa.memory_map(str(tmp_path / "lines.arrow")) as source:
        lines = pa.ipc.open_file(source).read_all()
    found = [row["text"] for row in lines["lines"].to_pylist()]
    assert sorted(found) == sorted(texts) and len(texts) > 10
    counts = json.loads(lines.schema.metadata[b"lines"])["counts"]
    assert counts["all"] == len(texts)


def line_text(line: etree._Element) -> str:
    """The text of a line of PAGE, or of ALTO."""
    own = line.find("{*}TextEquiv/{*}Unicode")
    return own.text if own is not None else "".join(part.get("CONTENT") for part in line.findall("{*}String"))
