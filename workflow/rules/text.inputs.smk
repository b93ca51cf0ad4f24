# Inputs and settings of text.smk.
from kuzushiji.pages.corrections import texts_in


def library_canvases(page_set):
    """Settings of `annotations` for pages that come by a library's IIIF manifest: their places on its canvases."""
    fetched = [name for name in page_sets.sources(PAGE_SETS, page_set) if page_sets.fetched(PAGE_SETS[name])]
    known = {image_id: place for name in fetched for image_id, place in page_sets.canvases(PAGE_SETS[name]).items()}
    places = {page.image_id: known[page.image_id] for page in pages_of(page_set) if page.image_id in known}
    return {"places": places} if places else {}
