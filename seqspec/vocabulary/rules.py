"""Shape rules that many layers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.diagnostics import codes
from seqspec.shapes.dim import Dim
from seqspec.shapes.pattern import fill
from seqspec.types import Role, Tensor
from seqspec.vocabulary.activations import ACTIVATIONS
from seqspec.vocabulary.initializers import INITIALIZERS
from seqspec.vocabulary.spec import Applied, OwnedWeight, Problem, Rule, Setting, Site

_TABLES = {"activation": ACTIVATIONS, "initializer": INITIALIZERS}


def default_setting(category: str, name: str) -> Setting:
    """An entry with its own defaults, as the default of an argument."""
    entry = _TABLES[category][name]
    return Setting(entry, {a.name: a.default for a in entry.args})


def sizes_of(site: Site) -> dict[str, Dim]:
    """What the symbols and the arguments of a pattern stand for at a site."""
    numbers: Mapping[str, Any] = site.args
    given = {
        name: Dim.of(value)
        for name, value in numbers.items()
        if isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool))
    }
    return {**site.sizes, **given}


def own_weights(site: Site) -> tuple[OwnedWeight, ...]:
    """The weights that the layer declares, with their shapes at this site."""
    sizes = sizes_of(site)
    weights: list[OwnedWeight] = []
    for weight in site.spec.weights:
        if not weight.when(site.args):
            continue
        initializer, regularizer, constraint = map(site.args.get, weight.settings)
        if initializer is None:
            initializer = Setting.plain(INITIALIZERS[weight.initializer])
        shape = fill(weight.shape, sizes)
        trainable = weight.trainable and site.args.get("trainable", True)
        if not trainable:  # as in Keras, what is not trained costs nothing and has no bounds
            regularizer = constraint = None
        weights.append(
            OwnedWeight(weight.name, shape, initializer, trainable, regularizer, constraint)
        )
    return tuple(weights)


def refused(what: str, help: str, argument: str = "", operand: int | None = 0) -> Problem:
    """An argument that cannot have this value, given what flows in."""
    return Problem(codes.FORBIDDEN_VALUE(what=what), help, operand, argument)


def unfit_initializer(site: Site) -> Problem | None:
    """What is wrong with an initialiser that fills matrices only, given for something else.

    Goes by the declaration, not by the weights at this site: what is not used must fit, too.
    """
    for weight in site.spec.weights:
        setting = site.args.get(weight.initializer)
        if not isinstance(setting, Setting):
            continue
        if len(weight.shape.split()) < setting.entry.facts.get("axes", 0):
            return refused(
                f"`{weight.initializer}` cannot be `{setting.name}`: it fills matrices",
                "a bias is a vector: zeros is usual",
                weight.initializer,
                operand=None,
            )
        if setting.entry.facts.get("whole") and not weight.whole:
            return refused(
                f"`{weight.initializer}` cannot be `{setting.name}`: it fills a single matrix",
                "take another one, such as glorot_uniform or orthogonal",
                weight.initializer,
                operand=None,
            )
    return None


def unfit_setting(site: Site) -> Problem | None:
    """What is wrong with how weights are drawn, what they cost or how they are bounded."""
    return unfit_initializer(site) or _unfit_bounds(site) or _unfit_activity(site)


def _unfit_bounds(site: Site) -> Problem | None:
    for weight in site.spec.weights:
        axes = len(weight.shape.split())
        for name in weight.settings[1:]:
            setting = site.args.get(name)
            if not isinstance(setting, Setting):
                continue
            if weight.tied and not weight.when(site.args):
                what = (
                    f"`{name}` is for a weight of its own, and `{weight.name}` is another layer's"
                )
                return refused(what, "give it to that layer", name, operand=None)
            if setting.entry.facts.get("axes", axes) not in (0, axes):
                what = f"`{name}` cannot be `{setting.name}`: it is for matrices"
                many = f"this has {axes} axes" if axes > 1 else "this is a vector"
                return refused(what, f"{many}: take l1 or l2", name, operand=None)
            given: int | tuple[int, ...] = setting.args.get("axis", 0)
            last = max(given) if isinstance(given, tuple) else given
            if last >= axes:
                what = f"`{name}` goes along axis {last}, but the last axis here is {axes - 1}"
                return refused(what, "axes are counted from 0", name, operand=None)
    return None


def _unfit_activity(site: Site) -> Problem | None:
    activity = site.args.get("activity_regularizer")
    if isinstance(activity, Setting) and activity.entry.facts["axes"]:
        what = f"`activity_regularizer` cannot be `{activity.name}`: it is for weights"
        return refused(what, "take l1 or l2", "activity_regularizer", operand=None)
    return None


def by_pattern(pattern: str) -> Rule:
    """A layer with one float output of the given pattern; its role follows from ``activation``."""

    def rule(site: Site) -> Applied:
        shape = fill(pattern, sizes_of(site), site.rest)
        activation = site.args.get("activation")
        role = activation.entry.facts["role"] if isinstance(activation, Setting) else Role.PLAIN
        return Applied({"output": Tensor("float", shape, role=role)}, weights=own_weights(site))

    return rule


def unchanged(site: Site) -> Applied:
    """A layer that keeps shape, kind and role: dropout."""
    return Applied({"output": site.operands[0]}, weights=own_weights(site))


def activated(site: Site, role: Role) -> Applied | Problem:
    """The operand under an element-wise function whose outcome plays the given role."""
    operand = site.operands[0]
    if role is not Role.PLAIN and operand.role not in (Role.PLAIN, Role.MIXED):
        return Problem(
            codes.SECOND_SOFTMAX(layer=site.spec.name),
            help="leave it out: the layer before already gives probabilities",
            operand=0,
            needless=True,
        )
    return Applied({"output": Tensor("float", operand.shape, role=role)})
