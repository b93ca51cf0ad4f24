"""Upright copies of scans, for formats whose boxes must fit the file that they name.

A scan with an orientation is turned by some programs and not by others; boxes are those of the upright page.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from PIL import Image

from kuzushiji.common.files import replacing
from kuzushiji.common.images import TURNED, read_page
from kuzushiji.text.transcripts import Transcript

_QUALITY = 95  # of JPEG


def with_upright_files(transcripts: Iterable[Transcript], pages: pd.DataFrame, folder: Path) -> Iterator[Transcript]:
    """The `transcripts` of the table `pages`; those of scans that were turned name a copy, `{image_id}.upright.jpg`.

    The copies, which have no orientation, are written to `folder`.
    """
    turned = pages[pages["note"].str.contains(TURNED, regex=False)].set_index("image_id")["path"]
    for transcript in transcripts:
        if transcript.image_id not in turned.index:
            yield transcript
            continue
        name = f"{transcript.image_id}.upright.jpg"
        with replacing(folder / name) as partial:
            Image.fromarray(read_page(turned[transcript.image_id])).save(partial, quality=_QUALITY)
        yield transcript._replace(path=str(folder / name))
