# Settings of denoise.smk.
DENOISING = {key: value for key, value in config["denoise"].items() if key != "engine"}


def denoise_settings(wildcards):
    crops = Path(f"results/crops/{wildcards.image_set}/{wildcards.chunk}.arrow")
    trained = any(path for training in TRAINED_ROUNDS for path in Path("results", training).glob("classifiers/*.pth"))
    if DENOISED_OTHERWISE and trained and crops.exists():
        raise InputError(
            f"small.settings: denoise: networks were trained here on {wildcards.image_set}, of pages denoised otherwise, and all that "
            f"follows would be stale; let round {ROUND} read these pages in a directory of its own: add --directory {ROUND}"
        )
    pages = pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]
    return dict(DENOISING, pages=[[page.image_id, page.path] for page in pages])
