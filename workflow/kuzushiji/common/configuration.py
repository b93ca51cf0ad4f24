"""The configuration put together of its layers, and checked against its schema before anything is planned."""

import difflib
import importlib.util
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from kuzushiji.common.errors import InputError

_LONGEST = 200  # characters of a message
_ARCHITECTURES = Path(__file__).parents[1] / "classifier" / "architectures"


def update(config: dict, changes: Mapping) -> None:
    """Put `changes` over `config`, in place: mappings are merged, unless they are of different kinds.

    Snakemake's `update_config`, except that what has another `kind` or `method` takes the place of what was there.
    """
    for key, value in changes.items():
        known = config.get(key)
        if isinstance(value, Mapping) and isinstance(known, dict) and _kinds(known) | _kinds(value) == _kinds(known):
            update(known, value)
        else:
            config[key] = deepcopy(value)


def _kinds(section: Mapping) -> set[tuple[str, str]]:
    return {(key, section[key]) for key in ("kind", "method") if isinstance(section.get(key), str)}


def check_configuration(config: Mapping, schema: dict, places: Sequence[tuple[str, Mapping]]) -> None:
    """Raise one `InputError` with all problems of `config`, a line each: where it stands, the key, what is wrong.

    `places` are the parts of the configuration with names for them, the strongest first. Of an unknown key the nearest
    known one is named. Beside what `schema` says, numbers must be finite.
    """
    problems = [*_unsuitable(config, schema), *_not_finite(config, ())]
    if problems:
        lines = [f"{_place(path, places)}: {': '.join(map(str, path))}: {what}" for path, what in problems]
        raise InputError("\n".join(dict.fromkeys(lines)))


def check_architecture(section: str, name: str) -> None:
    """Raise `InputError` with the nearest name if timm has no architecture `name`, without importing timm if it has."""
    known = _architectures()
    if name.partition(".")[0] in known:
        return
    import timm  # takes seconds; knows deprecated names too

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, known, n=3)
        advice = f"perhaps {' or '.join(near)}" if near else "`timm.list_models()` lists all"
        raise InputError(f"config.yaml: {section}: architecture: timm has no {name}; {advice}")


def check_training(section: str, settings: Mapping) -> None:
    """Raise `InputError` for `settings` of a classifier that would stop its training after hours of other work."""
    size, tested = settings["input_size"], settings["resize"][1]  # training warps parts of any size
    if tested < size:
        raise InputError(
            f"config.yaml: {section}: resize: crops of input_size {size} cannot be cut from {tested} pixels"
        )
    check_batches(section, settings)


def check_batches(section: str, settings: Mapping) -> None:
    """Raise `InputError` if `settings`, which may be some of a training's, mix pairs in batches of an odd number."""
    batch = settings.get("batch_size", 2)
    if settings["sampling"]:  # of fewer crops, all are one batch
        batch = min(batch, settings["sampling"]["crops"] // 2 * 2)
    if batch % 2 and (settings.get("mixing") or {}).get("method") == "mixup":
        raise InputError(f"config.yaml: {section}: batch_size: mixup mixes pairs, so it has to be even, not {batch}")


def check_shares(section: str, shares: Collection[str], there: Collection[str]) -> None:
    """Raise `InputError` unless `shares` names just the page sets `there`, which pages of training come from."""
    problems = [f"no page of training is of {name} itself" for name in sorted(set(shares) - set(there))]
    problems += [f"{name} has no share" for name in sorted(set(there) - set(shares))]
    if problems:
        raise InputError(
            f"config.yaml: {section}: sampling: shares: {'; '.join(problems)}; name the page sets that have images, of "
            f"which {', '.join(sorted(there))} are trained on, and no subsets"
        )


def check_ranges(section: str, settings: Mapping) -> None:
    """Raise `InputError` if a list of two numbers among `settings` falls."""
    for name, value in settings.items():
        if isinstance(value, list) and value[0] > value[1]:
            raise InputError(f"config.yaml: {section}: {name}: {value} falls; give the smaller bound first")


@cache
def _architectures() -> frozenset[str]:
    """The names that the sources of timm and of `classifier.architectures` register."""
    folders = [Path(importlib.util.find_spec("timm").origin).parent / "models", _ARCHITECTURES]
    sources = (file.read_text(encoding="utf-8") for folder in folders for file in folder.glob("*.py"))
    return frozenset(name for text in sources for name in re.findall(r"@register_model\ndef (\w+)\(", text))


def _unsuitable(config: Mapping, schema: dict) -> Iterator[tuple[tuple, str]]:
    for error in Draft202012Validator(schema).iter_errors(config):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and error.validator_value is False:
            known = error.schema.get("properties", {})
            for key in [key for key in error.instance if key not in known]:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
                advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                yield (*path, key), f"there is no such key; {advice}"
        else:
            yield path, _message(error)


def _message(error: ValidationError) -> str:
    if error.validator == "pattern" and "description" in error.schema:
        return f"{error.instance}: {error.schema['description']}"
    if error.validator == "oneOf":
        keys = [part["required"][0] for part in error.validator_value if "required" in part]
        if keys and isinstance(error.instance, dict) and len(set(keys)) == len(keys):
            return f"must have one of {', '.join(keys)}, and no more than one"
    text = error.message
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def _not_finite(value, path: tuple) -> Iterator[tuple[tuple, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path, f"{value} is no finite number"
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _not_finite(part, (*path, key))


def _place(path: tuple, places: Sequence[tuple[str, Mapping]]) -> str:
    return next((name for name, part in places if _has(part, path)), "the configuration")


def _has(part, path: tuple) -> bool:
    for key in path:
        try:
            part = part[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True
