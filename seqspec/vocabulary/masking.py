"""What layers do with the masks of padded sequences."""

from __future__ import annotations

from enum import Enum


class Masking(Enum):
    """What a layer does with the mask of what flows in, as Keras does (or says it should)."""

    KEEPS = "keeps"  # each step is on its own; the mask goes on
    COUNTS = "counts"  # the same, and what is computed over steps is computed over data alone
    STEPS = "steps"  # padded steps are passed over; outputs with a time axis keep the mask
    STEPS_BACK = "steps back"  # the same from the last step to the first
    CONSUMES = "consumes"  # padded steps do not count, and no time axis is left
    JOINS = "joins"  # a step counts if it does in any operand; one without a mask ends it
    APPENDS = "appends"  # operands follow one another in time, and so do their masks
    ATTENDS = "attends"  # values are seen where they are data; steps of the query are on their own
    HEADS = "heads"  # the same, and keys tell with the values which are data
    FLIPS = "flips"  # the steps in reverse order
    ENDS = "ends"  # steps are mixed: padding goes on as if it were data
