"""The catalogue: every code once, with its name and message.

The first digit is the stage: 1 syntax, 2 names, 3 arguments, 4 shapes, 5 state and causality,
6 data and training, 7 speed, 8 programs and folders. Numbers are never used again. Each code has
a page in ``pages/`` whose wrong example is tested to produce it.
"""

from __future__ import annotations

from seqspec.diagnostics.model import Code, Severity

CATALOGUE: dict[str, Code] = {}


def _code(number: str, name: str, message: str, severity: Severity = Severity.ERROR) -> Code:
    code = Code(number, name, severity, message)
    CATALOGUE[number] = code
    return code


# ---- 1 syntax
UNEXPECTED = _code("SEQ101", "unexpected-token", "expected {expected}, found {found}")
UNCLOSED = _code("SEQ102", "unclosed-bracket", "`{opening}` is never closed")
UNOPENED = _code("SEQ103", "unopened-bracket", "`{closing}` closes nothing")
BAD_CHARACTER = _code("SEQ104", "bad-character", "{character} means nothing here")
BAD_VERSION = _code(
    "SEQ105",
    "unknown-version",
    "this file is written for seqspec {version}, which is not known here",
)
UNREADABLE = _code("SEQ106", "unreadable-file", "cannot read {path}: {reason}")
WRONG_BRACKET = _code("SEQ107", "wrong-bracket", "`{opening}` is closed by `{closing}`")

# ---- 2 names
UNKNOWN_NAME = _code("SEQ201", "unknown-name", "nothing is called `{name}` here")
UNKNOWN_LAYER = _code("SEQ202", "unknown-layer", "there is no layer or model called `{name}`")
DUPLICATE = _code("SEQ203", "duplicate-name", "`{name}` is already taken")
UNKNOWN_FIELD = _code("SEQ204", "unknown-field", "{owner} has no `.{field}`")
UNKNOWN_SECTION = _code("SEQ205", "unknown-section", "there is no kind of section called `{name}`")
UNKNOWN_SETTING = _code("SEQ206", "unknown-setting", "`{section}` has no setting called `{name}`")
UNKNOWN_MODEL = _code("SEQ207", "unknown-model", "there is no model called `{name}`")
UNKNOWN_PARAM = _code("SEQ208", "unknown-param", "there is no param called `{name}` to set")
RECURSIVE = _code("SEQ209", "recursive-model", "`{name}` contains itself")
UNUSED = _code("SEQ210", "unused-name", "`{name}` is never used", Severity.WARNING)
NO_MODEL = _code("SEQ211", "no-model", "this file has no model{that}")
AMBIGUOUS_MODEL = _code("SEQ212", "ambiguous-model", "this file has several models: {names}")
UNKNOWN_DATA = _code("SEQ213", "unknown-data", "there is no data section called `{name}`")

# ---- 3 arguments
MISSING_ARGUMENT = _code("SEQ301", "missing-argument", "`{callee}` needs `{argument}`")
UNKNOWN_ARGUMENT = _code("SEQ302", "unknown-argument", "`{callee}` has no argument `{argument}`")
BAD_ARGUMENT = _code(
    "SEQ303", "bad-argument", "`{argument}` of `{callee}` must be {expected}, not {actual}"
)
TOO_MANY_ARGUMENTS = _code(
    "SEQ304", "too-many-arguments", "`{callee}` takes at most {most}, not {given}"
)
REPEATED_ARGUMENT = _code(
    "SEQ305", "repeated-argument", "`{argument}` of `{callee}` is given twice"
)
NOT_A_NUMBER = _code("SEQ306", "not-a-number", "{what} is not a number that is known here")
NOT_A_VALUE = _code(
    "SEQ307", "not-a-value", "{what} is not something that data can flow {direction}"
)
MISSING_SETTING = _code("SEQ308", "missing-setting", "`{section}` needs the setting `{name}`")
FORBIDDEN_VALUE = _code("SEQ309", "forbidden-value", "{what}")
FOLLOWS = _code("SEQ310", "written-but-follows", "`{argument}` is not written: {why}")

# ---- 4 shapes
WRONG_CLAIM = _code(
    "SEQ401", "shape-mismatch", "`{name}` is said to be {claimed}, but it is {actual}"
)
MISSING_AXIS = _code("SEQ402", "missing-axis", "`{layer}` needs {needed}, but receives {actual}")
EXTRA_AXIS = _code("SEQ403", "extra-axis", "`{layer}` needs {needed}, but receives {actual}")
WRONG_KIND = _code("SEQ404", "wrong-kind", "`{layer}` needs {needed}, but receives {actual}")
UNKNOWN_WIDTH = _code(
    "SEQ405", "unknown-width", "the weights of `{layer}` need a known width, but it is {width}"
)
DISAGREE = _code("SEQ406", "operands-disagree", "`{layer}` cannot join {left} and {right}")
WRONG_PORT = _code(
    "SEQ407", "wrong-input", "`{port}` of `{model}` is {declared}, but receives {actual}"
)
WRONG_OUTPUT = _code(
    "SEQ408", "wrong-output", "`{model}` promises {promised}, but its body gives {actual}"
)
SHARED_WIDTH = _code(
    "SEQ409", "shared-layer-mismatch", "`{layer}` is shared, but receives {second} after {first}"
)
NO_BATCH = _code(
    "SEQ410",
    "no-batch-axis",
    "the input `{name}` has no axes; the first axis of an input is the batch",
)
UNKNOWN_DIMENSION = _code(
    "SEQ411", "unknown-dimension", "`{name}` is not a size that is known here"
)
BAD_TYPE = _code("SEQ412", "bad-type", "{what}")
WRONG_COUNT = _code("SEQ413", "wrong-count", "{what} gives {given}, but {wanted} expected")
SECOND_SOFTMAX = _code(
    "SEQ414", "second-softmax", "`{layer}` is applied to what are already probabilities"
)
NO_RESULT = _code("SEQ415", "no-result", "`{model}` does not say what it gives")
NOT_PER_STEP = _code("SEQ416", "not-per-step", "`each` cannot go over `{axis}` of {actual}")
TWO_RESULTS = _code("SEQ417", "two-results", "`{model}` gives a result twice")
WRONG_OPERANDS = _code("SEQ418", "wrong-operands", "`{layer}` takes {wanted}, but receives {given}")

BAD_SLICE = _code("SEQ425", "bad-slice", "{what}")

COPIES = _code("SEQ427", "copies", "`{argument}` of `{callee}` has {values}, not one for each copy")
BAD_TIE = _code("SEQ428", "bad-weight", "{what}")
GIVEN_SHAPE = _code("SEQ429", "given-shape", "`{weight}` is {shape}, but {path} holds {actual}")
BAD_GIVEN = _code("SEQ430", "bad-given-weights", "{reason}")
NO_GIVEN = _code(
    "SEQ431",
    "no-weights-file",
    "the file {path} that `{weight}` begins with is not there",
    Severity.WARNING,
)

# ---- 5 state and causality
WRONG_STATE = _code(
    "SEQ501", "wrong-state", "`{layer}` starts from {needed}, but receives {actual}"
)
STATE_SIZE = _code(
    "SEQ502",
    "state-size",
    "`{layer}` starts from a state of {needed} numbers, but receives {actual}",
)
TWO_WAY_STATE = _code(
    "SEQ503", "two-way-state", "`{layer}` runs one way, but receives the state of both directions"
)
LOOK_AHEAD = _code(
    "SEQ504",
    "look-ahead",
    "the model sees its own answer: {output} looks ahead, and its target is the next step",
)
MASK_LOST = _code(
    "SEQ505",
    "mask-lost",
    "after `{layer}` padding counts as data: {why}",
    Severity.WARNING,
)
TWO_DIRECTIONS = _code(
    "SEQ510",
    "two-directions",
    "`{layer}` with `{argument}` gives two values, neither of which flows on by itself",
)
STEPS_REVERSED = _code("SEQ511", "steps-reversed", "{what}", Severity.WARNING)
NO_RESET = _code(
    "SEQ520",
    "no-reset-policy",
    "`{layer}` carries its state from batch to batch, but nothing says when it is cleared",
)
NOTHING_CARRIED = _code("SEQ521", "nothing-carried", "{what}, but no layer carries its state")
OUT_OF_ORDER = _code(
    "SEQ522",
    "lanes-out-of-order",
    "`{layer}` carries its state, so batches have to go on where the one before ended, but {why}",
)
CARRIED_TWICE = _code("SEQ523", "carried-twice", "`{layer}` carries its state, but {why}")
CUT_DIFFERENTLY = _code("SEQ524", "depends-on-the-cut", "{what}", Severity.WARNING)
NO_FORECAST = _code("SEQ530", "no-forecast", "`{model}` cannot be run into the future: {why}")
NOT_FED_BACK = _code(
    "SEQ531",
    "not-fed-back",
    "what `{model}` predicts cannot be its next input: {why}",
)
LONG_WARM_UP = _code(
    "SEQ532",
    "long-warm-up",
    "`{model}` has never read more than {steps} steps from a cleared state, but warms up on {more}",
    Severity.WARNING,
)
NO_STEPPER = _code("SEQ533", "no-stepper", "`{model}` cannot be run online: {why}")
BAD_ALLOWANCE = _code("SEQ534", "bad-allowance", "{what}")
NEEDLESS_ALLOWANCE = _code(
    "SEQ535",
    "needless-allowance",
    "`{name}` is allowed on this line, but nothing there is to be allowed",
    Severity.WARNING,
)
LOOP_MISMATCH = _code(
    "SEQ540",
    "loop-mismatch",
    "`{looped}` is {declared}, so what feeds it is {wanted}, not {output}",
)
LOOP_LOOKS_AHEAD = _code(
    "SEQ541",
    "loop-looks-ahead",
    "`{layer}` looks ahead in `{looped}`, whose later steps are not written yet",
)
NOT_STEPPED = _code("SEQ542", "not-stepped", "`{layer}` {reason}, so it cannot be run step by step")
NOT_LATE = _code("SEQ543", "not-late", "`{looped}` cannot be its target one step late: {why}")
BESIDE = _code(
    "SEQ544",
    "beside-the-loop",
    "`{name}` comes step by step beside `{looped}`, but {why}",
)
NOT_FORCED = _code(
    "SEQ545",
    "not-forced",
    "`teacher_forcing` below 100% has a model read what it says itself, but {why}",
)
NOT_SHIFTED = _code(
    "SEQ547",
    "not-shifted",
    "`{model}` is to write what follows, but is trained to give `{column}` of the same step",
)

# ---- 6 data and training
NO_FILE = _code("SEQ601", "no-data-file", "the data file {path} is not there", Severity.WARNING)
UNKNOWN_COLUMN = _code("SEQ602", "unknown-column", "{path} has no {what} called `{name}`")
DATA_MISMATCH = _code("SEQ603", "data-mismatch", "`{port}` is {declared}, but {data}")
TARGET_SHAPE = _code("SEQ604", "target-shape", "the output is {output}, but its target is {target}")
LOSS_MISMATCH = _code("SEQ605", "loss-mismatch", "`{loss}` cannot be computed on {output}")
CLASS_IDS = _code(
    "SEQ606", "one-hot-or-ids", "`{loss}` compares with {wanted}, but the target is {actual}"
)
RANDOM_WINDOWS = _code(
    "SEQ607", "random-windows", "a random split of windows lets the training part see the test part"
)
BAD_SPLIT = _code("SEQ608", "bad-split", "the parts of the split add up to {total}")
METRIC_MISMATCH = _code("SEQ610", "metric-mismatch", "`{metric}` cannot be computed with `{loss}`")
NOT_FED = _code("SEQ611", "input-not-fed", "nothing in `{data}` feeds the input `{port}`")
SWAPPED_AXES = _code(
    "SEQ612",
    "swapped-axes",
    "`{port}` is {declared}, but the data is {actual}: time and features swapped?",
)
NEEDS_WINDOWS = _code("SEQ613", "windows", "{what}")
BAD_DATA = _code("SEQ614", "bad-data", "{reason}")
TRAINING_STOPPED = _code("SEQ615", "training-stopped", "{reason}")
BAD_RUN = _code("SEQ616", "bad-run-folder", "{reason}")
NO_TRAINING = _code("SEQ617", "no-train-section", "`{model}` has no train section")
UNKNOWN_OUTPUT = _code("SEQ618", "unknown-output", "`{model}` has no output called `{name}`")
UNTRAINED = _code("SEQ619", "untrained-output", "no loss is computed on the output `{name}`")
CLASS_WEIGHTS = _code(
    "SEQ620", "class-weights", "`class_weight` has {given} numbers, but `{output}` has {classes}"
)
WEIGHT_SHAPE = _code(
    "SEQ621", "weight-shape", "the loss has an entry for each {wanted}, but its weight is {actual}"
)
METRIC_NEEDS = _code("SEQ622", "metric-needs", "`{metric}` measures {wanted}, but {actual}")
BAD_FREEZE = _code("SEQ625", "bad-freeze", "{what}")
NO_PADDING = _code(
    "SEQ630",
    "no-padding",
    "the sequences of `{port}` differ in length, but {declared} does not say how to pad them",
)
NO_TOKENS = _code("SEQ631", "no-tokens", "nothing says what the texts of {path} are cut into")
OTHER_VOCABULARY = _code(
    "SEQ632",
    "other-vocabulary",
    "the output has {classes} classes, but its target `{column}` has {bound} ids",
)
NO_SERIES = _code("SEQ640", "no-series", "`{what}` {why}, but {path} is one series")
KNOWN_AHEAD = _code("SEQ641", "known-ahead", "`{port}` is fed from after the window, but {why}")
NOT_MAPPED = _code("SEQ642", "not-mapped", "`memory = map` leaves rows where they are, but {why}")
NOT_AUGMENTED = _code("SEQ643", "not-augmented", "`{name}` makes no sense here: {why}")
NO_SCALE_EACH = _code("SEQ644", "no-scale-for-each", "series have no scale of their own: {why}")
CANNOT_RESUME = _code("SEQ650", "cannot-resume", "{reason}")
PADDED_STREAM = _code(
    "SEQ651",
    "padded-stream",
    "`{port}` is padded ({pad}), but a stream holds nothing but steps of its series",
)
STREAM_TARGET = _code("SEQ654", "stream-target", "a stream has a target for each step, but {what}")
STREAM_STEPS = _code(
    "SEQ655",
    "stream-steps",
    "`{port}` has {steps} steps, but the last chunk of a series may have fewer",
)
NO_STREAM = _code("SEQ656", "no-stream", "`streams` cuts series into chunks, but {why}")

# ---- 7 speed
SLOW_CELL = _code(
    "SEQ701",
    "no-fused-kernel",
    "`{layer}` cannot use the fused kernel because of {why}",
    Severity.NOTE,
)

PADDING_ANYWHERE = _code(
    "SEQ702",
    "padding-anywhere",
    "the Keras program cannot use the fused kernel for {layers}: padding may stand anywhere",
    Severity.NOTE,
)

# ---- 8 programs and folders
NO_FRAMEWORK = _code("SEQ801", "no-framework", "{what} is not installed")
UNSUPPORTED = _code("SEQ802", "unsupported", "{backend} cannot say {what}")
CANNOT_WRITE = _code("SEQ803", "cannot-write", "cannot write {path}: {reason}")
NOT_EMPTY = _code("SEQ804", "folder-not-empty", "{path} is there already and not empty")
PROGRAMS_DIFFER = _code("SEQ805", "programs-differ", "{what}")


def find(name: str) -> Code | None:
    """A code by number (any case) or by kebab name."""
    wanted = name.strip().lower()
    return next((c for c in CATALOGUE.values() if wanted in (c.number.lower(), c.name)), None)
