"""A part of the long runs: flattrs over a network that breaks all the time."""

from pathlib import Path

import pytest

from tests.reliability.faults import deliver


@pytest.mark.parametrize(("number", "has_bulk", "share"), [(600, True, 0.6), (120, False, 0.2)])
def test_what_waited_arrives_exactly_once(
    tmp_path: Path, number: int, has_bulk: bool, share: float
) -> None:
    delivery = deliver(tmp_path, number, has_bulk=has_bulk, share=share)
    assert delivery.is_exact, delivery
    assert delivery.injected.total() - delivery.injected["passed on"] >= 5  # it did break


def test_a_first_try_through_a_broken_network_is_made_once(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, 150, has_bulk=True, share=0.5, is_broken_at_once=True)
    assert delivery.is_exact, delivery
    assert delivery.injected.total() - delivery.injected["passed on"] >= 30
