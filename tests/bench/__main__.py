"""``python3 -m tests.bench [--write]``: the table of docs/performance.md, ratios in one run.

Not a test: it marks what is over its budget, and then exits with 1.
"""

import argparse
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.__main__ import PYTHON, ROOT, prepare_npm, prepare_python

if Path(sys.executable) != PYTHON:
    prepare_python()
    prepare_npm()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.bench", *sys.argv[1:]])  # noqa: S606

from flattr_host.browsers.process import HostProcess, Message
from flattr_host.discovery.discovering import discover
from flattr_host.discovery.page import read_hints
from flattr_host.native.callers import CALLERS
from tests.bench import clicking, measuring, serving
from tests.bench.measuring import Times
from tests.e2e.processes import missing_programs

DOCS = ROOT / "docs" / "performance.md"
BASELINES = Path(__file__).parent / "baselines"
ISOLATED = [str(PYTHON), "-I"]
MAIN = "from flattr_host.native import main; raise SystemExit(main())"
HOST = [*ISOLATED, "-c", MAIN, CALLERS[0]]
HELLO: Message = {"id": "1", "type": "hello", "protocol": [1, 1], "extension": "0.1.0"}
MIX_SIZE = 100_000
NO_KEYRING = "keyring.backends.fail.Keyring"

_number = itertools.count()


def flattr() -> Message:
    """A flattr of a GitHub repository that was not flattred before."""
    return {"id": "1", "type": "flattr", "url": f"https://github.com/smgt/n{next(_number)}"}


class Table:
    """Rows of what was measured, and whether all of them are within their budgets."""

    def __init__(self) -> None:
        self.lines = ["| | measured | beside | ratio | budget |", "|---|---|---|---|---|"]
        self.within = True

    def add(
        self, what: str, measured: str, beside: str = "", ratio: float | None = None,
        at_most: float | None = None, at_least: float | None = None,
    ) -> None:  # fmt: skip
        """One row; ``ratio`` must not be over ``at_most`` nor under ``at_least``."""
        budget = f"≤ {at_most:g}" if at_most else f"≥ {at_least:g}" if at_least else ""
        if ratio is not None and (ratio > (at_most or ratio) or ratio < (at_least or ratio)):
            self.within, budget = False, f"**over: {budget}**"
        shown = "" if ratio is None else f"{ratio:.2f}"
        self.lines.append(f"| {what} | {measured} | {beside} | {shown} | {budget} |")


def main() -> int:
    """Measure, print, and with --write put it into the docs."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--rounds", type=int, default=40, help="cold starts of each program")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as home:
        env = prepare_home(home)
        cold(table, env, options.rounds)
        warm(table, env)
    discovery_rate(table)
    page_rate(table)
    discovery_memory(table)
    served(table, options.rounds)
    clicks(table, options.rounds)
    text = "\n".join(table.lines)
    print(text)
    if options.write:
        head, _, _ = DOCS.read_text(encoding="utf-8").partition("| | measured")
        DOCS.write_text(f"{head}{text}\n\n{machine()}\n", encoding="utf-8")
    return 0 if table.within else 1


def prepare_home(home: str) -> dict[str, str]:
    """A HOME with undo off, and the environment of the hosts that live in it."""
    config = Path(home, ".config", "flattr-host")
    config.mkdir(parents=True)
    (config / "settings.toml").write_text("undo_seconds = 0\n")
    return {"PATH": os.environ["PATH"], "HOME": home, "FLOOR_HOME": home}


def cold(table: Table, env: dict[str, str], rounds: int) -> None:
    """From spawn to the answer, in processes that do nothing else."""

    def python(name: str, message: Callable[[], Message] = lambda: HELLO) -> measuring.Starter:
        return measuring.spawn_to_answer([*ISOLATED, str(BASELINES / name)], message, env)

    node = ["node", str(BASELINES / "node_host.mjs")]
    times = measuring.take_turns(
        {
            "bare": measuring.spawn_to_exit([*ISOLATED, "-c", "pass"]),
            "stdlib": python("stdlib_echo.py"),
            "msgspec": python("msgspec_echo.py"),
            "hello": measuring.spawn_to_answer(HOST, lambda: HELLO, env),
            "node": measuring.spawn_to_answer(node, lambda: HELLO, env),
            "floor": python("floor.py", flattr),
            "flattr": measuring.spawn_to_answer(HOST, flattr, env),
        },
        rounds,
    )

    def row(what: str, name: str, other: str, label: str, at_most: float | None) -> None:
        ratio = times[name].p50 / times[other].p50
        beside = f"{label} {ms(times[other])}"
        table.add(what, ms(times[name]), beside, ratio, at_most)

    row("baseline: stdlib echo", "stdlib", "bare", "bare interpreter", None)
    row("baseline: msgspec echo", "msgspec", "stdlib", "stdlib echo", None)
    row("cold: spawn → `hello`", "hello", "msgspec", "msgspec echo", 1.3)
    row("", "hello", "node", "Node, web-ext-native-msg", 1.0)
    row("baseline: the floor of our stack", "floor", "msgspec", "msgspec echo", None)
    row("cold: spawn → `flattr` stored", "flattr", "floor", "the floor of our stack", 1.5)


def warm(table: Table, env: dict[str, str]) -> None:
    """Round trips of a host that runs, and its memory."""
    questions: Iterator[Message] = itertools.repeat(
        {"id": "1", "type": "discover", "url": "https://github.com/smgt/flattr"}
    )
    flattrs = iter(flattr, None)
    echo = [*ISOLATED, str(BASELINES / "msgspec_echo.py")]
    with HostProcess(argv=HOST, env=env) as host, HostProcess(argv=echo, env=env) as other:
        measuring.round_trips(host, itertools.repeat(HELLO), 1)
        after_hello = measuring.resident_mebibytes(host.pid)
        answers = measuring.round_trips(host, questions, 2000)
        beside = measuring.round_trips(other, questions, 2000)
        stored = measuring.round_trips(host, flattrs, 1000)
        idle = measuring.resident_mebibytes(host.pid)
    ratio = answers.p50 / beside.p50
    table.add("warm: `discover`", us(answers), f"msgspec echo {us(beside)}", ratio)
    table.add("warm: `flattr` stored", us(stored))
    table.add("memory after `hello`", f"{after_hello:.1f} MiB")
    limit = 22
    table.add("memory after 1,000 flattrs", f"{idle:.1f} MiB", f"{limit} MiB", idle / limit, 1.0)


def served(table: Table, rounds: int) -> None:
    """A served ledger: clicks on its pages' things, durable flattrs, histories of every length."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "flattrs.sqlite3")
        token = serving.fill(ledger, 1)
        with (
            serving.serving(serving.serve(ledger)) as ours,
            serving.serving(serving.LIMIT) as theirs,
        ):
            cold_at_a_server(table, ours, token, folder, rounds)
            for connections in (1, 16, 64):
                load = serving.flattrs(ours, token, connections)
                limit = serving.flattrs(theirs, token, connections)
                what = f"`POST /flattr`, durable, {connections} connection{'s'[: connections > 1]}"
                ratio = load.a_second / limit.a_second
                table.add(what, rate(load), f"aiohttp.web alone {rate(limit)}", ratio)
        histories(table, Path(folder))


def cold_at_a_server(table: Table, api_url: str, token: str, folder: str, rounds: int) -> None:
    """A click whose flattr goes to a server on this machine, beside one into the ledger."""
    homes = [prepare_home(str(Path(folder, name))) for name in ("embedded", "connected")]
    embedded, connected = (home | {"PYTHON_KEYRING_BACKEND": NO_KEYRING} for home in homes)
    serving.login(api_url, token, connected)
    times = measuring.take_turns(
        {
            "embedded": measuring.spawn_to_answer(HOST, flattr, embedded),
            "connected": measuring.spawn_to_answer(HOST, flattr, connected),
        },
        rounds // 2,
    )
    ours, beside = times["connected"], times["embedded"]
    what = "cold: spawn → `flattr` stored at a server, loopback"
    table.add(what, ms(ours), f"into the ledger {ms(beside)}", ours.p50 / beside.p50)


def histories(table: Table, folder: Path) -> None:
    """A page from anywhere in a history, whose length must not matter."""
    counts = (1_000, 100_000, 1_000_000)
    times = {}
    for count in counts:
        ledger = folder / f"{count}.sqlite3"
        token = serving.fill(ledger, count)
        with serving.serving(serving.serve(ledger)) as api_url:
            times[count] = serving.pages(api_url, token, count // 30).times
    shortest = times[counts[0]]
    table.add("a page of a history of 1,000 flattrs, served", us(shortest))
    for count in counts[1:]:
        ratio = times[count].p50 / shortest.p50
        table.add(f"… of {count:,} flattrs", us(times[count]), "of 1,000", ratio, 1.5)


def clicks(table: Table, rounds: int) -> None:
    """From a click on the button until something, and until the answer, is on the screen."""
    if missing := missing_programs():
        table.add("clicks in browsers", f"not measured; {missing}")
        return
    measured = clicking.measure(rounds // 2)
    for browser in (driver.name for driver in clicking.BROWSERS):
        name = browser.capitalize()
        smallest_clicks(table, measured, browser)
        for temper, words in clicking.TEMPERS.items():
            times = clicking.changes(measured, browser, temper)
            slow = times.percentile(95)
            what = f"{name}, {words}: click → first change on the screen"
            table.add(what, ms(times, 95), "100 ms for p95", slow / 0.1, 1)
        for ledger, temper in itertools.product(clicking.LEDGERS, clicking.TEMPERS):
            times = clicking.answers(measured, browser, ledger, temper)
            what = f"{name}, {clicking.TEMPERS[temper]}: click → “flattred” on the screen, {ledger}"
            if (ledger, temper) == ("embedded", "warm"):
                table.add(what, ms(times, 95), "60 ms for p50", times.p50 / 0.06, 1)
            else:
                table.add(what, ms(times, 95))


def smallest_clicks(table: Table, measured: clicking.Measured, browser: str) -> None:
    """What of a click is the browser's own."""
    smallest = f"baseline: {browser.capitalize()}, the smallest extension"
    for temper in ("asleep", "warm"):
        change = clicking.changes(measured, browser, temper, (clicking.SMALLEST,))
        what = f"{smallest}, {clicking.TEMPERS[temper]}: click → first change on the screen"
        table.add(what, ms(change, 95))
    answer = clicking.answers(measured, browser, clicking.SMALLEST, "warm")
    table.add(f"{smallest}, host running: click → an echo's answer on the screen", ms(answer, 95))


def discovery_rate(table: Table) -> None:
    """100,000 mixed URLs through discovery, and through ``urlsplit`` alone."""
    mix = mixed_urls()

    def split(url: str) -> None:
        with suppress(ValueError):
            urlsplit(url)

    rates: dict[Callable[[str], object], float] = {}
    for work in (split, discover, split, discover, split, discover):
        begun = time.perf_counter()
        for url in mix:
            work(url)
        rate = len(mix) / (time.perf_counter() - begun)
        rates[work] = max(rate, rates.get(work, 0.0))
    ours, theirs = rates[discover], rates[split]
    beside = f"`urlsplit` alone {theirs:,.0f} URLs/s"
    table.add(
        f"discovery of {MIX_SIZE:,} URLs", f"{ours:,.0f} URLs/s", beside, ours / theirs, None, 0.4
    )


def page_rate(table: Table) -> None:
    """A page of 1 MB with marks, read for hints, and only parsed."""
    from selectolax.lexbor import LexborHTMLParser

    folder = ROOT / "tests" / "discovery" / "pages"
    marked = b"".join(path.read_bytes() for path in sorted(folder.glob("b*.html")))
    page = marked + b"<div class=x><p>Words <a href=/y>and links</a></p></div>\n" * 17_500

    def seconds(work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    ours, bare = [], []
    for _ in range(20):
        ours.append(seconds(lambda: read_hints(page, "https://a.example/")))
        bare.append(seconds(lambda: LexborHTMLParser(page)))
    read, parsed = Times(ours), Times(bare)
    beside = f"selectolax parses it in {ms(parsed)}"
    table.add("hints of a page of 1 MB", ms(read), beside, read.p50 / parsed.p50, 3)


def discovery_memory(table: Table) -> None:
    """What a stream of URLs takes must not depend on how many there are."""
    peaks = {count: peak_memory(count) for count in (10_000, 1_000_000)}
    few, many = peaks.values()
    beside = f"of 10,000 URLs {few / 1024:.0f} MiB"
    what = "memory of `discover` for 1,000,000 URLs"
    table.add(what, f"{many / 1024:.0f} MiB", beside, many / few, 1.1)


def peak_memory(count: int) -> int:
    """The most that ``flattr-host discover`` takes for so many URLs, in KiB."""
    mix = mixed_urls()
    code = """import sys; from flattr_host.cli import main
try: main()
finally: sys.stderr.write(open("/proc/self/status").read())"""
    command = [*ISOLATED, "-c", code, "discover", "--json", "-"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as urls:
        for number in range(count):
            urls.write(mix[number % MIX_SIZE].replace("\n", " ") + "\n")
        urls.seek(0)
        done = subprocess.run(
            command, stdin=urls, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True
        )
    return int(done.stderr.partition(b"VmHWM:")[2].split()[0])


def mixed_urls() -> list[str]:
    """URLs of the wild, from the data of the discovery tests, in a mixed order."""
    folder = ROOT / "tests" / "discovery"
    found = [
        row.get("href") or row.get("url", "")
        for name in ("links.jsonl", "sites.jsonl")
        for row in map(json.loads, (folder / name).read_text(encoding="utf-8").splitlines())
    ]
    return random.Random(1).choices(found, k=MIX_SIZE)  # noqa: S311 - the same mix in every run


def ms(times: Times, percent: int = 90) -> str:
    """Milliseconds: the median, and what so many in a hundred stay under."""
    return f"{times.p50 * 1e3:.1f} ms (p{percent} {times.percentile(percent) * 1e3:.1f})"


def rate(load: serving.Load) -> str:
    """Answers a second, and what ninety-nine in a hundred stay under."""
    return f"{load.a_second:,.0f}/s (p99 {load.times.percentile(99) * 1e3:.0f} ms)"


def us(times: Times) -> str:
    """Microseconds: the median, and what ninety-nine in a hundred stay under."""
    return f"p50 {times.p50 * 1e6:.0f} µs, p99 {times.percentile(99) * 1e6:.0f} µs"


def machine() -> str:
    """What it was measured on."""
    system, cores = platform.system(), os.cpu_count()
    return f"Measured with Python {platform.python_version()} on {system}, {cores} cores."


if __name__ == "__main__":
    sys.exit(main())
