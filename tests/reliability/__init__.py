"""What must never happen to a flattr, tried: kills, faults of the network, crowds and clocks.

``python -m tests.reliability`` runs all of it at length; the tests here run a part of each.
"""
