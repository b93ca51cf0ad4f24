"""What a detector and a classifier may make of true boxes."""

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS

PERFECT = {"jitter": 0.0, "dropped": 0.0, "spurious": 0.0, "first": 1.0, "listed": 1.0}
# As the first small networks read books that they had not seen.
USUAL = {"jitter": 0.08, "dropped": 0.04, "spurious": 0.05, "first": 0.65, "listed": 0.85}
TOP = 10


def simulated(truth: pd.DataFrame, seed: int, **odds: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables "merged" and "alternatives" of pages with the true boxes `truth`, as of imperfect networks.

    odds: standard deviation of the corners in sides (`jitter`), shares of `dropped` and of further, `spurious` boxes,
    of boxes whose character is the `first` and is among the ten `listed`. Other characters are those of the page, in
    proportion to their frequency, so that confusions are likely ones.
    """
    rng = np.random.default_rng(seed)
    odds = {**USUAL, **odds}
    merged, alternatives = [], []
    for image_id, page in truth.groupby("image_id"):
        page = page[rng.random(len(page)) >= odds["dropped"]]
        corners, real = page[CORNERS].to_numpy(float), np.ones(len(page), dtype=bool)
        size = np.tile(corners[:, 2:] - corners[:, :2], 2)
        corners = corners + rng.normal(0, 1, corners.shape) * odds["jitter"] * size
        count = round(odds["spurious"] * len(page))
        noise = corners[rng.integers(0, len(page), count)] if count else corners[:0]
        shift = rng.uniform(-1.2, 1.2, (count, 2)) * (noise[:, 2:] - noise[:, :2])
        noise = noise + np.tile(shift, 2)
        corners, real = np.concatenate([corners, noise]), np.concatenate([real, np.zeros(count, dtype=bool)])
        own = [*page["codepoint"], *[None] * count]
        lists = [_listed(code, page["codepoint"].to_numpy(object), rng, odds) for code in own]
        score = np.where(real, rng.beta(8, 1.5, len(own)), rng.uniform(0.3, 0.9, len(own)))
        table = pd.DataFrame(np.rint(corners).astype(int), columns=CORNERS).assign(
            image_id=image_id, box=np.arange(len(own)), detector_score=score, detector="one"
        )
        table["codepoint"] = [names[0] for names, _ in lists]
        table["probability"] = [shares[0] for _, shares in lists]
        merged.append(table)
        alternatives.append(
            table[["image_id", "box"]].assign(
                codepoints=[names for names, _ in lists], probabilities=[shares for _, shares in lists]
            )
        )
    return pd.concat(merged, ignore_index=True), pd.concat(alternatives, ignore_index=True)


def _listed(code: str | None, page: np.ndarray, rng: np.random.Generator, odds: dict) -> tuple[list[str], np.ndarray]:
    others = [name for name in dict.fromkeys(rng.permutation(page)) if name != code]
    others += [f"U+{number:04X}" for number in rng.permutation(np.arange(0x4E00, 0x5E00))[:TOP]]
    names = others[:TOP]
    luck = rng.random()
    if code is not None and luck < odds["listed"]:
        names.insert(0 if luck < odds["first"] else min(int(rng.geometric(0.4)), TOP - 1), code)
    names = names[:TOP]
    lead = rng.beta(4, 1.2) if code is not None and luck < odds["first"] else rng.beta(2, 2)
    rest = np.sort(rng.dirichlet(np.full(TOP - 1, 0.3)))[::-1] * (1 - lead) * 0.9
    shares = np.concatenate([[max(lead, rest[0] if len(rest) else 0)], rest])
    return names, shares
