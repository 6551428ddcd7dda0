"""Results of question 3 made up for tests: forms of one network, other networks, hostile names."""

import numpy as np

from biasscope.core.results import Result, Scalar, interval
from tests.unit.report.sample_invariance import data_uri, images, models, of_rows
from tests.unit.report.sample_reports import report

MODELS = ("digits8", "digits8 (antialias)", "digits8 (polyphase)", "digits8 (pac)")
KINDS = ("layers", "structure", "blame", "attribution")
BASE = (
    ("features.0", "Conv2d", 64, 1), ("features.1", "ReLU", 64, 1), ("features.2", "MaxPool2d", 32, 2),
    ("features.3", "Conv2d", 32, 2), ("features.4", "ReLU", 32, 2), ("features.5", "MaxPool2d", 16, 4),
    ("features.6", "Conv2d", 16, 4), ("features.7", "ReLU", 16, 4), ("features.8", "MaxPool2d", 8, 8),
)  # fmt: skip
LOSS = {"digits8": 0.30, "digits8 (antialias)": 0.06, "digits8 (polyphase)": 0.0}
MEASURES = {
    "nonshiftability": ("Nonshiftability", "share of shifts"),
    "equivariance_cosine": ("Equivariance error (cosine)", "1 - cosine"),
    "aliasing": ("Energy that the coming subsampling aliases", "share"),
    "phase_decoding": ("Decodability of the phase above chance", "share of the way to 1"),
    "lie_derivative": ("Lie derivative (translation)", "relative change per pixel"),
}


def network(model):
    """Layers of a model: (name, kind, side, stride, subsampling); variants have a blur behind every pool."""
    made = []
    for name, kind, side, stride in BASE:
        pool = kind == "MaxPool2d"
        if pool and model != "digits8":
            made += [(name, kind, side * 2, stride // 2, False), (f"{name}.blur", "BlurPool", side, stride, True)]
        else:
            made.append((name, kind, side, stride, pool))
    return made


def values(model, measure):
    """A measure at every layer: a step at each subsampling layer, the second the largest."""
    loss, at, made = LOSS.get(model, 0.2), 0, []
    scale = {"nonshiftability": 1.0, "lie_derivative": 7.0}.get(measure, 0.6)
    for place, (*_, fewer) in enumerate(network(model)):
        at += fewer
        made.append(scale * loss * (0.0, 0.35, 1.0, 1.12)[min(at, 3)] + 0.002 * place * (loss > 0))
    return made


def blob(place, side=32, moved=0, seed=0):
    y, x = np.mgrid[:side, :side]
    shade = np.exp(-(((y - side / 2) / 7) ** 2 + ((x - side / 3 - moved) / 5) ** 2)) * 235
    return (shade + np.random.default_rng(seed + place).uniform(0, 20, (side, side))).astype(np.uint8)


def layer_rows(given):
    made = []
    for model in given:
        found = network(model)
        for depth, (name, kind, side, stride, fewer) in enumerate(found):
            compared = kind != "Conv2d"
            facts = [model, "digits8", name, kind, depth, depth / (len(found) - 1), side, side, stride, 64 / side]
            made.append([*facts, fewer, 2 if fewer else 1, compared])
    columns = "model family layer kind depth position height width stride ratio subsampling factor compared"
    return of_rows("layers", columns, made)


def measure_rows(given, measures=MEASURES):
    made = []
    for model in given:
        for measure, (title, unit) in measures.items():
            for depth, (layer, value) in enumerate(zip(network(model), values(model, measure), strict=True)):
                ends = max(0.0, value * 0.85), value * 1.15
                made.append([model, layer[0], depth, measure, title, value, *ends, 32, "lower", unit, ""])
    return of_rows("measures", "model layer depth measure title value low high n better unit note", made)


def jump_rows(given):
    made = []
    for model in given:
        line, found = values(model, "nonshiftability"), network(model)
        rise, at = max((line[i] - line[i - 1], i) for i in range(1, len(line)))
        if rise > 0.01:
            name, kind, *_ = found[at]
            made.append([model, name, kind, True, name, "nonshiftability", rise, rise * 0.8, rise * 1.2, 0.6, 32])
    return of_rows("jumps", "model layer kind subsampling behind measure rise low high share n", made)


def lattice_rows(given, measure="equivariance_cosine"):
    made, shifts = [], np.arange(8)
    for model in given:
        for layer, stride in (("features.2", 2), ("features.5", 4), ("features.8", 8)):
            off = np.minimum(shifts % stride, -shifts % stride) / stride
            cells = LOSS.get(model, 0.2) * (off[:, None] + off[None]) * stride / 8
            between = (shifts % stride > 0)[:, None] | (shifts % stride > 0)[None]
            facts = [model, layer, measure, 8, 8, cells.ravel().tolist(), shifts.tolist(), shifts.tolist()]
            made.append([*facts, between.astype(int).ravel().tolist(), False, stride, stride])
    return of_rows("lattices", "model layer measure rows columns cells dy dx between exact period_y period_x", made)


def sum_rows(given):
    made, shifts = [], list(range(16))
    for model in given:
        for layer, stride in (("features.2", 2), ("features.8", 8)):
            for number in range(3):
                wave = 5 + 5 * LOSS.get(model, 0.2) * stride / 4 * np.cos(
                    np.array(shifts) * 2 * np.pi / stride + number
                )
                made.append([model, layer, "scene 000", number, [0] * 16, shifts, wave.tolist()])
    return of_rows("sums", "model layer image_id map dy dx values", made)


def moving_rows(given):
    made = []
    for model in given:
        for place, layer in enumerate(("features.2", "features.8")):
            for dx in range(5):
                pair = data_uri(blob(0, moved=dx)), data_uri(blob(place, 48 // (place + 1), dx, seed=dx * 9))
                made.append([model, layer, "scene 000", 0, dx, *pair])
    return of_rows("moving", "model layer image_id dy dx picture map", made)


def scalars(given):
    made = []
    for model in given:
        for measure, (title, unit) in MEASURES.items():
            value = values(model, measure)[-1]
            ends = interval(value * 0.85, value * 1.15)
            made.append(Scalar(f"{measure}@{model}", value, f"{title}, {model}", ends, 32, unit, "lower"))
        made.append(Scalar(f"jump@{model}", 0.2, f"Largest rise, {model}", better="lower"))
    return made


def layers(given=MODELS):
    differences = [[m, given[0], "nonshiftability", "Nonshiftability", -0.2, -0.3, -0.1, 32] for m in given[1:]]
    tables = [
        layer_rows(given),
        measure_rows(given),
        jump_rows(given),
        of_rows("differences", "model against measure title value low high n", differences),
        lattice_rows(given),
        sum_rows(given),
        moving_rows(given),
    ]
    parameters = {"protocol": "circular", "images": 32, "shifts": 81, "threshold": 0.2}
    finding = "digits8 loses shiftability at features.5, which subsamples."
    return Result(
        "layers", finding, "", parameters, scalars(given), tables, ["Circular shifts.", "Max pools.", "Third."]
    )


def structure(given=MODELS):
    made, tails = [], []
    for model in given:
        field = 1
        for depth, (name, kind, side, stride, _) in enumerate(network(model)):
            field += 2 * stride
            made.append([model, name, kind, depth, side, side, *[stride] * 2, *[stride / 2 - 0.5] * 2, *[64 / side] * 2,
                         field, field + 1, 0.25 if depth == 3 else 0.0, 1 / stride**2])  # fmt: skip
        tails.append([model, "pooling", 0.0, 8, 8.5, "The answer forgets positions."])
    columns = (
        "model layer kind depth height width stride_y stride_x offset_y offset_x ratio_y ratio_x receptive_field_y "
        "receptive_field_x gridding invariant_share"
    )
    return Result(
        "structure",
        "One position every 8 pixels at the end: 1.6 % of all shifts can be answered by moving.",
        tables=[
            of_rows("layers", columns, made),
            of_rows("tails", "model tail swap_error stride_product size_ratio statement", tails),
        ],
    )


def blame(given=MODELS):
    made, pairs = [], []
    for model in given:
        found = network(model)
        effects = np.diff([0.0, *values(model, "nonshiftability")]) * 3
        effects, total = effects / 1.3, effects.cumsum() / 1.3
        order = np.argsort(-effects).argsort()
        for depth, ((name, kind, *_, fewer), effect) in enumerate(zip(found, effects.tolist(), strict=True)):
            rank = int(order[depth]) + 1
            up_to = float(total[depth])
            own = [effect, effect - 0.05, effect + 0.05, 32, effect * 0.8, rank, up_to, up_to - 0.05, up_to + 0.05]
            made.append([model, name, depth, kind, fewer, *own])
        pairs += [[model, f"scene {place:03d}", 0, place + 1, "7", "1", data_uri(blob(place))] for place in range(2)]
    columns = "model layer depth kind subsampling effect low high n first_order rank"
    columns += " cumulative cumulative_low cumulative_high"
    return Result(
        "blame",
        "Patching features.5 takes back most of what the shift changed.",
        scalars=[Scalar(f"top_blame@{given[0]}", 0.6, f"Largest effect, {given[0]}", interval(0.5, 0.7), 32)],
        tables=[
            of_rows("layers", columns, made),
            of_rows("pairs", "model image_id dy dx answer_before answer_after picture", pairs),
        ],
    )


def attribution(given=MODELS):
    facts = {
        "cosine": ("Cosine with the reference", 0.9, "higher", ""),
        "relative_l2": ("Relative L2 distance", 0.3, "lower", ""),
        "drift": ("Drift of the centre of mass", 1.5, "lower", "px"),
        "iou": ("Overlap of the strongest tenth", 0.7, "higher", "share"),
    }
    made, maps = [], []
    for place, model in enumerate(given):
        for number, name in enumerate(("gradcam", "saliency", "integrated_gradients")):
            for measure, (title, value, better, unit) in facts.items():
                value = value * (1 - 0.1 * number) * (1 + 0.05 * place)
                made.append([model, name, measure, title, value, value * 0.95, value * 1.05, 32, better, unit])
            shots = [data_uri(blob(number, moved=step, seed=step)) for step in (0, 0, 5, 0)]
            maps.append([model, "scene 000", name, 0, 5, *shots])
    return Result(
        "attribution",
        "Explanations do not move with the object.",
        scalars=[Scalar(f"gradcam_cosine@{given[0]}", 0.9, "Cosine, Grad-CAM")],
        tables=[
            of_rows("methods", "model method measure title value low high n better unit", made),
            of_rows("maps", "model image_id method dy dx picture map_reference map_shifted map_back", maps),
        ],
    )


def results(given=MODELS):
    return [layers(given), structure(given), blame(given), attribution(given), models(given), images()]


def full(given=MODELS):
    """Report of question 3."""
    return report(
        results(given),
        kind="layers",
        title="Where digits8 loses shiftability",
        question="At which layer does the representation stop moving with the picture, and which layer is to blame?",
        answer=[
            f"{given[0]} loses it at features.5: nonshiftability rises by 20 points there.",
            "Patching that layer alone takes back most of the change.",
        ],
        headline=[
            Scalar(f"nonshiftability@{given[0]}", 0.35, "Nonshiftability", interval(0.3, 0.4), 32, "share of shifts"),
            Scalar(f"jump@{given[0]}", 0.2, "Largest rise", interval(0.16, 0.24), 32),
            Scalar(f"top_blame@{given[0]}", 0.6, "Largest effect of patching", interval(0.5, 0.7), 32),
        ],
    )
