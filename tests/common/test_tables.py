"""The tables that stages exchange."""

import re

import pandas as pd

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import read_table, write_table


def test_a_damaged_table_is_named_with_the_way_on(tmp_path):
    """Its end, which says what it holds, is whole; without checksums other numbers would be read."""
    path = tmp_path / "folds.parquet"
    table = pd.DataFrame({"image_id": [f"page {number}" for number in range(300)], "box": 0, "codepoint": "U+3042"})
    write_table(table, path, "folds")
    content, whole = path.read_bytes(), read_table(path, "folds")
    refused = 0
    for place in range(50, len(content) // 2, 61):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        try:
            assert read_table(path, "folds").equals(whole)  # what was damaged is not read, such as a statistic
        except InputError as error:
            assert re.search(r"folds.parquet: cannot be read.*delete it and start the same command again", str(error))
            refused += 1
    assert refused
