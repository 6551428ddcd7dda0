"""Reports made up for tests: realistic ones of any number of classes, minimal ones, hostile ones."""

import numpy as np

from biasscope.core.provenance import InputFile, Provenance
from biasscope.core.results import Interval, Result, Scalar, column, interval, table
from biasscope.report.model import Report

METHOD = "delete-a-group jackknife over 32 groups of images"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "$\\frac{1}{0}$ & <b>",
    "شجرة التفاح",
    "日本の猫",
    "क्षत्रिय",
    "\u202etxt.exe",
    "bell\x07null\x00escape\x1b[31mred",
    "line\nbreak\ttab",
    "x" * 400,
    "",
    "a very long class name that goes on and on, with many, many words until nobody wants to read any further",
    "javascript:alert(1)",
    "]]></style></script>",
)


def provenance():
    return Provenance(
        command=["biasscope", "dataset", "boxes.parquet"],
        seed=0,
        versions={"python": "3.11.9", "biasscope": "0.1.0", "numpy": "2.4.0"},
        machine={"system": "Linux", "machine": "x86_64", "implementation": "cpython"},
        inputs=[InputFile("imagenet_val_boxes.parquet", 806_200, "9f86d081884c7d659a2feaa0c55ad015" * 2)],
        input_count=1,
        started="2026-11-21T00:02:00+00:00",
        seconds=7.31,
    )


def names(classes):
    things = "goldfish,tench,great white shark,hammerhead,ostrich,brambling,junco,magpie,kite,vulture,axolotl,tree frog"
    base = things.split(",")
    return [base[i] if i < len(base) else f"class {i:04d}" for i in range(classes)]


def maps(rng, classes, low=40, high=130, spread=1.6):
    """Counts[class, 64] of boxes drawn from beta laws, some of them uniform."""
    totals = rng.integers(low, high, classes)
    shape = np.where(rng.random(classes) < 0.3, 1.0, 1 + rng.gamma(2.0, spread / 2, classes))
    out = np.zeros((classes, 64), int)
    for i in range(classes):
        u, v = rng.beta(shape[i], shape[i], totals[i]), rng.beta(shape[i] * 1.15, shape[i], totals[i])
        cells = np.minimum((v * 8).astype(int), 7) * 8 + np.minimum((u * 8).astype(int), 7)
        out[i] = np.bincount(cells, minlength=64)
    return out, shape


def spans(values, width):
    return {"": values, "_low": values - width, "_high": values + width}


def class_columns(labels, rng):
    n = len(labels)
    feasible, shape = maps(rng, n)
    raw, _ = maps(rng, n, spread=4)
    boxes = feasible.sum(1)
    effect = np.sort(np.clip((shape - 1) * 0.12 + rng.normal(0, 0.02, n), 0, 0.95))[::-1]
    q = np.clip(np.exp(-effect * 40) * rng.random(n), 1e-5, 1)
    verdict = np.where(boxes < 45, "not tested", np.where(q < 0.05, "non-uniform", "not rejected"))
    undefined = np.where(verdict == "not tested", np.nan, 1.0)
    columns = {"label": labels, "boxes": boxes, "images": boxes - 3, "tested_boxes": boxes}
    columns |= {"verdict": verdict, "verdict_raw": np.where(boxes < 45, "not tested", "non-uniform")}
    columns |= {f"effect{key}": np.clip(value, 0, 1) * undefined for key, value in spans(effect, 0.06).items()}
    columns |= {"p": q / 2 * undefined, "q": q * undefined}
    columns |= {f"effect_raw{k}": np.clip(v, 0, 1) * undefined for k, v in spans(effect + 0.2, 0.05).items()}
    for name in ("p_raw", "q_raw", "p_interior", "q_interior", "p_joint", "q_joint", "p_cvm_u", "p_cvm_v"):
        columns[name] = rng.random(n) * 0.01
    for name, centre, width in (
        ("displacement_u", 0, 0.03),
        ("displacement_v", 0.02, 0.03),
        ("concentration_u", 0.6, 0.08),
        ("concentration_v", 0.7, 0.08),
        ("correlation", 0, 0.1),
    ):
        value = rng.normal(centre, width, n)
        columns |= {f"{name}{key}": item for key, item in spans(value, width / 2).items()}
        columns[f"p_{name}"] = rng.random(n)
    columns["js"] = effect / 2
    columns["w1_u"], columns["w1_v"] = effect / 9, effect / 8
    columns["edge_contact"] = rng.beta(2, 8, n)
    for side in ("left", "top", "right", "bottom"):
        columns[f"edge_{side}"] = rng.beta(1, 12, n)
    columns["slack_x"], columns["slack_y"] = rng.beta(4, 4, n), rng.beta(4, 4, n)
    columns["no_slack_x"], columns["no_slack_y"] = rng.integers(0, 5, n), rng.integers(0, 5, n)
    columns["design_effect"] = 1 + rng.random(n)
    columns["map_feasible"], columns["map_raw"] = feasible, raw
    columns["marginal_u"] = np.repeat(feasible.reshape(n, 8, 8).sum(1), 4, axis=1) // 4
    columns["marginal_v"] = np.repeat(feasible.reshape(n, 8, 8).sum(2), 4, axis=1) // 4
    return columns


def position(labels, seed=1):
    rng = np.random.default_rng(seed)
    columns = class_columns(labels, rng)
    counts = {key: columns[f"map_{key}"].sum(0) for key in ("feasible", "raw")}
    counts["interior"] = counts["feasible"] // 2
    tested = int((columns["verdict"] != "not tested").sum())
    found = int((columns["verdict"] == "non-uniform").sum())
    measures = {
        "effect": ("bias-corrected Cramér's V", 0.229, 0.624),
        "displacement_u": ("displacement, horizontal", 0.002, 0.0017),
        "displacement_v": ("displacement, vertical", 0.021, 0.0148),
        "concentration_u": ("concentration, horizontal", 0.743, 0.211),
        "concentration_v": ("concentration, vertical", 0.802, 0.187),
        "correlation": ("correlation of u and v", -0.011, -0.008),
    }
    feasible = np.array([value[1] for value in measures.values()])
    raw = np.array([value[2] for value in measures.values()])
    grid = np.linspace(0, 1, 64)
    hump = 200 + 900 * np.exp(-((grid - 0.5) ** 2) / 0.05)
    height, centre = np.meshgrid(np.arange(16) / 16 + 1 / 32, np.arange(16) / 16 + 1 / 32, indexing="ij")
    allowed = (centre > height / 2 - 0.06) & (centre < 1.06 - height / 2)
    joint = (allowed * 400 * np.exp(-((centre - 0.5) ** 2) / 0.04) * height).astype(int)
    return Result(
        "position",
        f"{found} of {tested} tested classes are non-uniform in feasible coordinates, {tested} on raw centres.",
        "Where the objects are",
        {"bins": 8, "alpha": 0.05, "correction": "bh", "per_image": "one", "minimum": 45, "groups": 32, "seed": 0},
        [
            Scalar("classes", len(labels), "classes", unit="classes"),
            Scalar("tested", tested, "classes tested", unit="classes"),
            Scalar("nonuniform_feasible", found, "non-uniform classes, feasible", n=tested, unit="classes"),
            Scalar("nonuniform_raw", tested, "non-uniform classes, raw centres", n=tested, unit="classes"),
            Scalar(
                "pooled_effect", 0.229, "pooled effect", Interval(0.221, 0.237, method=METHOD), 80_477, better="lower"
            ),
            Scalar("edge_contact", 0.0517, "boxes at the frame", Interval(0.049, 0.054), 80_477, "share"),
        ],
        [
            table("classes", columns, row="a class"),
            table(
                "pooled",
                {
                    "measure": list(measures),
                    "title": [value[0] for value in measures.values()],
                    "feasible": feasible,
                    "feasible_low": feasible - 0.004,
                    "feasible_high": feasible + 0.004,
                    "raw": raw,
                    "raw_low": raw - 0.003,
                    "raw_high": raw + 0.003,
                },
            ),
            table(
                "maps",
                {
                    "name": list(counts),
                    "bins": [8] * len(counts),
                    "counts": [item.tolist() for item in counts.values()],
                },
            ),
            table(
                "joint",
                {
                    "name": ["cy_height", "cx_height"],
                    "rows": [16, 16],
                    "columns": [16, 16],
                    "counts": [joint.ravel().tolist()] * 2,
                },
            ),
            table(
                "marginals",
                {
                    "axis": ["u", "v", "cx", "cy"],
                    "counts": [hump.astype(int).tolist(), (hump * 0.9).astype(int).tolist()] * 2,
                },
            ),
        ],
        ["The interval method resamples images, not boxes."],
        "Azulay & Weiss 2019, section 3",
    )


def scale(labels, seed=2):
    rng = np.random.default_rng(seed)
    n = len(labels)
    median = np.clip(rng.normal(0.5, 0.12, n), 0.05, 0.95)
    effect = np.sort(rng.beta(2, 9, n))[::-1]
    bins = np.linspace(-4, 0, 13)
    histogram = rng.multinomial(90, np.full(12, 1 / 12), n)
    return Result(
        "scale",
        f"{n // 3} of {n} classes differ in scale from the pooled other classes.",
        "How large the objects are",
        {"reference": "others"},
        [
            Scalar("median_scale", 0.52, "median scale", Interval(0.517, 0.523), 80_477, "share"),
            Scalar("classes_different", n // 3, "classes of another scale", n=n, unit="classes"),
        ],
        [
            table(
                "classes",
                {
                    "label": labels,
                    "boxes": np.full(n, 90),
                    "median_scale": median,
                    "q10": median * 0.6,
                    "q90": np.minimum(median * 1.5, 1),
                    "js": effect / 3,
                    "effect": effect,
                    "effect_low": np.maximum(effect - 0.05, 0),
                    "effect_high": effect + 0.05,
                    "p": rng.random(n),
                    "q": rng.random(n),
                    "verdict": np.where(rng.random(n) < 0.3, "non-uniform", "not rejected"),
                    "effective_bins": rng.uniform(4, 12, n),
                    "histogram": histogram,
                },
            ),
            table("bins", {"low": bins[:-1], "high": bins[1:], "pooled": histogram.sum(0)}),
        ],
    )


def repair(labels, augmentation="RandomResizedCrop(224, scale=(0.08, 1.0))", seed=3):
    rng = np.random.default_rng(seed)
    before, after = maps(rng, 1, 40_000, 50_000)[0][0], maps(rng, 1, 40_000, 50_000, 0.4)[0][0]
    scales = np.linspace(-4, 1, 16)
    value = np.array([0.229, 0.021, 0.743, 0.802])
    return Result(
        "repair",
        "Training with the augmentation would lower the pooled effect from 0.229 to 0.118, and not remove it.",
        "Would the augmentation repair it?",
        {"augmentation": augmentation, "evaluation": "Resize(256), CenterCrop(224)", "draws": 8, "seed": 0},
        [
            Scalar("effect_before", 0.229, "effect before", interval(0.22, 0.24), better="lower"),
            Scalar("effect_after", 0.118, "effect after", interval(0.11, 0.13), better="lower"),
            Scalar("visible_fraction", 0.61, "visible fraction", interval(0.60, 0.62), unit="share"),
            Scalar("lost", 0.034, "boxes cropped away", None, unit="share"),
            Scalar("apparent_scale_ratio", 1.31, "apparent scale, training / evaluation", interval(1.29, 1.33)),
        ],
        [
            table(
                "before_after",
                {
                    "measure": ["effect", "displacement_v", "concentration_u", "concentration_v"],
                    "before": value,
                    "before_low": value - 0.01,
                    "before_high": value + 0.01,
                    "after": value * 0.6,
                    "after_low": value * 0.6 - 0.01,
                    "after_high": value * 0.6 + 0.01,
                },
            ),
            table(
                "maps",
                {
                    "name": ["before", "after", "placement_before", "placement_after"],
                    "bins": [8] * 4,
                    "counts": [before.tolist(), after.tolist()] * 2,
                },
            ),
            table(
                "scale",
                {
                    "low": scales[:-1],
                    "high": scales[1:],
                    "before": rng.multinomial(9000, np.full(15, 1 / 15)),
                    "after": rng.multinomial(9000, np.arange(1, 16) / 120),
                },
            ),
            table(
                "classes",
                {
                    "label": labels,
                    "boxes": rng.integers(40, 130, len(labels)),
                    "effect_before": rng.random(len(labels)),
                    "effect_after": rng.random(len(labels)) * 0.6,
                    "visible_fraction": rng.beta(6, 3, len(labels)),
                    "apparent_scale_ratio": rng.lognormal(0.2, 0.1, len(labels)),
                },
            ),
        ],
    )


def splits(labels, kind="splits", seed=4):
    rng = np.random.default_rng(seed)
    a, b = maps(rng, len(labels))[0], maps(rng, len(labels))[0]
    distance = np.sort(rng.beta(2, 9, len(labels)))[::-1]
    value = np.array([0.229, 0.02])
    return Result(
        kind,
        "Training and validation share their bias: 7 classes differ.",
        "",
        {"a": "train", "b": "val"},
        [
            Scalar("classes_different", 7, "classes that differ", n=len(labels), unit="classes"),
            Scalar("pooled_distance", 0.014, "pooled distance", interval(0.01, 0.02), better="lower"),
            Scalar("classifier_accuracy", None, "two-sample classifier", unit="share"),
        ],
        [
            table(
                "classes",
                {
                    "label": labels,
                    "boxes_a": a.sum(1),
                    "boxes_b": b.sum(1),
                    "distance": distance,
                    "distance_low": np.maximum(distance - 0.03, 0),
                    "distance_high": distance + 0.03,
                    "p": rng.random(len(labels)),
                    "q": rng.random(len(labels)),
                    "verdict": ["not rejected"] * len(labels),
                    "map_a": a,
                    "map_b": b,
                },
            ),
            table(
                "pooled",
                {
                    "measure": ["effect", "displacement_v"],
                    "a": value,
                    "a_low": value - 0.01,
                    "a_high": value + 0.01,
                    "b": value * 1.1,
                    "b_low": value,
                    "b_high": value * 1.2,
                },
            ),
            table("maps", {"name": ["train", "val"], "counts": [a.sum(0).tolist(), b.sum(0).tolist()]}),
        ],
    )


def leakage(labels):
    rng = np.random.default_rng(5)
    recall = np.sort(rng.beta(1, 20, len(labels)))[::-1]
    features = ["cx", "cy", "width", "height", "area", "aspect", "all"]
    return Result(
        "leakage",
        "Position and size alone predict the class 5.1 times as often as chance.",
        "How much of the class the geometry gives away",
        {"folds": 5},
        [
            Scalar("accuracy", 0.0051, "accuracy", interval(0.0046, 0.0056), 80_477, "share"),
            Scalar("chance", 0.001, "chance", None, None, "share"),
            Scalar("mutual_information", 0.41, "mutual information", interval(0.38, 0.44), unit="bits"),
        ],
        [
            table(
                "features",
                {
                    "feature": features,
                    "accuracy_alone": [0.0014, 0.0016, 0.0021, 0.0022, 0.0026, 0.003, 0.0051],
                    "mutual_information": [0.02, 0.03, 0.08, 0.1, 0.13, 0.12, 0.41],
                },
            ),
            table(
                "classes",
                {
                    "label": labels,
                    "boxes": rng.integers(40, 130, len(labels)),
                    "recall": recall,
                    "recall_low": np.maximum(recall - 0.01, 0),
                    "recall_high": recall + 0.01,
                },
            ),
        ],
    )


def integrity(rows=30):
    codes = ["duplicate", "outside", "degenerate", "unlabelled"]
    return Result(
        "integrity",
        f"{rows + 4} of 80,477 boxes have a problem; none was changed or dropped silently.",
        "What is wrong with the annotations",
        {},
        [
            Scalar("boxes", 80_477, "boxes", unit="boxes"),
            Scalar("images", 50_000, "images", unit="images"),
            Scalar("images_without_objects", 0, "images without objects", unit="images"),
        ],
        [
            table(
                "problems",
                {
                    "code": codes,
                    "title": ["Exact duplicates", "Outside the frame", "No width or height", "No label"],
                    "count": [4, rows, 0, 0],
                    "used": [True, True, False, False],
                    "explanation": ["The same box twice in an image.", "Reaches over the frame.", "", ""],
                },
            ),
            table(
                "rows",
                {
                    "code": ["duplicate"] * 4 + ["outside"] * rows,
                    "where": [f"boxes.parquet:{i}" for i in range(rows + 4)],
                    "image_id": [f"ILSVRC2012_val_{i:08d}" for i in range(rows + 4)],
                    "detail": ["x1 = 501 > 500"] * (rows + 4),
                },
            ),
        ],
    )


def unknown():
    """Result of a kind that no section was written for."""
    return Result(
        "invariance",
        "One shift of a pixel changes 12.3 % of the answers.",
        "",
        {"protocol": "embed", "sizes": [32, 64]},
        [Scalar("top1_change", 0.123, "top-1 change", interval(0.11, 0.135), 5000, "share", "lower")],
        [
            table(
                "models",
                [
                    column("model", ["resnet", "vgg <b>"], title="Model"),
                    column("top1_change", [0.12, None], title="Top-1 change", unit="share"),
                    column("robust", [True, False]),
                    column("curve", [[1, 2, 3, 2], [3, 1, 2]]),
                ],
                title="Models",
                row="a model",
            )
        ],
        ["Higher is worse."],
        "Zhang 2019",
    )


def report(results, **changes):
    given = {
        "kind": "dataset",
        "title": "ImageNet validation boxes",
        "question": "Where and how large are the objects of each class, and is that bias or chance?",
        "answer": [
            "Yes: in 721 of the 874 classes that could be tested the objects are not where chance would put them.",
            "On raw centres it would be 871, but most of those only say that boxes have a size.",
            "The standard training crop halves the bias and does not remove it.",
        ],
        "headline": [
            Scalar("nonuniform_feasible", 721, "non-uniform classes, given their size", n=874, unit="classes"),
            Scalar("nonuniform_raw", 871, "non-uniform classes on raw centres", n=874, unit="classes"),
            Scalar(
                "pooled_effect",
                0.229,
                "pooled effect (Cramér's V)",
                Interval(0.221, 0.237, 0.95, METHOD),
                80_477,
                better="lower",
            ),
            Scalar("edge_contact", 0.0517, "boxes that touch the frame", Interval(0.049, 0.0544), 80_477, "share"),
            Scalar(
                "displacement_v", 0.021, "vertical displacement", Interval(0.0193, 0.0227), 80_477, "share of slack"
            ),
        ],
        "provenance": provenance(),
        "notes": ["The placement of this example is simulated."],
        "results": results,
    }
    return Report(**(given | changes))


def full(classes=1000, labels=None):
    """Report with every kind of result, with so many classes or these labels."""
    labels = list(labels) if labels is not None else names(classes)
    results = [
        position(labels),
        scale(labels),
        repair(labels),
        repair(labels, "RandomCrop(224)", seed=8),
        splits(labels),
        splits(labels, "comparison", seed=9),
        leakage(labels),
        integrity(),
        unknown(),
    ]
    return report(results)


def hollow(item):
    """The same Result with every number undefined."""
    scalars = [Scalar(s.name, None, s.title, None, None, s.unit) for s in item.scalars]
    tables = []
    for one in item.tables:
        kept = [
            column(c.name, c.values if c.kind == "text" else [None] * len(c.values), title=c.title) for c in one.columns
        ]
        tables.append(table(one.name, kept, title=one.title))
    return Result(item.kind, item.finding, item.title, dict.fromkeys(item.parameters), scalars, tables)


def empty_tables(item):
    """The same Result with tables of no rows."""
    tables = [table(one.name, [column(c.name, []) for c in one.columns]) for one in item.tables]
    return Result(item.kind, item.finding, item.title, item.parameters, item.scalars, tables)
