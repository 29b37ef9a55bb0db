"""`DayCount`: how many rows came today, from the total of those kept."""

from __future__ import annotations

from telltale.batch import NS_PER_S

NS_PER_DAY = 86_400 * NS_PER_S


class DayCount:
    """Rows since midnight UTC, by noting the total whenever a new day is seen.

    It needs no timer: the total at midnight is the total at the first look after it, less what
    arrived in between, and looks come every few seconds from the page.
    """

    def __init__(self, total: int, now_ns: int) -> None:
        self._base = total
        self.since_ns = now_ns

    def removed(self, rows: int) -> None:
        """Note that the total will be less: what came today came all the same."""
        self._base -= rows

    def rows(self, total: int, now_ns: int) -> int:
        """Return today's rows, given all rows since the start."""
        midnight_ns = now_ns // NS_PER_DAY * NS_PER_DAY
        if self.since_ns < midnight_ns:
            self._base, self.since_ns = total, midnight_ns
        return total - self._base
