"""Words of generation: how the next token is picked from what a model gives.

Facts of a pick: ``beams`` tells one that keeps several beginnings at a time, ``drawn`` one that
needs random numbers.
"""

from __future__ import annotations

from seqspec.vocabulary.spec import ABOVE_ZERO, FRACTION, NOT_NEGATIVE, POSITIVE, Arg, Entry

PICKS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "greedy",
            "pick",
            "The most likely token.",
            facts={"beams": False, "drawn": False},
        ),
        Entry(
            "sample",
            "pick",
            "A token drawn by its probability. top_p: Holtzman et al. 2020, nucleus sampling.",
            (
                Arg("temperature", ABOVE_ZERO, 1.0,
                    "Logits are divided by it: below 1 likely tokens become likelier."),
                Arg("top_k", POSITIVE, None, "Only the k most likely tokens; all if left out."),
                Arg("top_p", FRACTION, None,
                    "Only the most likely tokens that together reach this share; all if left out."),
            ),
            facts={"beams": False, "drawn": True},
        ),
        Entry(
            "beam",
            "pick",
            "The likeliest of the sequences that are found by keeping the best few beginnings.",
            (
                Arg("width", POSITIVE, 4, "How many beginnings are kept."),
                Arg("length_penalty", NOT_NEGATIVE, 1.0,
                    "Sums of log probabilities are divided by the length to this power."),
            ),
            facts={"beams": True, "drawn": False},
        ),
    )
}  # fmt: skip
