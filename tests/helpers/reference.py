"""Plain restatements, one box at a time, of what the library computes on whole tables."""

import math
import statistics

NAN = math.nan


def pairwise_suppression(boxes, scores, limit):
    """The kept flags of one page's boxes (integer corners)."""
    dropped = set()
    for i in range(len(boxes)):
        if i in dropped:
            continue
        for j in range(i + 1, len(boxes)):
            if j in dropped or iou(boxes[i], boxes[j]) <= limit:
                continue
            dropped.add(i if scores[j] > scores[i] else j)
    return [i not in dropped for i in range(len(boxes))]


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    both = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1)
    return width * height / (both - width * height)


def features(boxes, page_width, page_height, shared=False, mixed=False):
    """One page's features, a dictionary a box.

    boxes: (x_min, y_min, x_max, y_max, detector score, codepoint, probability).
    """
    measures = [measure(box) for box in boxes]
    page = {}
    for name in ("area", "width", "height", "x", "y"):
        values = [box[name] for box in measures]
        page[f"mean_{name}"] = statistics.fmean(values)
        page[f"std_{name}"] = statistics.stdev(values) if len(values) > 1 else NAN
        page[f"median_{name}"] = statistics.median(values)
    page_area = page_width / page_height if mixed else page_width * page_height
    rows, first_pairs = [], []
    for i, own in enumerate(measures):
        pairs = [(math.dist(at(own), at(other)), own, other) for j, other in enumerate(measures) if j != i]
        nearest = sorted(first_pairs + pairs if shared else pairs, key=lambda pair: pair[0])[:5]
        first_pairs += pairs[:1]  # the entry of this box in the published list, one per page
        *corners, score, codepoint, probability = boxes[i]
        row = {
            "char_score": probability,
            "is_hiragana": float(0x3040 <= int(codepoint[2:], 16) <= 0x309F),
            "bbox_score": score,
            "overlap_rate": sum(overlap(corners, b[:4]) for j, b in enumerate(boxes) if j != i) / own["area"],
            "page_width": page_width,
            "page_height": page_height,
            "x_page_rate": own["x"] / page_width,
            "y_page_rate": own["y"] / page_height,
            "box_num": len(boxes),
            "width_page_rate": own["width"] / page_width,
            "height_page_rate": own["height"] / page_height,
            "area_page_rate": own["area"] / page_area,
            **page,
        }
        for name in ("area", "width", "height", "x", "y"):
            for kind in ("mean", "std", "median"):
                row[f"{name}_{kind}_rate"] = ratio(own[name], page[f"{kind}_{name}"])
        row["y_mean_yrate"] = row.pop("y_mean_rate")
        for k in range(5):
            near = "nearest" + (str(k + 1) if k else "")
            distance, here, there = nearest[k] if k < len(nearest) else (NAN, None, None)
            over = {"width": page_width, "height": page_width if mixed else page_height, "area": page_area}
            for size in ("width", "height", "area"):
                value = there[size] if there else NAN
                row[f"{near}_{size}_page_rate"] = value / over[size]
                for kind in ("mean", "std", "median"):
                    row[f"{near}_{size}_{kind}_rate"] = ratio(value, page[f"{kind}_{size}"])
            row[f"{near}_distance_page_width_rate"] = distance / page_width
            row[f"{near}_distance_page_height_rate"] = distance / page_height
            row[f"{near}_radian"] = math.atan2(there["y"] - here["y"], there["x"] - here["x"]) if there else NAN
        rows.append(row)
    return rows


def measure(box):
    x_min, y_min, x_max, y_max = box[:4]
    width, height = x_max - x_min, y_max - y_min
    return {
        "width": width,
        "height": height,
        "area": width * height,
        "x": round((x_min + x_max) / 2),
        "y": round((y_min + y_max) / 2),
    }


def at(box):
    return box["x"], box["y"]


def overlap(a, b):
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def ratio(value, to):
    return value / to if to else NAN


def match(predictions, truth):
    """The hit flags of one page's (codepoint, x, y) against its (codepoint, x_min, y_min, x_max, y_max)."""
    hits = [False] * len(predictions)
    for codepoint, x_min, y_min, x_max, y_max in truth:
        for k, (name, x, y) in enumerate(predictions):
            if not hits[k] and name == codepoint and x_min < x < x_max and y_min < y < y_max:
                hits[k] = True
                break
    return hits
