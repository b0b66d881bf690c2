"""Discovery: from a URL, and from what its page says, to what would be flattred and why.

Pure: strings in, values out; no network, no disk but for the tables beside this file, no clock.

The order of belief, which is read off :func:`.discovering.candidates`: what the URL itself says
(auto-submit, thing, profile), the page's ``rel=payment``, its Flattr buttons, its ``flattr:id``,
what the connected server has registered, a site rule for the URL, one for the page's canonical
URL, what the page is only a part of, and plain links.
"""
