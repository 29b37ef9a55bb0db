"""Log of refused readings that no sender can flood."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import structlog

from telltale.batch import NS_PER_S
from telltale.formats.base import Rejection

PER_MINUTE = 10  # lines per sender; what is beyond is counted and told once the minute is over
MAX_SENDERS = 1000

log = structlog.get_logger()


class ReasonLog:
    """Writes at most 10 reasons per sender and minute, and counts the rest."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._minutes: OrderedDict[str, tuple[int, int]] = OrderedDict()  # minute, lines

    def note(
        self,
        reasons: Sequence[Rejection],
        senders: Sequence[str] = (),
        *,
        now_ns: int,
        otherwise: str = "unknown",
    ) -> int:
        """Log these reasons and return how many were written.

        Args:
            reasons: Why rows were refused.
            senders: Who sent each row, as far as known.
            now_ns: UTC time.
            otherwise: Who sent the others.
        """
        written = 0
        for reason in reasons:
            row = reason.row
            sender = senders[row] if row is not None and row < len(senders) else otherwise
            if self._may_write(sender, now_ns // (60 * NS_PER_S)):
                log.warning(
                    "reading_refused", source=self._source, sender=sender, reason=reason.message
                )
                written += 1
        return written

    def _may_write(self, sender: str, minute: int) -> bool:
        last, lines = self._minutes.pop(sender, (minute, 0))
        if last != minute:
            self._tell_silenced(sender, lines)
            lines = 0
        self._minutes[sender] = (minute, lines + 1)
        if len(self._minutes) > MAX_SENDERS:
            self._minutes.popitem(last=False)
        return lines < PER_MINUTE

    def _tell_silenced(self, sender: str, lines: int) -> None:
        if lines > PER_MINUTE:
            log.warning(
                "readings_refused_unlogged",
                source=self._source,
                sender=sender,
                more=lines - PER_MINUTE,
            )
