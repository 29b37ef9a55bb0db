"""What a machine's models add to its profile: a column for each output, beside the metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from telltale.errors import ModelError
from telltale.models.base import Model
from telltale.models.card import Card
from telltale.profiles.check import output_problems
from telltale.profiles.schema import Output, Profile
from telltale.registry import suggest


def with_outputs(profile: Profile, models: Mapping[str, Model]) -> Profile:
    """Return the profile with the outputs of these models, by the model's name.

    Raises:
        ModelError: A model reads what the profile does not have or in another unit, two give the
            same column, or an output cannot be a column.
    """
    outputs: dict[str, Output] = {}
    for name, model in models.items():
        check_inputs(model.card, profile)
        check_outputs(model.card, profile)
        for column, output in model.card.outputs.items():
            _check_free(column, name, outputs)
            outputs[column] = msgspec.structs.replace(output, model=name)
    return msgspec.structs.replace(profile, outputs=outputs) if outputs else profile


def check_outputs(card: Card, profile: Profile) -> None:
    """Refuse outputs that cannot be columns: names, units and limits. Raises ModelError."""
    for column in card.outputs:
        _check_free(column, card.name, {**profile.channels, **profile.metrics})
    beside = msgspec.structs.replace(profile, outputs=card.outputs)
    for name, output in card.outputs.items():
        for problem in output_problems(beside, name, output):
            where = ".".join(map(str, problem.path))
            raise ModelError(f"{card.name}/card.json: {where}: {problem.what}.")


def check_inputs(card: Card, profile: Profile) -> None:
    """Refuse a model that does not fit a profile. Raises ModelError."""
    known = (*profile.channels, *profile.metrics)
    for name, wanted in card.inputs.items():
        if name not in known:
            raise ModelError(
                f"{card.name} reads {name!r}, and {profile.id} has no channel or metric of that "
                f"name. {suggest(name, known)}"
            )
        unit = profile.signal(name).unit
        if unit != wanted.unit:
            raise ModelError(
                f"{card.name} reads {name!r} in {wanted.unit}, and {profile.id} measures it in "
                f"{unit}. Train the model on this profile's units."
            )


def _check_free(column: str, model: str, taken: Collection[str]) -> None:
    if column in taken:
        raise ModelError(
            f"{model}: its output {column!r} is already a column of this machine. Name the "
            "output otherwise in the card."
        )
