"""Files of the false-positive predictors: LightGBM's text, with the variant of their features."""

from pathlib import Path

import lightgbm as lgb

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.postprocess.features import FEATURES

# A line of LightGBM's header, which skips the keys it does not know.
_VARIANT = "feature_variant="
_BEFORE = "feature_names="


def save_booster(model: lgb.Booster, path: Path, variant: str) -> None:
    """Write `model` as text, with the `variant` of its features."""
    head, rest = model.model_to_string().split(_BEFORE, 1)
    with replacing(path) as partial:
        partial.write_text(f"{head}{_VARIANT}{variant}\n{_BEFORE}{rest}")


def load_booster(path: Path, variant: str) -> lgb.Booster:
    """Read a booster for features of this `variant`; a file without a variant, as other programs write, is "published".

    Raises `InputError` if the file is not a LightGBM text model, or needs other features or another variant.
    """
    try:
        text = Path(path).read_text()
        model = lgb.Booster(model_str=text)
    except (OSError, UnicodeDecodeError, lgb.basic.LightGBMError) as error:
        raise InputError(f"{path}: not a LightGBM text model ({error}); train or import the boosters again") from error
    if model.feature_name() != FEATURES:
        raise InputError(
            f"{path}: this booster wants other features than the {len(FEATURES)} of this workflow; "
            "train the boosters again, or import the published ones"
        )
    noted = [line.removeprefix(_VARIANT) for line in text.splitlines()[:20] if line.startswith(_VARIANT)]
    trained_on = noted[0] if noted else "published"
    if trained_on != variant:
        raise InputError(
            f"{path}: this booster was trained on the {trained_on} features, these are the {variant} ones; "
            f"set booster.features: {trained_on}, or train the boosters again"
        )
    return model
