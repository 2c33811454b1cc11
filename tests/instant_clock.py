"""Time that passes at once, for whatever waits by `taco.remote.pace.Clock`."""


class InstantClock:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds
