"""One spec through all passes: a façade of stages, each computed once when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from seqspec.diagnostics import allowing, codes
from seqspec.diagnostics.model import Diagnostic, Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir import given
from seqspec.ir.findings import layers_of
from seqspec.ir.graph import Graph
from seqspec.ir.items import Failed
from seqspec.ir.program import Program
from seqspec.ir.sections import Section, Sections
from seqspec.ir.task import Forecast, Generation, Stepped, Task, Training
from seqspec.source import SourceFile
from seqspec.syntax.parser import parse

if TYPE_CHECKING:
    from seqspec.backends.base import OutputFile
    from seqspec.syntax import ast


@dataclass(frozen=True)
class Options:
    """What the command line adds to a spec.

    ``overrides`` sets params; ``model`` picks one of several; ``data`` replaces the data file,
    ``precision`` that of the training.
    """

    overrides: Mapping[str, object] = field(default_factory=dict[str, object])
    model: str | None = None
    data: Path | None = None
    precision: str | None = None


class Compilation:
    """A spec being compiled. Ask for what is needed; look at ``diagnostics`` afterwards."""

    def __init__(self, source: SourceFile, folder: Path, options: Options) -> None:
        self.source = source
        self.folder = folder
        self.options = options
        self.sink = Sink()

    @staticmethod
    def of(path: Path | str, options: Options | None = None) -> Compilation:
        """The compilation of a file. A file that cannot be read is a diagnostic, too."""
        options = options or Options()
        path = Path(path)
        text, reason = "", ""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        except UnicodeDecodeError as error:
            reason = f"it is not UTF-8 text (byte {error.start})"
        compilation = Compilation(SourceFile(str(path), text), path.parent, options)
        if reason:
            compilation.sink.report(codes.UNREADABLE(path=path, reason=reason), None)
        return compilation

    @staticmethod
    def of_text(text: str, name: str = "spec.seq", options: Options | None = None) -> Compilation:
        """The compilation of a text; its data paths are relative to the current folder."""
        compilation = Compilation(SourceFile(name, text), Path(), options or Options())
        try:
            text.encode()
        except UnicodeEncodeError as error:
            reason = f"character {error.start} is half of a pair, which no file can hold"
            compilation.sink.report(codes.UNREADABLE(path=name, reason=reason), None)
        return compilation

    # ---- stages

    @cached_property
    def module(self) -> ast.Module | None:
        module = None if self.sink.failed else parse(self.source, self.sink)
        if module is not None:
            allowing.read([c.span for c in module.comments], self.source, self.sink)
        return module

    @cached_property
    def program(self) -> Program | None:
        """All models, each checked on its own."""
        if self.module is None:
            return None
        program = Program(self.module, self.source, self.sink, self.options.overrides)
        program.check_all()
        return program

    @cached_property
    def sections(self) -> Sections | None:
        if self.module is None or self.program is None:
            return None
        return Sections(self.module, self.source, self.sink, self.program.params)

    @cached_property
    def trainings(self) -> Mapping[str, Training | None]:
        """The training of each model that has one; None where it was reported to be wrong."""
        if self.sections is None:
            return {}
        trained = self.sections.of_models("train")
        found = {n: self._training(n, s) for n, s in trained.items()}
        assert self.program is not None
        self.program.params.warn_unused()
        return found

    @cached_property
    def generations(self) -> Mapping[str, Generation | None]:
        """The generation of each model that has one; None where it was reported to be wrong."""
        from seqspec.ir import generation

        found: dict[str, Generation | None] = {}
        if self.sections is None:
            return found
        for name, section in self.sections.of_models("generate").items():
            graph = self._about("generate", name)
            training = self.trainings.get(name)
            found[name] = None
            untold = training is not None or name not in self.trainings
            if graph is not None and not isinstance(section, Failed) and untold:
                found[name] = generation.check(section, graph, training, self.sink)
        return found

    @cached_property
    def forecasts(self) -> Mapping[str, Forecast | None]:
        """The forecast of each model that has one; None where it was reported to be wrong."""
        from seqspec.ir import forecasting

        found: dict[str, Forecast | None] = {}
        for name, section, graph in self._stepped("forecast"):
            training = self.trainings.get(name)
            found[name] = None
            if training is not None or name not in self.trainings:
                found[name] = forecasting.check(section, graph, training, self.sink)
        return found

    @cached_property
    def streams(self) -> Mapping[str, Stepped | None]:
        """What of each model that is run online comes step by step."""
        from seqspec.ir import online

        found = self._stepped("stream")
        return {
            name: online.check(section, graph, self.trainings.get(name), self.sink)
            for name, section, graph in found
        }

    def _stepped(self, kind: str) -> Iterator[tuple[str, Section, Graph]]:
        """The sections of a kind with the models they are about, as far as both are right."""
        if self.sections is None:
            return
        for name, section in self.sections.of_models(kind).items():
            graph = self._about(kind, name)
            if graph is not None and not isinstance(section, Failed):
                yield name, section, graph

    def _about(self, kind: str, name: str) -> Graph | None:
        """The model that a section is about; None after reporting that there is none."""
        assert self.program is not None and self.sections is not None
        if name not in self.program.models:
            self.sink.report(
                codes.UNKNOWN_MODEL(name=name),
                self.sections.names[(kind, name)],
                help=did_you_mean(name, self.program.models)
                or f"a {kind} section has the name of the model that it is about",
            )
            return None
        graph = self.program.alone(name)
        return None if isinstance(graph, Failed) else graph

    def _training(self, name: str, section: Section | Failed) -> Training | None:
        from seqspec.ir import dataset, forcing, outputs, training

        graph = self._about("train", name)
        if graph is None or isinstance(section, Failed):
            return None
        assert self.program is not None and self.sections is not None
        wanted = section.values["data"]
        data = self.sections.data.get(wanted)
        if data is None and "" in self.sections.data:
            return None  # a section without a name may be the one
        if data is None:
            self.sink.report(
                codes.UNKNOWN_DATA(name=wanted),
                section.at("data"),
                help=did_you_mean(wanted, self.sections.data) or f"write `data {wanted} {{ … }}`",
            )
            return None
        if isinstance(data, Failed):
            return None
        self.program.check_built(name)
        trained = outputs.resolve(section, graph, data, self.sink)
        if trained is None:
            return None
        generate = self.sections.of_models("generate").get(name)
        generate = None if isinstance(generate, Failed) else generate
        given = self.folder, self.options.data, self.sink
        fed = dataset.feed(data, graph, trained, *given, generate)
        found = None if fed is None else training.check(section, graph, trained, fed, self.sink)
        if found is None:
            return None
        written = name in self.sections.of_models("generate")
        fits = forcing.fits(found, graph, section, self.sink, written=written)
        return found if fits else None

    def check(self) -> tuple[Diagnostic, ...]:
        """All that is to be said about the spec."""
        if self.program is not None and not self.program.models and not self.sink.failed:
            self.sink.report(
                codes.NO_MODEL(that=""), None, help="write `model Name(x: float[B, T, 1]) { … }`"
            )
        _ = self.trainings, self.generations, self.forecasts, self.streams
        self._check_given()
        if self.options.model is not None:
            self._pick()
        if not self.sink.failed:
            allowing.report_needless(self.sink)
        return self.diagnostics

    def _check_given(self) -> None:
        """Report what is wrong with the files that weights begin with."""
        if self.program is None:
            return
        for name in dict.fromkeys((*self.program.roots(), *self.trainings)):
            graph = self.program.alone(name) if name in self.program.models else None
            if isinstance(graph, Graph):
                given.check(graph, self.trainings.get(name), self.folder, self.sink)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.sink.sorted()

    @cached_property
    def graph(self) -> Graph | None:
        """The graph of the model that was asked for, or of the only one there is."""
        self.check()
        name = self._pick()
        if name is None or self.sink.failed or self.program is None:
            return None
        self.program.check_built(name)
        graph = self.program.alone(name)
        return None if isinstance(graph, Failed) or self.sink.failed else graph

    def _pick(self) -> str | None:
        program = self.program
        if program is None or not program.models:
            return None
        wanted = self.options.model
        if wanted is not None:
            return self._picked(wanted, program)
        for candidates in (tuple(self.trainings), program.roots()):
            if len(candidates) == 1:
                return candidates[0]
        names = program.buildable()
        if len(names) == 1:
            return names[0]
        if not self.sink.failed:
            if names:
                finding = codes.AMBIGUOUS_MODEL(names=", ".join(names))
                self.sink.report(finding, None, help="pick one with --model NAME")
            else:
                that = " that can be built on its own"
                self.sink.report(codes.NO_MODEL(that=that), None, help="give its settings defaults")
        return None

    def _picked(self, wanted: str, program: Program) -> str | None:
        if wanted in program.buildable():
            return wanted
        if wanted in program.models:
            that = f" called `{wanted}` that can be built on its own"
            labels = (Label(program.models[wanted].header, "settings without defaults"),)
            at = program.models[wanted].name.span
            self.sink.report(
                codes.NO_MODEL(that=that), at, labels=labels, help="give them defaults"
            )
            return None
        help = did_you_mean(wanted, program.models) or "its models: " + ", ".join(program.models)
        self.sink.report(codes.UNKNOWN_MODEL(name=wanted), None, help=help)
        return None

    @cached_property
    def task(self) -> Task | None:
        """All that a backend needs, or None where the spec has errors."""
        graph = self.graph
        if graph is None:
            return None
        assert self.program is not None
        overrides = dict(self.options.overrides)
        training = self.trainings.get(graph.name)
        if training is not None and self.options.precision is not None:
            training = replace(training, precision=self.options.precision)
        return Task(
            graph,
            training,
            Path(self.source.name).name,
            self.source.text,
            _digest(self.source, overrides, graph.name),
            overrides,
            self.generations.get(graph.name),
            self.forecasts.get(graph.name),
            self.streams.get(graph.name),
        )

    def files(self, backend: str) -> tuple[OutputFile, ...]:
        """The program for a backend; empty where the spec has errors.

        A layer that the backend cannot express is such an error, told now.
        """
        from seqspec.backends import base

        module = base.get(backend)
        if self.task is None or self._refused(self.task.graph, module.UNSUPPORTED, backend):
            return ()
        return tuple(module.lower(self.task))

    def _refused(self, graph: Graph, reasons: Mapping[str, str], backend: str) -> bool:
        layers = [layer for outer in layers_of(graph) for layer in (outer, outer.inner) if layer]
        found = [layer for layer in layers if layer.kind in reasons]
        for layer in found:
            what = codes.UNSUPPORTED(backend=backend, what=f"`{layer.kind}`")
            self.sink.report(what, layer.span, help=reasons[layer.kind])
        return bool(found)


def _digest(source: SourceFile, overrides: Mapping[str, object], model: str) -> str:
    """The identity of what a spec means: its text, the model, the params that were set."""
    said = json.dumps({k: overrides[k] for k in sorted(overrides)}, sort_keys=True)
    return sha256(f"{source.text}\0{model}\0{said}".encode()).hexdigest()
