"""Figures of the question of upsampling: which layer writes a checkerboard, and what removes it?"""

from __future__ import annotations

from biasscope.figures.registry import entry

ENTRIES = {
    "spectra": entry(
        "upsampling.maps:spectra",
        "Spectrum of the output, stride frequencies marked",
        "Power of the output, mean over pictures, zero frequency in the middle, on a logarithmic scale; the stronger "
        "the colour, the more. Circles are the stride frequencies, where a pattern that repeats with the stride has "
        "all its energy; large ones stand out from what is around them (the low end of a 95 % interval over pictures "
        "that holds for all of them together is above 0 dB; on an axis, from what is around on that axis, too). On the "
        "right after the remedy that removes the ripple on constant pictures with the least change.",
        "patterns",
    ),
    "peaks": entry(
        "upsampling.strength:peaks",
        "Peaks at the stride frequencies, layer by layer",
        "Power at the stride frequencies over the median around them, in decibels, with its 95 % interval over "
        "pictures; crosses are the frequencies of the layer's own stride alone. 0 is nothing that stands out. Hollow "
        "marks are uncertain: maps too small for a taper, so that edges leak into the peaks. What is below "
        "\N{MINUS SIGN}40 dB is drawn there.",
        "patterns",
    ),
    "overlaps": entry(
        "upsampling.maps:overlaps",
        "How often each position is written",
        "One period of the output (or, for the gradient, of the input); the number is how often that position is "
        "written when every weight counts as one. All numbers equal: even. The gradient is counted for the strided "
        "layers alone, and with the layers between. What is even throughout is left out where something else is not. "
        "Numbers of five digits and more are told by the smallest.",
        "overlap",
    ),
    "energies": entry(
        "upsampling.maps:energies",
        "Energy of the gradient by the phase of the pixel",
        "One period of the product of strides. 1 is as much as the mean over phases; the stronger the colour, the more "
        "of the gradient arrives there.",
        "gradients",
    ),
    "remedies": entry(
        "upsampling.strength:remedies",
        "What is left of the peaks, and what the output loses",
        "Left the peaks at the stride frequencies after every remedy, right the change of the output over the output "
        "as it is; lines are 95 % intervals over pictures. Hollow marks are remedies whose weights were drawn anew.",
        "remedies",
    ),
    "scores": entry(
        "upsampling.strength:scores",
        "How unevenly weights answer constants, layer by layer",
        "Spread over the phases of what a layer answers to a constant, by the mean answer: of the weights alone "
        "(full), for the mean activation in front of the layer without its bias (hollow), and with the bias in the "
        "mean answer (crosses). 0 is a layer that writes a constant as a constant.",
        "weights",
    ),
    "single": entry(
        "upsampling.strength:single",
        "What the repair of a single layer removes",
        "Share of the largest ripple on constant pictures that goes when the best remedy is used on that layer alone, "
        "and on all of them. Shares do not add up; a bar to the left is more ripple than before.",
        "remedies",
    ),
    "knee": entry(
        "augmentation.places:knee",
        "Inside and outside of the trained range",
        "Accuracy of small networks by the distance of the digit from the middle; the dashed line is the end of the "
        "range that crops of this padding have shown; bands are 95 % intervals over pictures. Flat up to the line and "
        "falling behind it: positions are learned by being shown.",
        "coverage",
    ),
    "phases": entry(
        "upsampling.strength:phases",
        "What a layer makes of the phase of its input",
        "Variance over moved copies of a picture, one a phase of the stride product, by the variance over pictures; "
        "lines are 95 % intervals. 0 is a layer that does not see the phase, 1 one to which the phase matters as much "
        "as the picture. Vermilion marks are layers that subsample.",
        "coverage",
    ),
    "coverage": entry(
        "upsampling.strength:coverage",
        "Phases that random crops cover",
        "A line is the closed form, the circles are what the transform delivered in a simulation. A line that levels "
        "off below 1 has fewer offsets than the network has phases: more copies do not help.",
        "coverage",
    ),
}
