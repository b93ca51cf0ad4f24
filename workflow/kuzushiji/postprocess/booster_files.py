"""Files of the false-positive predictors: LightGBM's text, with the variant of their features."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import lightgbm as lgb

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.postprocess.features import FEATURES

# A line of LightGBM's header, which skips the keys it does not know.
_VARIANT = "feature_variant="
_BEFORE = "feature_names="
_REMEDY = "delete it and start the same command again, which makes it anew (one of resources: `git restore` it)"
# Reads and uses every file, and says which one before.
_TRY = """
import sys
import lightgbm
for number, path in enumerate(sys.argv[1:]):
    print(number, flush=True)
    model = lightgbm.Booster(model_file=path)
    model.predict([[0.0] * model.num_feature()], num_threads=1)
"""


def save_booster(model: lgb.Booster, path: Path, variant: str) -> None:
    """Write `model` as text, with the `variant` of its features."""
    head, rest = model.model_to_string().split(_BEFORE, 1)
    with replacing(path) as partial:
        partial.write_text(f"{head}{_VARIANT}{variant}\n{_BEFORE}{rest}")


def load_boosters(paths: Sequence[Path], variant: str) -> list[lgb.Booster]:
    """`load_booster` of every file, after a process of its own has tried them: a damaged one may end LightGBM's.

    Raises `InputError` with the file's name and what to do.
    """
    command = [sys.executable, "-c", _TRY, *map(str, paths)]
    # LightGBM quotes a damaged file's own bytes, which need not be text.
    run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    tried = [line for line in run.stdout.splitlines() if line.isdigit()]  # beside what LightGBM says
    if run.returncode and tried:
        path = paths[int(tried[-1])]
        said = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]
        raise InputError(f"{path}: not a LightGBM text model, or a damaged one ({said[-200:]}); {_REMEDY}")
    return [load_booster(path, variant) for path in paths]


def load_booster(path: Path, variant: str) -> lgb.Booster:
    """Read a booster for features of this `variant`; a file without a variant, as other programs write, is "published".

    Raises `InputError` if the file is not a LightGBM text model, or needs other features or another variant.
    """
    try:
        text = Path(path).read_text()
        model = lgb.Booster(model_str=text)
    except (OSError, UnicodeDecodeError, lgb.basic.LightGBMError) as error:
        raise InputError(f"{path}: not a LightGBM text model ({error}); {_REMEDY}") from error
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
