"""flattr-host: the Flattr button, back in the browser.

The rooms, from the pipe down: :mod:`native` (one browser connection), :mod:`flattring` (the
main job), :mod:`discovery` (what would be flattred, and why), :mod:`ledger` (the embedded
backend) and :mod:`api` (the Flattr REST API v2 as data). ``docs/architecture.md`` is the map.
"""

__version__ = "0.1.0"
