"""Every target, some seconds of it; ``python3 -m tests.fuzz`` is the longer run."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.conftest import Home
from tests.fuzz.conversing import converse, quiet, streams
from tests.fuzz.damage import damaged
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

#: One case may take so long (seconds).
SLOW = 2.0

ROUGH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_whole_is_taken(name: str, flattr_home: Home) -> None:
    assert flattr_home
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_raised_but_what_is_documented(name: str, flattr_home: Home) -> None:
    assert flattr_home

    @settings(max_examples=300, deadline=None, suppress_health_check=ROUGH)
    @given(damaged(name))
    def survives(case: bytes) -> None:
        begun = time.monotonic()
        TARGETS[name](case)
        assert time.monotonic() - begun < SLOW, f"slow: {case[:400]!r}"

    survives()


@settings(max_examples=25, deadline=None, suppress_health_check=ROUGH)
@given(stream=streams())
@example(stream=b"\0\0\0\0\xff\xff\xff\xff{}")
@example(stream=b"")
def test_every_request_gets_one_answer(stream: bytes, flattr_home: Home) -> None:
    quiet(flattr_home)
    converse(stream)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("records", b"\x80"),
        ("records", b'{"username": "\x80"}'),
        ("records", b'{"x":' + b"[" * 100_000),
        ("manifests", b"\x80"),
        ("manifests", b'{"x":' + b"[" * 100_000),
        ("manifests", b"x = " + b"[" * 100_000),
    ],
)
def test_what_was_found_before(name: str, case: bytes, flattr_home: Home) -> None:
    assert flattr_home
    TARGETS[name](case)
