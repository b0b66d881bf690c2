"""Which browsers are here, and telling them where the host is.

The way through this room: :mod:`table` (rows of ``manifests/browsers.toml``) and :mod:`facts`
(what this machine has) go into :mod:`plan` (pure: what would be done, and why), which :mod:`apply`
carries out and :mod:`receipt` remembers; :mod:`register` is the whole of it for a person.
:mod:`process` plays the browser to a real host, and :mod:`trial` shows it working in a
temporary place.
"""
