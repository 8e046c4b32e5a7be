"""Words for sequences of their own lengths and for texts: readers, tokens, how batches are drawn.

Facts of a reader of texts: ``text`` is true; ``samples`` tells many samples from one long text;
``layout`` how a sample's columns stand in the file: ``fields`` of a line with tabs between,
``tags`` that hang on words, ``rows`` of tokens. Facts of tokens: ``unit`` is what a text is cut
into, ``vocabulary`` tells that they get ids from one. Facts of a way to draw batches:
``by_length`` tells one that looks at lengths of sequences.
"""

from __future__ import annotations

from seqspec.vocabulary.spec import BOOL, CHARACTER, NAMES, POSITIVE, TEXT, Arg, Entry, choice

_PATH = Arg("path", TEXT, doc="The file, relative to the spec.")

TEXT_READERS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "tsv",
            "reader",
            "Texts, a sample each line, tabs between its fields; no header line.",
            (_PATH, Arg("columns", NAMES, doc="What the fields are called, in their order.")),
            facts={"tabular": False, "text": True, "samples": True, "layout": "fields"},
        ),
        Entry(
            "tagged",
            "reader",
            "Words that have a tag each, `word/TAG word/TAG`, a sample each line.",
            (
                _PATH,
                Arg("columns", NAMES, doc="What the words and the tags are called."),
                Arg("separator", CHARACTER, "/", "Stands before a tag, the last of its kind."),
            ),
            facts={"tabular": False, "text": True, "samples": True, "layout": "tags"},
        ),
        Entry(
            "conll",
            "reader",
            "A word and its tags each line, blanks between; an empty line after each sample.",
            (_PATH, Arg("columns", NAMES, doc="What the fields are called, in their order.")),
            facts={"tabular": False, "text": True, "samples": True, "layout": "rows"},
        ),
        Entry(
            "text",
            "reader",
            "One long text, to be cut into windows or into lanes.",
            (_PATH,),
            facts={"tabular": False, "text": True, "samples": False, "layout": ""},
        ),
    )
}

_STANDARDIZE = Arg(
    "standardize",
    choice("none", "lower", "strip_punctuation", "lower_and_strip_punctuation"),
    "none",
    "What is done to a text before it is cut.",
)
_ENDS = Arg(
    "ends", BOOL, False, "Whether a start (id 2) and an end (id 3) are put around each text."
)
_MAX_LENGTH = Arg(
    "max_length", POSITIVE, None, "How many tokens of a text are kept; all if left out."
)
TOKENS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "characters",
            "tokens",
            "Each character is a token.",
            (_STANDARDIZE, _ENDS, _MAX_LENGTH),
            facts={"unit": "character", "vocabulary": True},
        ),
        Entry(
            "words",
            "tokens",
            "What stands between blanks is a token.",
            (_STANDARDIZE, _ENDS, _MAX_LENGTH),
            facts={"unit": "word", "vocabulary": True},
        ),
        Entry(
            "ids",
            "tokens",
            "Whole numbers with blanks between are the ids themselves; a label is one, too.",
            facts={"unit": "id", "vocabulary": False},
        ),
    )
}

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
    "streams": Entry(
        "streams",
        "batches",
        "Series side by side, cut into chunks: each batch goes on where the one before ended.",
        (
            Arg("chunk", POSITIVE, doc="Steps of each series in a batch; gradients end there."),
            Arg("lanes", POSITIVE, 1, "How many parts of a series are read side by side."),
        ),
        facts={"by_length": False},
    ),
}
