"""How far a long job is, in its log: always in the same words."""

import logging

from tqdm import tqdm

EVERY = 30  # seconds between records


class Progress(tqdm):
    """tqdm's counter, as records of the log: "iterations: 1,200 of 100,000 (1%), 02:13:20 to go".

    `unit` names in the plural what is counted up to `total`; `done` of them were done before this process began, and do
    not count for the estimate. `update()` counts one, `update(n)` more; leaving the `with` block says how it ended. At
    most a record every `EVERY` seconds. A process that is not the `first` says nothing.
    """

    monitor_interval = 0  # no thread that watches

    def __init__(self, total: int, unit: str, done: int = 0, first: bool = True):
        super().__init__(
            total=total,
            unit=unit,
            initial=done,
            mininterval=EVERY,
            maxinterval=EVERY,
            miniters=1,
            smoothing=0.05,  # nearly the mean speed: pages and steps differ in size
            disable=not first,
            bar_format="{unit}: {n:,} of {total:,} ({percentage:.0f}%), {remaining} to go",
        )

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Write a record in place of a line on the terminal."""
        if self.n > self.initial:
            logging.info("%s", str(self))  # now: it counts on
        return True

    def clear(self, nolock: bool = False) -> None:
        """There is no line to take away."""

    def status_printer(self, file):
        """There is no line to write."""
        return lambda text: None

    def close(self) -> None:
        """Say how far it came, if that was not said yet."""
        if not self.disable and self.last_print_n < self.n:
            self.display()
        self.disable = True
