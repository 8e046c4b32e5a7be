"""Words for sequences of their own lengths: how batches are drawn.

Facts of a way to draw batches: ``by_length`` tells one that looks at the lengths of sequences.
"""

from __future__ import annotations

from seqspec.vocabulary.spec import POSITIVE, Arg, Entry

BATCHES: dict[str, Entry] = {
    "bucketed": Entry(
        "bucketed",
        "batches",
        "Batches of sequences of similar length, in a new order each epoch.",
        (
            Arg(
                "pool",
                POSITIVE,
                50,
                "How many batches of samples, drawn at random, are sorted by length at a time.",
            ),
        ),
        facts={"by_length": True},
    ),
}
