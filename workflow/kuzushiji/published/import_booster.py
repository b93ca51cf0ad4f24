"""Import of the published false-positive predictor: from pickled LightGBM boosters to LightGBM's text files."""

import os
import pickle
from pathlib import Path

import lightgbm as lgb

from kuzushiji.common.errors import InputError
from kuzushiji.common.untrusted import DAMAGED
from kuzushiji.postprocess.booster_files import save_booster
from kuzushiji.postprocess.features import FEATURES


class _Booster:
    """A stand-in for the pickled class, which takes its attributes and does nothing."""


_ALLOWED = {("lightgbm.basic", "Booster"): _Booster, ("builtins", "set"): set}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]


def import_booster(source: str | os.PathLike, destinations: list[Path]) -> None:
    """Write the boosters pickled in `source`, one per fold, as the text files `destinations`, with all of their trees.

    They give bit-identical predictions, and are marked with the "published" variant of the features. No code in the
    file is run: only stand-ins for LightGBM's booster and plain sets are created. Raises `InputError` with all
    problems: a file of another kind, another number of boosters, other features, a truncated booster.
    """
    try:
        with open(source, "rb") as file:
            content = _Unpickler(file).load()
    except (OSError, *DAMAGED) as error:
        raise InputError(
            f"{source}: cannot be read as pickled boosters ({error}); nothing in it was run; download it again"
        ) from error
    if not isinstance(content, list) or not all(isinstance(one, _Booster) for one in content):
        raise InputError(f"{source}: not a list of boosters; download it again")
    problems = [] if len(content) == len(destinations) else [f"{len(content)} boosters in place of {len(destinations)}"]
    models = []
    for place, one in enumerate(content):
        try:
            models.append(_model(vars(one)))
        except (lgb.basic.LightGBMError, ValueError) as error:
            problems.append(f"booster {place}: {error}")
    if problems:
        raise InputError(f"{source}: {'; '.join(problems)}")
    for model, destination in zip(models, destinations, strict=True):
        save_booster(model, destination, "published")


def _model(attributes: dict) -> lgb.Booster:
    text, best = attributes.get("handle"), attributes.get("best_iteration", -1)
    # LightGBM does not notice all damage: the end of the text must be checked.
    if not isinstance(text, str) or not text.startswith("tree\n") or "\nend of trees" not in text:
        raise ValueError("its text is not LightGBM's")
    model = lgb.Booster(model_str=text)
    if model.feature_name() != FEATURES:
        unknown = ", ".join(sorted(set(model.feature_name()) ^ set(FEATURES))) or "another order"
        raise ValueError(f"it wants other features than the {len(FEATURES)} published: {unknown}")
    if best > 0:
        raise ValueError(f"training stopped it early, at {best} trees; the published ones are used whole")
    return model
