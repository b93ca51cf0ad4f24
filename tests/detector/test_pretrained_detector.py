"""ImageNet weights for the detector, from a server that stands in for the public one."""

import hashlib

import pytest
from servers_for_tests import serving_files

from kuzushiji.common.errors import InputError
from kuzushiji.detector.pretrained_detector import ADDRESSES, fetch_detector

CONTENT = b"weights" * 1000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.fixture
def address(tmp_path):
    (tmp_path / "served").mkdir()
    for digits in (DIGITS, "01234567"):
        (tmp_path / f"served/resnet50_msra-{digits}.pth").write_bytes(CONTENT)
    with serving_files(tmp_path / "served") as address:
        yield address


def test_weights_are_fetched_and_compared_with_their_name(address, tmp_path):
    fetch_detector(f"{address}/resnet50_msra-{DIGITS}.pth", tmp_path / "weights.pth")
    assert (tmp_path / "weights.pth").read_bytes() == CONTENT
    with pytest.raises(InputError, match=f'invalid hash value .expected "01234567", got "{DIGITS}'):
        fetch_detector(f"{address}/resnet50_msra-01234567.pth", tmp_path / "other.pth")
    assert not (tmp_path / "other.pth").exists()


def test_every_published_name_tells_its_checksum():
    for address in ADDRESSES.values():
        int(address.rpartition("-")[2].removesuffix(".pth"), 16)


def test_weights_out_of_reach_say_where_to_put_them(address, tmp_path):
    with pytest.raises(InputError, match=r"cannot be downloaded.*put it at .*weights\.pth"):
        fetch_detector(f"{address}/gone-00.pth", tmp_path / "weights.pth")
