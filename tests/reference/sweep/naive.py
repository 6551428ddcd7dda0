"""The sweep as a loop: one picture, one view, one forward pass at a time, and everything else in numpy."""

from __future__ import annotations

import numpy as np
import torch

from biasscope.images import match_labels, to_output


def views_of(transformation, picture, preprocessing, index):
    """All views of one picture (S, C, H, W), from a block of its own, written one by one."""
    made = transformation.for_model(preprocessing)
    opened = made.open(made.source(picture, preprocessing, index)[None], [index])
    out = torch.empty(len(made), 1, preprocessing.channels, *preprocessing.size)
    for view in range(len(made)):
        opened.write(out[view], [view], [0])
    return out[:, 0]


def probabilities(loaded, views):
    """Softmax in float64, (S, C)."""
    with torch.no_grad():
        logits = torch.cat([loaded.module(view[None]) for view in views]).double().numpy()
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


def table(loaded, source, transformation):
    """Every table of a sweep, by name."""
    made = transformation.for_model(loaded.preprocessing)
    columns = []
    for index, picture in enumerate(source):
        p = probabilities(loaded, views_of(transformation, picture, loaded.preprocessing, index))
        mapping, _ = match_labels(source, loaded.class_names, p.shape[1])
        columns.append(column(p, to_output(mapping, picture.label), made.reference, made.steps))
    return {name: np.stack([found[name] for found in columns], -1) for name in columns[0]}


def column(p, target, reference, steps):
    """Tables of one picture from its probabilities (S, C)."""
    answers = p.argmax(1)
    p_step = np.full(steps.shape, np.nan)
    for k, s in np.argwhere(steps >= 0):
        p_step[k, s] = p[s, answers[steps[k, s]]]
    known = target >= 0
    return {
        "predictions": answers,
        "p_top": p.max(1),
        "p_true": p[:, target] if known else np.full(len(p), np.nan),
        "p_reference": p[:, answers[reference]],
        "p_step": p_step,
        "rank_true": (p > p[:, target, None]).sum(1) if known else np.full(len(p), -1),
        "rank_reference": (p > p[:, answers[reference], None]).sum(1),
        "targets": np.array(target),
        "probabilities": p,
    }
