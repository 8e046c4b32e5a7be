"""Texts that feed inputs and targets: fields of lines, or one long text cut into windows."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label
from seqspec.ir import files, ragged, text_columns
from seqspec.ir.feeding import Fed, Feeder, Offered
from seqspec.ir.files import Unreadable
from seqspec.ir.graph import Value
from seqspec.ir.task import SampleWeight, Target
from seqspec.ir.wanting import missing_target
from seqspec.shapes.dim import Dim, Shape, show
from seqspec.source import Span
from seqspec.types import Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting

Ports = list[tuple[Value, Tensor]]
Names = tuple[str, ...]


class Texts(Feeder):
    """A file of text: its tokens get ids from a vocabulary, made of the training part.

    Tokens that are whole numbers are ids themselves.
    """

    def feed(self) -> Fed | None:
        ports = self.ports()
        if ports is None or not self._settings_fit():
            return None
        samples = bool(self.source.entry.facts["samples"])
        if samples:
            axes = (ragged.axis(type_.shape) for _, type_ in ports)
            self.ragged = {name: name for name in axes if name}
            ports = [port for port in ports if port[0].name not in self.padded_ports()]
        kinds = self.kinds()
        if kinds is None or not self._readable(samples):
            return None
        columns: tuple[str, ...] = self.source.args["columns"] if samples else (ports[0][0].name,)
        inputs = self._inputs(ports, columns)
        targets = None if inputs is None else self._compared(kinds, inputs, columns)
        if inputs is None or targets is None:
            return None
        sizes: dict[str, Dim] = {}
        for port, type_ in ports:
            if not self._port_fits(port, type_, samples, sizes):
                return None
        for one in self.trained:
            if not self._target_fits(ports, inputs, targets[one.output], one.value):
                return None
        if not text_columns.read_alike(self, ports, inputs, targets):
            return None
        weights = self._weights(columns)
        data = None if weights is None else self.data(inputs, targets, weights)
        if data is None:
            return None
        first = ports[0][1]
        offered = {
            one.output: Offered(self._targets(kinds[one.output], first, one.value.tensor))
            for one in self.trained
        }
        return Fed(data, self.section, sizes, offered)

    def _compared(
        self, kinds: Mapping[str, str], inputs: Mapping[str, tuple[str, ...]], columns: Names
    ) -> dict[str, Target] | None:
        """The one column that each output is compared with; None after reporting."""
        found: dict[str, Target] = {}
        for one in self.trained:
            names = one.target.columns or next(iter(inputs.values()))
            if len(names) != 1:
                what = "the target of texts is one column"
                self.sink.report(codes.FORBIDDEN_VALUE(what=what), one.target.span)
                return None
            if names[0] not in columns:
                missing_target(self, one, "column", names[0], columns)
                return None
            found[one.output] = Target(names, kinds[one.output])
        return found

    # ---- the section

    def _weights(self, columns: tuple[str, ...]) -> dict[str, SampleWeight] | None:
        """The column that weighs each line; None after reporting that it cannot."""
        found: dict[str, SampleWeight] = {}
        for one in self.trained:
            name: str | None = one.loss.setting.args.get("sample_weight")
            if name is None:
                continue
            layout = self.source.entry.facts["layout"]
            if layout not in ("fields", "rows"):
                what = "`sample_weight` is a field of a line, "
                what += f"which `{self.source.name}` does not read"
                finding = codes.FORBIDDEN_VALUE(what=what)
                help = "read a tsv or a file of conll, or leave it out"
                self.sink.report(finding, one.loss.span, help=help)
                return None
            if layout == "rows" and self.section.values["tokens"].args["ends"]:
                what = f"`ends` adds a first and a last step that have nothing in `{name}`"
                finding = codes.FORBIDDEN_VALUE(what=what)
                self.sink.report(finding, self.section.at("tokens"), help="leave `ends` out")
                return None
            if name not in columns:
                self.missing("column", name, columns, "source", one.loss.span)
                return None
            found[one.output] = SampleWeight(name, per_step=layout == "rows")
        return found

    def _settings_fit(self) -> bool:
        values = self.section.values
        if values["tokens"] is None:
            end = self.section.at("source").end
            self.sink.report(
                codes.NO_TOKENS(path=self.shown),
                self.section.at("source"),
                help="write `tokens = characters()` or `tokens = words()`; ids are `ids()` already",
                fix=Fix(Span(end, end), "\n    tokens = characters()"),
            )
            return False
        grouped = values["split"] is not None and "by" in values["split"].args
        unfit = {
            "split": (grouped, "texts are split line by line, not by groups"),
            "scale": (values["scale"] is not None, "ids of texts have no scale"),
            "missing": (values["missing"] != "error", "no value is missing in a text"),
        }
        for name, (written, what) in unfit.items():
            if written:
                finding = codes.FORBIDDEN_VALUE(what=what)
                self.sink.report(finding, self.section.at(name), help="leave it out")
                return False
        if not self._cut_fits():
            return False
        if self.source.entry.facts["samples"] and self.windows is not None:
            what = (
                f"each line of {self.shown} is a sample, but windows are cut out of one long text"
            )
            labels = (Label(self.section.at("source"), "the lines"),)
            help = (
                f'leave the windows out, or read it as one text: text("{self.source.args["path"]}")'
            )
            finding = codes.FORBIDDEN_VALUE(what=what)
            self.sink.report(finding, self.section.at("windows"), labels=labels, help=help)
            return False
        if self.windows is None and not self.source.entry.facts["samples"]:
            end = self.section.at("source").end
            self.sink.report(
                codes.NEEDS_WINDOWS(
                    what=f"{self.shown} is one long text, so it has but one sample"
                ),
                self.section.at("source"),
                help="cut it into windows: `windows = sliding(steps=…)`; for a model that carries "
                "its state, into lanes: `batches = streams(chunk=…, lanes=…)`",
            )
            return False
        return True

    def _cut_fits(self) -> bool:
        """Whether what is cut into tokens in the file stays as it is; reports if not."""
        source, tokens = self.source, self.section.values["tokens"]
        if not tokens.entry.facts["vocabulary"]:
            return self._lists_fit(tokens)
        if not source.entry.facts["samples"]:
            return self._uncut(tokens)
        if source.entry.facts["layout"] not in ("tags", "rows"):
            return True
        if source.entry.facts["layout"] == "tags" and len(source.args["columns"]) != 2:
            what = "`tagged` reads two columns, the words and their tags"
            self.sink.report(
                codes.FORBIDDEN_VALUE(what=what),
                self.section.at("source"),
                help="name both: columns=[words, tags]",
            )
            return False
        what = ""
        if tokens.entry.facts["unit"] != "word":
            what = (
                f"`{source.name}` reads words that are cut already, `{tokens.name}` would cut them"
            )
        elif "strip" in tokens.args["standardize"]:
            what = "punctuation marks have tags, too, which would be left without a word"
        if not what:
            return True
        finding = codes.FORBIDDEN_VALUE(what=what)
        help = "write words() or words(standardize=lower)"
        self.sink.report(finding, self.section.at("tokens"), help=help)
        return False

    def _uncut(self, tokens: Setting) -> bool:
        """Whether nothing is asked of one long text that is done to samples; reports if so."""
        unfit = {
            "ends": (tokens.args["ends"], "`ends` puts a start and an end around each sample"),
            "max_length": (tokens.args["max_length"], "`max_length` cuts off each sample"),
        }
        for name, (written, what) in unfit.items():
            if written:
                finding = codes.FORBIDDEN_VALUE(what=f"{what}, but {self.shown} is one long text")
                place = self.section.at("tokens", name)
                self.sink.report(finding, place, help="leave it out")
                return False
        return True

    def _lists_fit(self, tokens: Setting) -> bool:
        """Whether the fields of the file can be lists of ids; reports if not."""
        if self.source.entry.facts["layout"] == "fields":
            return True
        readers = [e.name for e in ENTRIES["reader"].values() if e.facts.get("layout") == "fields"]
        what = f"`{tokens.name}` reads fields that are lists of ids, "
        what += f"and `{self.source.name}` has no such fields"
        labels = (Label(self.section.at("source"), "the source"),)
        help = "read a file with a sample each line: " + ", ".join(f"{n}(…)" for n in readers)
        finding = codes.FORBIDDEN_VALUE(what=what)
        self.sink.report(finding, self.section.at("tokens"), labels=labels, help=help)
        return False

    def _readable(self, samples: bool) -> bool:
        """Whether the file, if it is there, has as many fields as are named; reports if not."""
        if not self.there() or not samples:
            return True
        layout = self.source.entry.facts["layout"]
        if layout == "tags":
            return True
        fields = files.fields(self.path, "\t" if layout == "fields" else None)
        if isinstance(fields, Unreadable):
            self.unreadable(fields)
            return False
        columns: tuple[str, ...] = self.source.args["columns"]
        if fields == len(columns):
            return True
        between = "tabs" if layout == "fields" else "blanks"
        reason = f"a line of {self.shown} has {_counted(fields, 'field')} between {between}, "
        reason += f"but {_counted(len(columns), 'column')} are named"
        self.sink.report(codes.BAD_DATA(reason=reason), self.section.at("source"))
        return False

    def _inputs(self, ports: Ports, columns: tuple[str, ...]) -> dict[str, tuple[str, ...]] | None:
        """The column of each input: the one that is named, of its own name, or the only one."""
        given = self.given
        if given is not None and (len(ports) > 1 or len(given) != 1):
            what = "`inputs` names the one column of a model's only input"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.section.at("inputs"))
            return None
        if given is not None and given[0] not in columns:
            self.missing("column", given[0], columns, "inputs")
            return None
        if given is None and len(ports) == 1 and ports[0][0].name not in columns:
            weights = [one.loss.setting.args.get("sample_weight") for one in self.trained]
            taken = [*(name for one in self.trained for name in one.target.columns), *weights]
            others = tuple(c for c in columns if c not in taken)
            given = others if len(others) == 1 else None
        if given is not None:
            return {ports[0][0].name: given}
        found = {port.name: (port.name,) for port, _ in ports}
        for name, fed in self.feeding.items():
            if fed.ahead or len(fed.names) != 1:
                what = f"`{name}` is fed by one column of texts"
                self.sink.report(codes.FORBIDDEN_VALUE(what=what), fed.span)
                return None
            found[name] = fed.names
        for port, _ in ports:
            if found[port.name][0] not in columns:
                self.sink.report(
                    codes.NOT_FED(data=self.section.name, port=port.name),
                    self.section.at("source"),
                    help=f"the columns of {self.shown} are called " + ", ".join(columns),
                )
                return None
        return found

    # ---- inputs and target

    def _port_fits(self, port: Value, type_: Tensor, samples: bool, sizes: dict[str, Dim]) -> bool:
        if type_.kind != "token":
            self.mismatch(
                port, "texts become ids", "write `token(100, pad=0)[B, T]`, then embed it"
            )
            return False
        tokens: Setting = self.section.values["tokens"]
        bound = type_.bound.value if type_.bound is not None else None
        if not tokens.entry.facts["vocabulary"]:
            return self._ids_fit(port, type_, bound)
        least = reserved(tokens) + 1
        if bound is None or bound < least:
            what = f"`{port.name}` has {type_.bound} ids, but a vocabulary has at least {least}"
            help = f"ids below {least - 1} are kept for padding, unknown tokens and ends; "
            help += "write how many there may be, such as token(100)"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), port.span, help=help)
            return False
        if isinstance(type_.pad, int | float) and type_.pad != 0:
            what = f"a vocabulary pads with id 0, not with {type_.pad}"
            finding = codes.FORBIDDEN_VALUE(what=what)
            self.sink.report(finding, port.span, help="write `pad=0`")
            return False
        if not samples:
            return self.windows_fit(port, type_, 1, sizes)
        return self._any_length(port, type_)

    def _ids_fit(self, port: Value, type_: Tensor, bound: int | None) -> bool:
        """Whether it is known which numbers are ids of an input; reports if not."""
        if bound is not None:
            return self._any_length(port, type_)
        what = f"nothing says how many ids `{port.name}` has: {type_}"
        help = f"write the number, such as token(1000, pad=0){show(type_.shape)}"
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), port.span, help=help)
        return False

    def _any_length(self, port: Value, type_: Tensor) -> bool:
        """Whether an input takes one token, or any number of them; reports if not."""
        if type_.rank == 1 or (type_.rank == 2 and ragged.axis(type_.shape)):
            return True
        self.mismatch(
            port,
            "texts are sequences of any length",
            f"write `token({type_.bound}, pad=0)[B, T]`",
        )
        return False

    def _target_fits(
        self, ports: Ports, inputs: Mapping[str, tuple[str, ...]], compared: Target, value: Value
    ) -> bool:
        """Whether what is told from texts has ids: those of an input, or classes of its own."""
        output, (target,) = value.tensor, compared.names
        classes = output.shape[-1].value if output.shape else None
        for port, type_ in ports:
            if inputs[port.name] == (target,) and type_.bound is not None:
                if classes == type_.bound.value:
                    return True
                self.sink.report(
                    codes.OTHER_VOCABULARY(
                        column=target, bound=type_.bound, classes=output.shape[-1]
                    ),
                    value.span,
                    labels=(Label(port.span, "its ids"),),
                    help=f"give the output a class for each id: {type_.bound}",
                )
                return False
        steps = text_columns.stepwise(output, self.ragged)
        if not steps and self.source.entry.facts["layout"] != "fields":
            what = f"`{target}` has a tag for each word, but the output is one for all of them"
            help = "give the output a value for each step: return=sequence"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), value.span, help=help)
            return False
        if steps and self.section.values["tokens"].args.get("ends"):
            what = f"`ends` adds a first and a last step that have nothing in `{target}`"
            finding = codes.FORBIDDEN_VALUE(what=what)
            self.sink.report(finding, self.section.at("tokens"), help="leave `ends` out")
            return False
        return True

    def _targets(self, kind: str, first: Tensor, output: Tensor) -> tuple[Shape, ...]:
        batch = first.shape[0]
        if self.windows is None:
            steps = ragged.axis(output.shape)
            if kind == "row" and steps not in self.ragged:
                return ((batch,),)
            axis = steps if steps in self.ragged else next(iter(self.ragged))
            return ((batch, Dim.of(axis)),)
        if kind in ("next_step", "same_step"):
            return ((batch, Dim.of(self.windows.args["steps"])),)
        horizon = Dim.of(self.windows.args["horizon"])
        return ((batch,), (batch, horizon)) if horizon.value == 1 else ((batch, horizon),)


def reserved(tokens: Setting) -> int:
    """How many ids stand for no token of the file."""
    return 4 if tokens.args["ends"] else 2


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")
