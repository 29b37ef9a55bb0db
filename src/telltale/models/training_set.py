"""`TrainingSet`: what a model is learnt from, whatever its kind: runs of readings, and their names.

A run is one uninterrupted stretch. What lies between two runs (a pause, a fault that somebody
labelled) is not in the set, and no window that anything learns from reaches across it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from telltale.batch import Batch, concat
from telltale.errors import ModelError
from telltale.labels import LabelKind
from telltale.models.card import Input


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One recording or stretch of one machine without a break, and what somebody says it was.

    Attributes:
        batch: Its readings in order, gaps filled as live.
        kind: What it was; None if nobody has said.
        fault: Name of the fault, of a `FAULT`, or of a `FAILURE` where it is known.
    """

    batch: Batch
    kind: LabelKind | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """What a model is learnt from.

    Attributes:
        runs: One or more.
        inputs: Columns to read, with their units.
        is_simulated: True if any of the readings is.
        titles: Of columns, for people; a column without one goes by its name.
    """

    runs: tuple[Run, ...]
    inputs: Mapping[str, Input]
    is_simulated: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_normal(
        cls,
        batches: Batch | Sequence[Batch],
        inputs: Mapping[str, Input],
        *,
        is_simulated: bool = False,
        titles: Mapping[str, str] | None = None,
    ) -> TrainingSet:
        """Return a set of stretches of normal operation."""
        parts = (batches,) if isinstance(batches, Batch) else tuple(batches)
        runs = tuple(Run(batch, LabelKind.NORMAL) for batch in parts)
        return cls(runs, inputs, is_simulated, titles or {})

    @property
    def rows(self) -> int:
        """Samples of all runs."""
        return sum(len(run.batch) for run in self.runs)

    @property
    def batch(self) -> Batch:
        """All runs, one after the other, with the inputs as columns.

        Raises:
            ModelError: There is none, or two of them overlap in time.
        """
        return joined([run.batch for run in self.runs], tuple(self.inputs))

    def normal(self) -> tuple[Batch, ...]:
        """Return the runs that nobody calls a fault or a failure, in order of time.

        Raises:
            ModelError: There is none.
        """
        is_bad = (LabelKind.FAULT, LabelKind.FAILURE)
        found = [run.batch for run in self.runs if run.kind not in is_bad and len(run.batch)]
        if not found:
            raise ModelError("There is no reading of normal operation to learn from.")
        return tuple(sorted(found, key=lambda batch: int(batch.time_ns[0])))

    def title(self, name: str) -> str:
        """Return what people call a column."""
        return self.titles.get(name) or name


def joined(batches: Sequence[Batch], names: tuple[str, ...]) -> Batch:
    """Return batches in order of time as one, with these columns.

    Raises:
        ModelError: There is none, or two of them overlap in time.
    """
    parts = sorted(
        (batch.select(names) for batch in batches if len(batch)),
        key=lambda batch: int(batch.time_ns[0]),
    )
    if not parts:
        raise ModelError("There is no reading to learn from. Choose another stretch.")
    for before, after in pairwise(parts):
        if after.time_ns[0] < before.time_ns[-1]:
            raise ModelError(
                f"{before.machine}, {after.machine}: two stretches to learn from overlap in time. "
                "Give each reading once."
            )
    return concat(parts)
