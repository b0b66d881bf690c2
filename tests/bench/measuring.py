"""Clocks and scales: processes started in turns, round trips, resident memory."""

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence

from flattr_host.browsers.process import HostProcess, Message

Starter = Callable[[], float]


class Times:
    """Seconds of one thing done many times."""

    def __init__(self, seconds: Sequence[float]) -> None:
        self.seconds = sorted(seconds)

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    def percentile(self, percent: int) -> float:
        return self.seconds[min(len(self.seconds) - 1, len(self.seconds) * percent // 100)]


def take_turns(starters: dict[str, Starter], rounds: int) -> dict[str, Times]:
    """Each starter once a round, so that what disturbs the machine disturbs all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in starters}
    for number in range(rounds + 1):
        for name, start in starters.items():
            took = start()
            if number:  # the first round fills the caches
                seconds[name].append(took)
    return {name: Times(values) for name, values in seconds.items()}


def spawn_to_exit(argv: list[str]) -> Starter:
    """Starts a program and waits for its end."""

    def start() -> float:
        begun = time.perf_counter()
        subprocess.run(argv, check=True)
        return time.perf_counter() - begun

    return start


def spawn_to_answer(
    argv: list[str], message: Callable[[], Message], env: dict[str, str] | None = None
) -> Starter:
    """Starts a host, sends one message, and waits for its final answer."""

    def start() -> float:
        begun = time.perf_counter()
        with HostProcess(argv=argv, env=env) as host:
            final = ask(host, message())
            took = time.perf_counter() - begun
        if final.get("type") == "error":
            raise RuntimeError(f"{argv} answered {final}")
        return took

    return start


def ask(host: HostProcess, message: Message) -> Message:
    """The final answer to a message; an echo's only answer is the message itself."""
    host.send(message)
    while (answer := host.receive(60)).get("type") == "status":
        pass
    return answer


def round_trips(host: HostProcess, messages: Iterator[Message], count: int) -> Times:
    """The times of ``count`` messages, one after the other, to a host that runs."""
    seconds = []
    for _ in range(count):
        message = next(messages)
        begun = time.perf_counter()
        ask(host, message)
        seconds.append(time.perf_counter() - begun)
    return Times(seconds)


def resident_mebibytes(pid: int) -> float:
    """VmRSS of a process, in MiB."""
    with open(f"/proc/{pid}/status") as file:
        (line,) = (line for line in file if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
