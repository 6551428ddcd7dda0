"""Tables and sentences of question 4 against laws that are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from biasscope.copies import Run, crop_coverage, make_pool
from biasscope.copies.train import Batches
from biasscope.figures.frame import rows
from biasscope.pipeline.augmentation import argument, products, words
from biasscope.pipeline.augmentation.delivered import transforms
from biasscope.pipeline.augmentation.result import result
from tests.unit.report import sample_augmentation as sample


@pytest.fixture(scope="module")
def study():
    return sample.study()


@pytest.fixture(scope="module")
def found(study):
    return sample.copies(study)


def test_the_law_is_recovered_and_what_never_gets_there_says_so(found):
    needed = {
        row["variant"]: row for row in rows(found, "needed") if (row["metric"], row["region"]) == ("accuracy", "inside")
    }
    assert needed["plain"]["n_low"] < 5 < needed["plain"]["n_high"]
    assert needed["plain"]["reached"]
    assert needed["polyphase"]["n"] == 1
    assert not needed["antialias"]["reached"]
    assert needed["antialias"]["n"] is None
    assert needed["plain"]["s2"] == 64


def test_infinite_numbers_are_undefined_with_a_note(found):
    assert found.scalar("copies_needed@antialias").value is None
    assert any(note.startswith("antialias: ") and "not reached by n = 64" in note for note in found.notes)
    assert any("One note of the sweep" in note for note in found.notes)


def test_no_number_of_copies_is_larger_than_there_are_versions(found):
    numbers = [row[name] for row in rows(found, "needed") for name in ("n", "n_low", "n_high")]
    numbers += [row["n_needed"] for row in rows(found, "fits")]
    assert None in numbers
    assert all(number is None or 1 <= number <= 64 for number in numbers)


def test_curves_are_means_over_seeds_and_images(study, found):
    accuracy = study.sweep.by_image("accuracy", "inside").mean(1)
    for row in rows(found, "curves"):
        if (row["metric"], row["region"]) != ("accuracy", "inside"):
            continue
        mine = [i for i, run in enumerate(study.sweep.runs) if (run.variant, run.total) == (row["form"], row["n"])]
        assert row["value"] == pytest.approx(np.mean([accuracy[i] for i in mine]))
        assert row["low"] <= row["value"] <= row["high"]


def test_maps_and_knee_count_by_place(study, found):
    sweep = study.sweep
    mine = [i for i, run in enumerate(sweep.runs) if (run.variant, run.total) == ("plain", 64)]
    cells = {(row["dy"], row["dx"]): row for row in rows(found, "map") if (row["variant"], row["n"]) == ("plain", 64)}
    assert len(cells) == 100
    assert cells[0, 0]["value"] == 1
    place = int(np.flatnonzero((sweep.coordinates["dy"] == 2) & (sweep.coordinates["dx"] == -1))[0])
    right = np.mean([(sweep.predictions[i, place] == sweep.targets).double().mean().item() for i in mine])
    assert cells[2, -1]["accuracy"] == pytest.approx(right)
    knee = [row for row in rows(found, "knee") if (row["variant"], row["n"]) == ("plain", 64)]
    assert {(row["distance"], row["inside"]) for row in knee} >= {(0.0, True), (3.0, True), (5.0, False)}
    assert all(row["accuracy"] == 0 for row in knee if not row["inside"])
    assert min(row["accuracy"] for row in knee if row["inside"]) > 0.9


def test_residuals_are_measured_less_fitted(found):
    found_rows = rows(found, "residuals")
    assert found_rows
    assert all(row["residual"] == pytest.approx(row["value"] - row["fitted"]) for row in found_rows)


def test_coverage_follows_the_closed_forms(found):
    shares = {(row["n"], row["law"]): row["expected_share"] for row in rows(found, "coverage")}
    assert shares[64, "distinct shifts of 8 x 8"] == 1
    assert shares[64, "drawn independently, all phases alike"] == pytest.approx(1 - (63 / 64) ** 64)


@pytest.mark.parametrize(
    ("shifts", "law", "covered"),
    [
        ("-8..8:8", "distinct shifts of the 9 that are trained", 1 / 64),
        ("2x8", "distinct shifts of 2 x 8", 16 / 64),
        ("-2,0;0,0;0,1", "distinct shifts of the 3 that are trained", 3 / 64),
    ],
)
def test_coverage_is_that_of_the_shifts_that_are_trained(shifts, law, covered):
    available = len(make_pool("shift", shifts=shifts))
    sweep = sample.sweep(copies=(1, available), seeds=1)
    found = argument.coverage([sample.study(replace(sweep, parameters={"shifts": shifts}))])
    shares = {
        n: share for n, one, share in zip(found["n"], found["law"], found["expected_share"], strict=True) if one == law
    }
    assert max(shares) == available
    assert shares[available] == pytest.approx(covered)


def test_cost_adds_up(found):
    cost = {row["variant"]: row for row in rows(found, "cost")}
    assert cost["plain"]["networks"] == 14
    assert cost["plain"]["seconds"] == pytest.approx(21)
    assert cost["plain"]["vectorised"] is False


def test_the_answer_says_what_the_argument_says(study):
    said = words.answer([study])
    assert "The subsampling argument says s² = 64 copies." in said[0]
    assert "antialias does not get there by n = 64, all the versions there are (the law levels off at 6" in said[0]
    assert "polyphase needs no more than 1 copy" in said[0]
    assert "outside of it" in said[1]
    assert not any("trained once" in sentence for sentence in said)


def test_one_seed_is_said():
    once = sample.study(sample.sweep(seeds=1, beyond=0))
    assert words.ONE_SEED in words.answer([once])
    assert words.ONE_SEED in sample.copies(once).notes
    assert not [table for table in sample.copies(once).tables if table.name == "knee"]


def test_what_a_budget_left_out_is_said_once_of_models_that_lost_the_same():
    notes = {"small:4": "less", "small:8": "less", "resnet18": "more"}
    studies = [
        sample.study(replace(sample.sweep(), notes=("Something else.", f"Time budget of 9 s: {left}.")), model=name)
        for name, left in notes.items()
    ]
    assert words.thinned(studies) == [
        "small:4, small:8: Time budget of 9 s: less.",
        "resnet18: Time budget of 9 s: more.",
    ]


def test_head_numbers_are_needs_and_how_far_those_came_that_are_not_reached(study, found):
    heads = [one.name for one in words.headline([study], found.scalars)]
    assert heads[:3] == ["copies_needed@plain", "consistency_most@antialias", "copies_needed@polyphase"]


def test_labels_carry_the_model_where_there_are_several():
    two = [sample.study(model=name, alone=False) for name in ("small:4", "small:8")]
    names = {str(name) for name in sample.copies(*two).table("needed")["variant"]}
    assert {"small:4 plain", "small:8 polyphase"} <= names


def test_crops_deliver_as_many_copies_as_there_are_offsets():
    found = transforms(["RandomCrop(16, padding=1)"], (16, 16), [4], 0)
    last = rows(found, "delivered")[-1]
    assert (last["distinct"], last["phases"]) == (9, pytest.approx(9 / 16))


def test_a_sampled_share_of_phases_has_an_interval_that_holds_its_closed_form():
    one = transforms(["RandomCrop(32, padding=4)"], (32, 32), [8], 0).scalars[0]
    assert one.interval is not None
    assert one.interval.low < one.value < one.interval.high
    assert one.interval.low < crop_coverage(128, 40, 32, 8) < one.interval.high


def test_a_target_that_a_variant_sets_is_told_as_its_own():
    study = sample.study(target="antialias@1")
    assert "answered alike, what antialias reaches with 1 copy: plain" in words.answer([study])[0]
    assert "antialias needs no more than 1 copy of each image;" in words.answer([study])[0]
    assert "reach the consistency that antialias reaches with 1 copy, with at most 64" in words.finding([study])


def test_two_numbers_of_copies_are_told_without_a_law():
    study = sample.study(sample.sweep(copies=(1, 64)))
    found = sample.copies(study)
    assert "too few numbers of copies for a law" in words.answer([study])[0]
    assert {row["law"] for row in rows(found, "needed")} == {"none"}
    assert {row["fitted"] for row in rows(found, "curves")} == {None}
    assert not {"fits", "residuals"} & {table.name for table in found.tables}


def test_whether_needs_multiply_is_said_by_needs_or_by_all_cells():
    reached, far = (sample.study(sample.product(), target) for target in (0.7, 0.999))
    assert "alone" in products.answer([reached])[0]
    assert "for both" in products.answer([reached])[0]
    assert "all cells can be compared" in products.answer([far])[0]
    row = rows(sample.products(0.7), "products")[0]
    assert row["product"] == pytest.approx(row["n_shift"] * row["n_rotate"])
    assert row["to_product"] == pytest.approx(row["n_both"] / row["product"])
    assert len(rows(sample.products(0.7), "interaction")) == 9
    assert products.answer([sample.study()]) == []


@pytest.mark.parametrize(
    ("copies", "batch", "steps"), [(1, 8, 1), (2, 8, 5), (4, 8, 5), (4, 7, 9), (16, 8, 9), (3, 6, 40)]
)
def test_versions_that_are_shown_are_those_of_the_batches(copies, batch, steps):
    images = 12
    batches = Batches(torch.arange(copies).expand(images, copies), seed=3, batch=batch)
    seen = {pair for step in range(steps) for pair in zip(*(part.tolist() for part in batches(step)), strict=True)}
    runs = (Run("plain", (copies,), images, 0),)
    sweep = replace(sample.sweep(), runs=runs, steps=torch.tensor([steps]), settings={"batch": batch})
    assert sweep.shown == pytest.approx([len(seen) / images])


def test_how_networks_were_trained_is_said_where_it_is_not_as_usual():
    study, usual = sample.study(), sample.asked()
    told = result([study], replace(usual, words={**usual.words, "rate": 0.1, "amp": "bf16"})).parameters
    assert (told["rate"], told["amp"]) == (0.1, "bf16")
    assert told.keys() - result([study], usual).parameters.keys() == {"rate", "amp"}


def test_copies_that_training_is_too_short_to_show_are_said_on_the_first_screen():
    sweep = sample.sweep(copies=(1, 2, 4, 16), seeds=1)
    short = sample.study(replace(sweep, settings={**sweep.settings, "batch": 461}))
    said = "With n = 16, small:8 saw only 9.6 versions of each training image"
    assert any(text.startswith(said) for text in words.answer([short]))
    found = sample.copies(short)
    assert any(text.startswith(said) for text in found.notes)
    assert {row["n"]: row["shown"] for row in rows(found, "curves")} == pytest.approx(
        {1: 1, 2: 2, 4: 4, 16: 5 * 461 / 240}
    )
    assert not any("saw only" in text for text in words.answer([sample.study(sweep)]))
    first = sample.study(replace(sweep, settings={**sweep.settings, "batch": 16}))
    said = "With n = 1, 2, 4 and 16, small:8 saw only 33.3 % of the training images, each in one version, because"
    assert any(text.startswith(said) for text in words.answer([first]))
    steps = torch.tensor([run.total for run in sweep.runs])
    growing = sample.study(replace(sweep, steps=steps, settings={**sweep.settings, "batch": 12}))
    said = "With n = 1, 2, 4 and 16, small:8 saw only 5 %, 10 %, 20 % and 80 % of the training images, each in one"
    assert any(text.startswith(said) for text in words.answer([growing]))
    long = replace(short, model="small:4")
    assert "With n = 16, small:8 and small:4 saw only 9.6" in " ".join(words.answer([short, long]))
