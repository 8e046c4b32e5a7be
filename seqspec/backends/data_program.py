"""``data.py`` of a program that is trained: the same for both backends."""

from __future__ import annotations

from dataclasses import replace

from seqspec.backends.base import OutputFile
from seqspec.backends.data_lists import plan_lists
from seqspec.backends.data_plan import plan
from seqspec.backends.render import render
from seqspec.backends.text_plan import plan_texts
from seqspec.ir.task import Task


def data_file(task: Task, *, batches: bool = True) -> OutputFile:
    """``data.py`` of a task that is trained; with ``batches`` for a training loop of its own."""
    assert task.training is not None, "a task without training has no data"
    decided = plan(task, batches=batches)
    if task.training.data.vocabulary:
        texts = plan_texts(task, task.training, decided)
        return OutputFile("data.py", render("_shared/texts.py.j2", plan=texts))
    if task.training.data.texts:
        lists = plan_lists(task, task.training)
        constants = (*lists.constants, "", *decided.tail)
        decided = replace(decided, lists=lists, constants=constants, all_names="COLUMNS")
    return OutputFile("data.py", render("_shared/data.py.j2", plan=decided))
