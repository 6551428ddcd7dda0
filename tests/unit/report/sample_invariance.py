"""Results of question 2 made up for tests: several models, one model, no labels, hostile names."""

import base64
import io

import numpy as np
from PIL import Image

from biasscope.core.results import Result, Scalar, interval, table
from tests.unit.report.sample_reports import report

MODELS = ("digits8", "digits8 (antialias)", "digits8 (polyphase)", "digits8 (pac)", "digits8 (circular)")
_CHANGE = {"digits8": 0.10, "digits8 (antialias)": 0.035, "digits8 (polyphase)": 0.04, "digits8 (pac)": 0.09}
MEASURES = {
    "consistency": ("Consistency", "higher", "mean over pairs", 0),
    "top1_change": ("Top-1 change", "lower", "mean", 0),
    "mean_absolute_change": ("Mean absolute change", "lower", "mean", 1),
    "jaggedness": ("Jaggedness, top-1 changes a picture", "lower", "count", 2),
    "accuracy": ("Accuracy per shift", "higher", "mean", 0),
    "worst_case": ("Worst case over the grid", "higher", "worst case", 0),
    "wobble": ("Wobble (max - min probability)", "lower", "mean", 1),
}
KINDS = ("shifts", "rescale", "rotation", "resize", "video", "lie", "published", "models", "images")
SIZES = (16, 24, 32, 48, 64)


def data_uri(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def pictures(count, role, seed=0):
    """Rows of the table ``pictures``: a bright blob with a hole in it, as a stand-in for a digit."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    made = []
    for place in range(count):
        cy, cx, radius = rng.uniform([20, 20, 8], [44, 44, 18]).tolist()
        name = f"scene {place:03d}"
        far = np.hypot(y - cy, (x - cx) * 1.3)
        pixels = (np.exp(-(((far - radius) / 3.5) ** 2)) * 235).astype(np.uint8)
        made.append([name, role, data_uri(pixels, "JPEG" if place % 2 else "PNG"), f"{name}: {place % 10}"])
    return made


def of_rows(name, columns, rows):
    return table(name, {key: [row[place] for row in rows] for place, key in enumerate(columns.split())})


def offsets(grid):
    if grid == "plane":
        return [(dy, dx) for dy in range(-4, 5) for dx in range(-4, 5)]
    if grid == "large":
        return [(dy, dx) for dy in range(40) for dx in range(40)]
    if grid == "axes":
        return [(0, dx) for dx in range(-8, 9)] + [(dy, 0) for dy in range(-8, 9) if dy]
    return [(step, step) for step in range(16)]


def variant(model):
    return model.partition("(")[2].rstrip(")") or "baseline"


def change(model):
    return _CHANGE.get(model, 0.06)


def metrics(models, seed=1, shift="crop window", names=MEASURES, labelled=True):
    rng = np.random.default_rng(seed)
    made = []
    for model in models:
        for name in names:
            title, better, aggregate, kind = MEASURES[name]
            low = change(model)
            value = {0: low, 1: low * 0.7, 2: low * 60}[kind] if better == "lower" else 1 - low * (1 + (kind == 0))
            value += float(rng.normal(0, 0.002))
            width = 0.012 if kind < 2 else 0.5
            if name in ("accuracy", "worst_case") and not labelled:
                value = None
            ends = (None, None) if value is None else (value - width, value + width)
            made.append([model, name, title, value, *ends, 400, better, shift, "fixed original", aggregate])
    columns = "model metric title value low high n better shift reference aggregate"
    return of_rows("metrics", f"{columns} unit", [[*row, "" if row[1] == "jaggedness" else "share"] for row in made])


def floors(models):
    kinds = (("batch layout", 0.0, 1.2e-7), ("bf16", 0.004, 0.0031), ("interpolation", None, None))
    made = [[model, name, changed, far, 400] for model in models for name, changed, far in kinds]
    return of_rows("floors", "model floor changed mean_absolute_change n", made)


def scalars(one):
    columns = [one[key] for key in ("model", "metric", "title", "value", "low", "high", "n", "better")]
    return [
        Scalar(f"{metric}@{model}", value, f"{title}, {model}", interval(low, high), n, better=better)
        for model, metric, title, value, low, high, n, better in zip(*columns, strict=True)
    ]


def shift_map(models, places, labelled, rng):
    made = []
    for model in models:
        for dy, dx in places:
            phase = (dy % 8 != 0) + (dx % 8 != 0)
            agree = 1 - change(model) * (phase * 0.5 + 0.02 * np.hypot(dy, dx)) - rng.uniform(0, 0.01) * bool(phase)
            agree = 1.0 if (dy, dx) == (0, 0) else float(np.clip(agree, 0, 1))
            made.append([model, dy, dx, agree, agree * 0.93 if labelled else None, 400])
    return of_rows("map", "model dy dx agreement accuracy n", made)


def accuracy(c):
    value = 0.93 - c / 2 + 0.3 * (c * 37 % 0.1)
    return value, value - 0.02, value + 0.02


def traces(models, images, steps, labelled, rng):
    made = []
    for image in range(images):
        base = rng.uniform(0.55, 0.95)
        for model in models:
            wave = np.clip(base + change(model) * 3 * np.sin(np.arange(steps) * rng.uniform(0.7, 2)), 0.02, 0.99)
            for step, p in enumerate(wave):
                right = bool(p > 0.5)
                answer = str(image % 10) if right else str((image + 3) % 10)
                row = [model, f"scene {image:03d}", step, step, step, float(p), float(p), answer, right]
                made.append(row if labelled else [*row[:5], None, *row[6:8], None])
    return of_rows("traces", "model image_id step dy dx p_true p_reference answer right", made)


def raster(models, images, shifts, rng):
    made = []
    for model in models:
        share = np.sort(np.clip(rng.beta(6 * (1 - change(model)), 1 + 8 * change(model), images) * 1.2, 0, 1))[::-1]
        cells = rng.random((images, shifts)) < share[:, None]
        made.append([model, images, shifts, cells.astype(int).ravel().tolist()])
    return of_rows("raster", "model images shifts cells", made)


def shifts(models=MODELS, protocol="crop", grid="plane", labelled=True, images=120, seed=3):
    rng = np.random.default_rng(seed)
    places = offsets(grid)
    measured = metrics(models, seed, labelled=labelled)
    told = [
        [m, m.partition(" ")[0], variant(m), 1 - c, 1 - c - 0.011, 1 - c + 0.011]
        + ([*accuracy(c), 0.8 - c] if labelled else [None] * 4)
        + [77_450]
        for m, c in ((model, change(model)) for model in models)
    ]
    worst = [
        [model, f"scene {place:03d}", str(place % 10), 30 - place - shift, "7, 1, 9"]
        for place in range(5)
        for shift, model in enumerate(models[:2])
    ]
    columns = "model family variant consistency consistency_low consistency_high"
    columns += " accuracy accuracy_low accuracy_high worst_case parameters"
    shown = pictures(3, "trace") + pictures(5, "worst")
    return Result(
        "shifts",
        f"{models[0]} changes its answer for 10.0 % of the pairs.",
        "",
        {
            "protocol": protocol,
            "reference": "fixed original",
            "fill": "black" if protocol == "embed" else None,
            "side": 64,
            "grid": grid,
            "shifts": len(places),
            "images": images,
            "labelled": labelled,
            "seed": 0,
        },
        scalars(measured),
        [
            measured,
            of_rows("models", columns, told),
            differences(models),
            shift_map(models, places, labelled, rng),
            traces(models, 3, 16, labelled, rng),
            of_rows("pictures", "image_id role picture caption", shown),
            raster(models, images, len(places), rng),
            of_rows("worst", "model image_id label flips answers", worst),
            floors(models),
        ],
        ["Intervals resample images."],
        "Azulay & Weiss 2019; Zhang 2019",
    )


def rescale(models=MODELS):
    made = []
    for model in models:
        for size in SIZES:
            top1 = (1 - np.exp(-size / 20)) * (0.97 - change(model))
            top5 = top1**0.4
            ends = [top1, top1 - 0.02, top1 + 0.02, top5, top5 - 0.015, min(1, top5 + 0.015)]
            made.append([model, size, size / 64, *map(float, ends), float(top1), 400])
    series = {"VGG16": (0.10, 0.38, 0.65, 0.81), "ResNet50": (0.13, 0.455, 0.755, 0.86)}
    series["InceptionResNetV2"] = (0.115, 0.465, 0.78, 0.89)
    other = [
        [name, size, y, "D"] for name, ys in series.items() for size, y in zip((60, 100, 150, 210), ys, strict=True)
    ]
    return Result(
        "rescale",
        "At a quarter of the frame digits8 is right for 47 % of the pictures.",
        "",
        {"protocol": "rescale", "reference": "largest size", "images": 400, "shifts": len(SIZES)},
        scalars(metrics(models, names=["top1_change"])),
        [
            of_rows("curve", "model size share top1 top1_low top1_high top5 top5_low top5_high agreement n", made),
            of_rows("published", "series size top5 grade", [*other, ["humans", 100, 0.85, "D"]]),
            metrics(models, names=["top1_change"]),
            floors(models),
        ],
    )


def rotation(models=MODELS):
    made = []
    for model in models:
        for angle in range(-45, 50, 5):
            agree = float(np.exp(-((angle / (70 - 300 * change(model))) ** 2)))
            made.append(
                [model, angle, agree, agree - 0.02, min(1, agree + 0.02), agree * 0.93, agree - 0.1, agree - 0.03, 400]
            )
    columns = "model angle agreement agreement_low agreement_high accuracy accuracy_low accuracy_high n"
    measured = metrics(models, names=["top1_change", "accuracy"])
    return Result(
        "rotation",
        "A turn by 15 degrees changes 14 % of the answers.",
        "",
        {"protocol": "rotation", "reference": "upright", "images": 400},
        scalars(measured),
        [of_rows("curve", columns, made), measured, floors(models)],
    )


def implementations(models, names, titles):
    made = [
        [m, name, title, name != "cv2", name == "pil", 0.9, 0.88, 0.92, 0.95, 400]
        for m in models
        for name, title in zip(names, titles, strict=True)
    ]
    columns = "model name title available reference accuracy accuracy_low accuracy_high agreement n"
    return of_rows("implementations", columns, made)


def differences(models):
    made = [
        [m, models[0], name, title, *ends, 400, 0.004, "larger than chance" if ends[1] > 0 else "not told from chance"]
        for m in models[1:]
        for name, title, ends in (
            ("consistency", "Consistency", (0.065, 0.05, 0.08)),
            ("accuracy", "Accuracy over the shifts", (-0.004, -0.012, 0.004)),
        )
    ]
    columns = "model against measure title difference difference_low difference_high n floor verdict"
    return of_rows("differences", columns, made)


def resize(models=MODELS[:2]):
    names = ["pil", "tv_aa", "tv", "torch_bilinear", "torch_nearest", "cv2", "tf1"]
    titles = [
        "Pillow bilinear",
        "torchvision, antialias",
        "torchvision",
        "torch bilinear",
        "torch nearest",
        "OpenCV area",
    ]
    titles.append("TensorFlow 1 bilinear")
    rng = np.random.default_rng(5)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    agree = [[m, a, b, 1 - change(m) * rng.uniform(0.1, 2), 0.8, 0.99, 400] for m in models for a, b in pairs]
    shown = pictures(6, "flip")
    flips = [
        [
            models[0],
            shown[i][0],
            str(i),
            "pil",
            "torch_nearest",
            str(i),
            str((i + 5) % 10),
            shown[i][2],
            shown[i + 1][2],
        ]
        for i in range(5)
    ]
    measured = metrics(models, names=["top1_change"], shift="resize")
    return Result(
        "resize",
        "Another library's resize changes up to 18.9 % of the answers of digits8.",
        "",
        {"protocol": "resize", "reference": "Pillow bilinear", "images": 400},
        scalars(measured),
        [
            implementations(models, names, titles),
            of_rows("agreement", "model a b agreement low high n", agree),
            of_rows("flips", "model image_id label a b answer_a answer_b picture_a picture_b", flips),
            measured,
            floors(models),
        ],
    )


def video(models=MODELS[:2]):
    rng = np.random.default_rng(7)
    made = []
    for clip in ("scene 000", "scene 001"):
        for model in models:
            walk = np.clip(0.8 + np.cumsum(rng.normal(0, change(model), 30)), 0.02, 0.99)
            made += [[model, clip, i, float(p), float(p), "7" if p > 0.6 else "1"] for i, p in enumerate(walk)]
    measured = metrics(models, names=["top1_change"], shift="adjacent frame")
    return Result(
        "video",
        "From frame to frame digits8 changes 6 % of its answers.",
        "",
        {"protocol": "video", "reference": "adjacent step", "images": 2},
        scalars(measured),
        [
            of_rows("traces", "model clip frame p_top p_first answer", made),
            of_rows("pictures", "image_id role picture caption", pictures(2, "trace")),
            measured,
            floors(models),
        ],
    )


def lie(models=MODELS):
    made = []
    for scale, name in ((1.0, "translation"), (20.0, "rotation"), (8.0, "scale")):
        for model in models:
            value = change(model) * scale
            title = f"Lie derivative, {name}"
            made.append(
                [model, f"lie_{name}", title, value, value * 0.9, value * 1.12, 64, "lower", name, "itself", "mean"]
            )
    columns = "model metric title value low high n better shift reference aggregate"
    return Result("lie", "Anti-aliasing lowers all three.", "", {"images": 64}, [], [of_rows("metrics", columns, made)])


def published():
    made = [
        ["Zhang 2019, table 1", "pairs", "ResNet18", "consistency", 0.8511, "P", 0.848, 0.842, 0.854, True, ""],
        ["Zhang 2019, table 1", "pairs", "VGG16", "consistency", 0.8852, "P", 0.881, 0.876, 0.886, True, ""],
        [
            "Azulay & Weiss 2019, table 1",
            "embed",
            "VGG16",
            "top1_change",
            0.18,
            "P",
            0.12,
            0.11,
            0.13,
            False,
            "Other pictures.",
        ],
        [
            "Azulay & Weiss 2019, figure 8",
            "rescale",
            "humans",
            "top5",
            0.85,
            "D",
            None,
            None,
            None,
            False,
            "No people here.",
        ],
    ]
    columns = "source protocol model measure published grade own own_low own_high same_protocol statement"
    return Result(
        "published", "Two figures are of the same protocol and agree.", tables=[of_rows("figures", columns, made)]
    )


def models(given=MODELS):
    weights, side, stem = "9f86d081884c7d65" * 4, "1 x 64 x 64", "stem convolution"
    made = []
    for name in given:
        replaced = "maxpool1, maxpool2" if "(" in name else ""
        right = accuracy(change(name))[0]
        made.append([name, "digits8", variant(name), "trained here", weights, 77_450, side, replaced, stem, right])
    columns = "model spec variant source sha256 parameters input replaced kept accuracy"
    layers = [[name, "antialias", "maxpool1", "max-pool", "2x2", "MaxPool2d(2)", "BlurPool(4)"] for name in given[1:2]]
    left = [[name, "antialias", "stem", "convolution", "the stem is asked for explicitly"] for name in given[1:2]]
    tables = [
        of_rows("models", columns, made),
        of_rows("replacements", "model surgery name kind stride before after", layers),
        of_rows("kept", "model surgery name kind reason", left),
    ]
    return Result("models", "Five forms of one network.", "", {}, [], tables)


def images(rows=5):
    problems = [
        ["truncated", "Truncated file", rows, False, "The file ends too early."],
        ["cmyk", "CMYK", 2, True, "Converted to RGB."],
        ["tiny", "1 x 1", 0, False, ""],
    ]
    listed = [["truncated", f"n{i:04d}.jpg", "ends after 512 bytes", False] for i in range(rows)]
    return Result(
        "images",
        f"400 pictures were used, {rows} were left out.",
        "",
        {"law": "Simulated placement: digits 0-4 uniform given their size.", "source": "scenes", "classes": 10},
        [Scalar("images", 400, "images"), Scalar("skipped", rows, "left out", n=400 + rows)],
        [
            of_rows("problems", "code title count used explanation", problems),
            of_rows("rows", "code image_id detail used", listed),
        ],
    )


def results(given=MODELS):
    """One result of every kind, and of ``shifts`` one with a plane, one with a path and one without labels."""
    return [
        shifts(given),
        shifts(given, "embed", "diagonal", seed=4),
        shifts(given, "circular", "axes", labelled=False, seed=5),
        rescale(given),
        rotation(given),
        resize(given[:2]),
        video(given[:2]),
        lie(given),
        published(),
        models(given),
        images(),
    ]


def full(given=MODELS):
    """Report of question 2."""
    return report(
        results(given),
        kind="invariance",
        title="Five small networks on digit scenes",
        question="Does a model keep its answer when the picture moves, grows, turns, or is resized by another library?",
        answer=[
            f"No: {given[0]} changes its answer for 10.0 % of the pairs of shifts of a picture.",
            "Anti-aliasing lowers that to 3.5 % without costing accuracy; its interval lies apart from the baseline's.",
            "Which library resized the picture matters more than a shift by a pixel.",
        ],
        headline=[
            Scalar(f"consistency@{given[0]}", 0.90, f"consistency, {given[0]}", interval(0.89, 0.911), 400),
            Scalar("consistency@b", 0.965, "consistency, antialias", interval(0.954, 0.976), 400),
            Scalar("worst_case@a", 0.70, "right at every shift, baseline", interval(0.66, 0.74), 400),
            Scalar("agreement_lowest", 0.811, "lowest agreement of two resizes", interval(0.77, 0.85), 400),
        ],
    )
