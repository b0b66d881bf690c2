"""URLs as discovery needs them: split, and the host made comparable.

Not :func:`urllib.parse.urlsplit`: discovery runs over every URL that it is given, and this is half
the work; what it does not understand, it refuses.
"""

import os
import re
from functools import cache
from typing import Any

_NAME = r"[^\W_](?:[\w.-]*[^\W_])?"
_HOST = re.compile(_NAME)
_WEB_ADDRESS = re.compile(rf"(https?)://({_NAME})\.?(?::([0-9]{{1,5}}))?(?=[/?#]|$)", re.IGNORECASE)
_PORT_OF = {"http": "80", "https": "443"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"  # they make other characters what they are, as in emoji
_TRACKING = os.path.join(os.path.dirname(__file__), "tracking.toml")
#: As nearly all are: nothing to be changed, and nothing that can be wrong.
_PLAIN_ADDRESS = re.compile(
    r"https?://(?:[a-z0-9][a-z0-9-]*\.)+[a-z0-9]+/[A-Za-z0-9._~!$&'()*+,;=:@/?#-]*"
).fullmatch
#: "http://http://a.example" and "http://https//a.example": typed in front of a whole URL.
_SCHEME_AS_HOST = re.compile(r"https?://https?[:/]")
#: Dot segments, also escaped, and what browsers take for a slash.
_DECEPTIVE = re.compile(r"/(?:\.|%2E){1,2}(?:/|$)|\\", re.IGNORECASE)
_SESSION = r"(?i);(?:jsessionid|phpsessid|sid)=[^/?#;]*"
_PARAMETER = re.compile(r"[?&#;]([\w.-]+)=")
#: What follows a name in DNS; punycode takes the square of a label's length.
_MAX_HOST, _MAX_LABEL = 253, 63
#: What no finished address holds: {{ page.url }}, ${url}, <?php ?>, %s, %1$s, %@.
#: Browsers have escaped the braces in a path.
#: Compiled when it is first needed, since most addresses are plain and a cold start waits for it.
_TEMPLATE = r"(?i)[{}<>]|%7B(?:%7B|%25)|%(?:\d\$)?[s@]"
#: What browsers escape behind the host.
_NOT_IN_ADDRESSES = re.compile(r"[^!-~]+")

#: Scheme, host (with port and user information), path, and query and fragment or None.
Parts = tuple[str, str, str, str | None, str | None]


def split(url: str) -> Parts | None:
    """The parts of an http(s) URL as they stand in it; None for anything else."""
    scheme, colon, rest = url.partition("://")
    if not colon or (scheme not in _PORT_OF and scheme.lower() not in _PORT_OF):
        return None
    rest, hash_sign, fragment = rest.partition("#")
    rest, question_mark, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    return (
        scheme,
        host,
        slash + path,
        query if question_mark else None,
        fragment if hash_sign else None,
    )


def plain_host(scheme: str, host: str) -> str | None:
    """``host`` in lower case and without the scheme's own port; None if it is no such name.

    None, too, for user information, other ports, IP literals in brackets and whatever parsers
    disagree on: none of them is a host that a rule is about.
    """
    name, colon, port = host.lower().partition(":")
    if colon and port not in ("", _PORT_OF[scheme.lower()]):
        return None
    name = name.removesuffix(".")
    return name if _HOST.fullmatch(name) else None


def normal_address(url: str) -> str | None:
    """An http(s) URL in one spelling (RFC 3986, section 6.2.2 and 6.2.3).

    Scheme and host are in lower case, without the scheme's own port; there is a path, with escapes
    in upper case and only where they are needed; query and fragment are as they stand. A host that
    is not ASCII is in punycode, so that it looks like no other. None for what cannot be the address
    of a thing: no host, blanks, or characters that cannot be seen (controls, those that turn the
    direction of text).
    """
    match = _WEB_ADDRESS.match(url)
    if not match or not url.isprintable() or " " in url:
        return None
    scheme, host, port = match.groups()
    rest = url[match.end() :]
    is_plain = not port and host.islower() and host.isascii() and scheme.islower()
    if is_plain and "%" not in rest and rest.startswith("/"):
        return f"{scheme}://{host}{rest}"  # as nearly all are
    path = rest.partition("#")[0].partition("?")[0]
    rest = (decode_unreserved(path) or "/") + rest[len(path) :]
    if port and int(port) > 65535:
        return None
    scheme, name = scheme.lower(), ascii_name(host.lower())
    if name is None:
        return None
    port = f":{port}" if port and port != _PORT_OF[scheme] else ""
    return f"{scheme}://{name}{port}{rest}"


def thing_address(url: str) -> str | None:
    """:func:`normal_address` of what may be a thing's: no template, and no scheme for a host.

    Blanks and letters that are not ASCII are escaped behind the host, as browsers do it, so that
    one thing has one address. None, too, for a path with dot segments or a backslash, which is not
    what it looks like: browsers would show and open another.
    """
    if "/." not in url and _PLAIN_ADDRESS(url):
        return url
    host = _WEB_ADDRESS.match(url)
    if not host or not url.isprintable():
        return None
    address = normal_address(url[: host.end()] + with_escapes(url[host.end() :]))
    if not address or _SCHEME_AS_HOST.match(address) or re.search(_TEMPLATE, address):
        return None
    return None if _DECEPTIVE.search(address.partition("#")[0].partition("?")[0]) else address


def with_escapes(rest: str) -> str:
    """What follows the host in a URL, in ASCII and without blanks; escapes stay as they are."""
    return _NOT_IN_ADDRESSES.sub(_escapes, rest)


def _escapes(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode(errors="replace"))


def page_address(url: str) -> str | None:
    """The address under which a page is flattred and looked up; None for what is no web address.

    Without the fragment, which only scrolls (unless it is ``#!``, which names the page), and
    without the parameters of ``tracking.toml``, which tell who came from where.
    """
    address = thing_address(url)
    parts = split(address) if address else None
    if not address or not parts:
        return None
    query, fragment = parts[3:]
    base = re.sub(_SESSION, "", address.partition("#")[0].partition("?")[0])
    if _DECEPTIVE.search(base):
        return None
    kept = [pair for pair in (query or "").split("&") if pair and not _is_tracking(pair)]
    base += f"?{'&'.join(kept)}" if kept else ""
    return f"{base}#{fragment}" if fragment and fragment.startswith("!") else base


def _is_tracking(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    table = _tracking()
    return name in table["names"] or name.startswith(tuple(table["beginnings"]))


def tells_secret(address: str) -> bool:
    """Whether ``address`` has a parameter, wherever, that lets in whoever knows it."""
    names = (name.lower() for name in _PARAMETER.findall(address))
    return any(name in _tracking()["secrets"] for name in names)


@cache
def _tracking() -> dict[str, Any]:
    import tomllib  # here, since most URLs need no such table

    with open(_TRACKING, "rb") as file:
        return tomllib.load(file)


def page_key(url: str) -> str:
    """What two URLs of one page have in common: not the scheme, ``www.``, fragment, last slash."""
    parts = split(page_address(url) or url)
    if not parts:
        return url
    _, _, path, query, fragment = parts
    named = f"#{fragment}" if fragment and fragment.startswith("!") else ""
    return f"{host_of(url)}{path.rstrip('/')}?{query or ''}{named}"


def same_host(url: str, other: str) -> bool:
    """Whether both are on one host, ``www.`` aside; the scheme does not matter."""
    return host_of(url) == host_of(other)


def host_of(url: str) -> str:
    """The host of ``url``, with a port that is not the scheme's own; "" where there is none."""
    parts = split(url)
    if not parts:
        return ""
    scheme, host = parts[:2]
    name = plain_host(scheme, host) or host.rpartition("@")[2].lower()
    if not name.isascii():
        # What no browser would look up is shown letter by letter, lest it look like something else.
        name = ascii_name(name) or name.encode("ascii", "backslashreplace").decode()
    return name.removeprefix("www.")


def ascii_name(host: str) -> str | None:
    """``host`` as browsers look it up: UTS 46, labels that are not ASCII in punycode (RFC 3492).

    None for what no browser looks up. Not IDNA 2008, which has no emoji, and browsers do.
    """
    if host.isascii():
        return host
    if len(host) > _MAX_HOST or max(map(len, host.split("."))) > _MAX_LABEL:
        return None
    from idna import IDNAError, uts46_remap  # 10 ms that most hosts need not pay

    try:
        labels = uts46_remap(host, std3_rules=False).split(".")
    except (IDNAError, ValueError):
        return None
    name = ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )
    return name if _HOST.fullmatch(name) else None


def plain_text(text: str) -> str:
    """``text`` on one line, without what cannot be seen; it may come from anybody's page."""
    text = text.strip()
    if text.isprintable():
        return text
    from unicodedata import category  # most texts need not be looked at letter by letter

    seen = (char if category(char) not in _UNSEEN or char in _JOINERS else " " for char in text)
    return " ".join("".join(seen).split())


def decode_unreserved(path: str) -> str:
    """``path`` with the needless escapes undone and the others in upper case; ``%2F`` stays."""

    def undo(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(undo, path)


def decode_form(value: str) -> str:
    """One value of a form-encoded query: ``+`` is a blank, escapes are UTF-8."""
    if "+" in value:
        value = value.replace("+", " ")
    # What nearly all have nothing but; none of it can become an escape.
    value = value.replace("%20", " ").replace("%2F", "/").replace("%3A", ":")
    if "%" not in value:
        return value
    try:
        if "\\" not in value:
            # %C3%A9 as Python's own escape for bytes, since that is undone in C.
            escaped = value.replace("%", "\\x").encode("ascii")
            return escaped.decode("unicode_escape").encode("latin-1").decode("utf-8")
    except ValueError:
        pass  # letters that are not ASCII, half an escape, or bytes that are not UTF-8
    from urllib.parse import unquote  # 2 ms that most URLs need not pay

    return unquote(value, errors="replace")
