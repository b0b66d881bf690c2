"""Discovery: from a URL, and from what its page says, to what would be flattred and why.

Pure: strings in, values out; no network, no disk but for the tables beside this file, no clock.

The order of belief: what the URL itself says (auto-submit, thing, profile), what the page says
with ``rel=payment``, a site rule for the URL, a site rule for the page's canonical URL.
"""
