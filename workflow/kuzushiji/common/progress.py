"""The progress of long jobs in their logs, always in the same words."""

import logging

from tqdm import tqdm

EVERY = 30  # seconds between records


class Progress(tqdm):
    """tqdm's counter, as records of the log: "iterations: 1,200 of 100,000 (1%), 02:13:20 to go".

    `unit` is the plural of what is counted, up to `total`; `done` of them were done before this process began, and do
    not count in the estimate. `update()` counts one, `update(n)` counts n; the end of the `with` block writes a last
    record. There is at most one record every `EVERY` seconds, and none from a process that is not the `first`.
    """

    monitor_interval = 0  # without a monitor thread

    def __init__(self, total: int, unit: str, done: int = 0, first: bool = True):
        super().__init__(
            total=total,
            unit=unit,
            initial=done,
            mininterval=EVERY,
            maxinterval=EVERY,
            miniters=1,
            smoothing=0.05,  # close to the mean speed, since pages and steps differ in size
            disable=not first,
            bar_format="{unit}: {n:,} of {total:,} ({percentage:.0f}%), {remaining} to go",
        )

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Write a record in place of a line on the terminal."""
        if self.n > self.initial:
            logging.info("%s", str(self))  # formatted now, since the counter goes on
        return True

    def clear(self, nolock: bool = False) -> None:
        """Do nothing: there is no line to remove."""

    def status_printer(self, file):
        """Do nothing: there is no line to write."""
        return lambda text: None

    def close(self) -> None:
        """Write a last record, unless it would repeat the one before."""
        if not self.disable and self.last_print_n < self.n:
            self.display()
        self.disable = True
