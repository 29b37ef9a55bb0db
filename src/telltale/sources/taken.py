"""What was taken of one file of a watched folder, for people."""

from __future__ import annotations

from dataclasses import dataclass, field

from telltale.formats.base import MAX_REASONS, Decoded

MAX_TOLD = 3  # machines, or columns, named in one sentence


@dataclass(slots=True)
class Taken:
    """What was taken of one file, and not said yet."""

    rows: int = 0
    refused: int = 0
    machines: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, decoded: Decoded) -> None:
        """Count a piece."""
        self.rows += decoded.rows
        self.refused += decoded.rejected_rows
        self.left_out.update({column.column: column.reason for column in decoded.left_out})
        self.notes += decoded.notes[: MAX_REASONS - len(self.notes)]
        for batch in decoded.batches:
            if len(self.machines) < MAX_REASONS:
                self.machines[batch.machine] = None

    def told(self, name: str) -> str:
        """Return in a sentence what was taken of the file of this name."""
        machines = ", ".join(list(self.machines)[:MAX_TOLD]) or "no machine"
        left_out = [f"{column} ({why})" for column, why in self.left_out.items()][:MAX_TOLD]
        lost = f"; left out {', '.join(left_out)}" if left_out else ""
        return f"{name}: {self.rows:,} readings of {machines}, {self.refused:,} refused{lost}."
