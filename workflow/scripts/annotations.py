"""Writes the text of every page as web annotations on IIIF canvases.

In: boxes in reading order, their alternatives, pages. Out: a folder of JSON files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.annotations import Place, write_annotations
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = read_transcripts(snakemake.input)
places = {image_id: Place(*place) for image_id, place in settings.get("places", {}).items()}
write_annotations(pages, settings["canvas"], settings["granularity"], Path(snakemake.output[0]), places)
