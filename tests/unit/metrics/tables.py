"""Random tables of a sweep that belong together, made from one random probability table."""

import torch


def block(images=6, views=7, classes=8, seed=0, sharp=1.5, unknown=0.2):
    """All arrays of a sweep along a path with one jump back, as the sweep names them."""
    torch_random = torch.Generator().manual_seed(seed)
    base = torch.randn(1, images, classes, generator=torch_random)
    noise = torch.randn(views, images, classes, generator=torch_random)
    p = (sharp * base + noise).softmax(-1)
    easy = torch.rand(images, generator=torch_random) < 0.5
    targets = torch.where(easy, base[0].argmax(-1), torch.randint(classes, (images,), generator=torch_random))
    targets[torch.rand(images, generator=torch_random) < unknown] = -1
    return tables(p, targets, views // 2, grid_steps(views))


def grid_steps(views):
    """Two predecessors a view: the one before, and (for every third) the one three before."""
    before = torch.arange(-1, views - 1)
    three = torch.where(torch.arange(views) % 3 == 0, torch.arange(views) - 3, -1).clamp(min=-1)
    return torch.stack([before, three])


def tables(p, targets, reference, steps):
    """Reduce probabilities (S, N, C) to the arrays that metrics take."""
    views, images, _ = p.shape
    predictions, known = p.argmax(-1), targets >= 0
    p_true = p[:, torch.arange(images), targets.clamp(min=0)].masked_fill(~known, torch.nan)
    start = predictions[reference]
    p_step = torch.full((len(steps), views, images), torch.nan)
    for row, view in (steps >= 0).nonzero().tolist():
        first = predictions[steps[row, view]]
        p_step[row, view] = p[view, torch.arange(images), first]
    p_reference = p[:, torch.arange(images), start]
    rank = (p > p_true.nan_to_num()[..., None]).sum(-1).masked_fill(~known, -1)
    groups = {k: p[: views // k * k].reshape(views // k, k, images, -1).mean(1).argmax(-1) for k in (2, 3)}
    return {
        "predictions": predictions,
        "targets": targets,
        "p_top": p.amax(-1),
        "p_true": p_true,
        "p_reference": p_reference,
        "p_step": p_step,
        "rank_true": rank,
        "rank_reference": (p > p_reference[..., None]).sum(-1),
        "steps": steps,
        "reference": reference,
        "offsets": torch.stack([torch.arange(views) // 3, torch.arange(views) % 3 - 1], 1),
        "tta": groups,
        "derivatives": p[0] - p[-1],
    }


def inputs(entry, found):
    """Pick what an entry of the registry asks for."""
    return {name: found[name] for name in entry.facts["inputs"]}


PER_IMAGE = {"targets": 0, "derivatives": 0}
SHARED = ("steps", "reference", "offsets")


def images_of(found, chosen):
    """Restrict all tables to some images."""
    index = torch.as_tensor(chosen, dtype=torch.long)
    picked = {}
    for name, value in found.items():
        if name in SHARED:
            picked[name] = value
        elif name == "tta":
            picked[name] = {k: table[:, index] for k, table in value.items()}
        else:
            picked[name] = value.index_select(PER_IMAGE.get(name, value.dim() - 1), index)
    return picked
