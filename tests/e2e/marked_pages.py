"""Pages and feeds that say in some way, true or not, what is to be flattred on them."""

from collections.abc import Callable

from .site import Site
from .stage import BLOG, REPOSITORY, submit

ELSEWHERE = "shop.example.test"
LOADER = "//api.flattr.com/js/0.6/load.js?mode=auto"
ISSUE = f"{REPOSITORY}/issues/12"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{head}
<style>body {{ font: 17px/1.6 sans-serif; max-width: 34em; margin: 3em auto; color: #333 }}</style>
<h1>{title}</h1><p>Rye, water, salt, and a night in the cold.</p>{body}"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>Bread, the feed</a:title>
<a:entry><a:title>One of them</a:title><a:link rel="payment" href="{entry}"/></a:entry>
<a:link rel="payment" href="{feed}" type="text/html"/></a:feed>"""

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Bread, the channel</title><link>https://blog.example/</link>
<link rel="payment" href="https://flattr.com/submit/auto?user_id=mallory&amp;url=https://x.example"/>
<item><title>One of them</title><atom:link rel="payment" href="{entry}"/></item>
<atom:link rel="payment" href="{feed}"/></channel></rss>"""

FEEDS = {"/feed.atom": ATOM, "/feed.rss": RSS, "/atom.xml": ATOM, "/rss.xml": RSS}

LONG = 4 * "very-long-"
# Turns what follows around, and has no place to break.
HOSTILE = "%E2%80%AE%D7%A9%D7%9C%D7%95%D7%9D" + 60 * "W"

# What scripts of a page would read instead of its title, its address and its elements.
CLOBBERING = "".join(
    f'<form name="{name}"><input name="getAttribute"></form><img name="{name}" alt="">'
    for name in ("title", "URL", "baseURI", "querySelectorAll", "querySelector", "body")
)


def marked_pages(site: Site) -> dict[str, str]:
    """By path. Where nothing else is said, each is a thing of alice's at its own address."""

    def here(path: str, host: str = BLOG) -> str:
        return site.url(path, host)

    def button(path: str, attributes: str, text: str = "Bread") -> str:
        return f'<a class="big FlattrButton" href="{here(path)}" {attributes}>{text}</a>'

    def payment(path: str, user_id: str = "alice", host: str = BLOG, title: str = "") -> str:
        return f'<link rel="payment" href="{submit(here(path, host), user_id, title)}">'

    marks = _marks_of_alice(button, lambda path: submit(here(path)))
    pages = {
        path: PAGE.format(title="Bread", head=head, body=body)
        for path, (head, body) in marks.items()
    }
    pages |= {
        path: feed.format(feed=submit(here(path)), entry=submit(here("/entry")))
        for path, feed in FEEDS.items()
    }

    def add(name: str, title: str, head: str = "", body: str = "") -> None:
        pages[f"/{name}.html"] = PAGE.format(title=title, head=head, body=body)

    add("id", "Bread by an id", head='<meta name="flattr:id" content="m05226">')
    add("clobbering", "Bread in disguise", payment("/clobbering.html"), CLOBBERING)
    add(
        "copy",
        "Bread, read from the newsletter",
        f'<link rel="canonical" href="{here("/known")}">',
    )
    add(
        "linked",
        "Bread, with a comment",
        body=f'<p>Do not miss <a href="{submit(here("/linked.html"), "mallory")}">this</a>.</p>',
    )
    add(
        "several",
        "Three bakers, one oven",
        payment("/several.html", "alice"),
        button("/rye", 'rel="flattr;uid:bob" title="Rye, three days in the making"', "Rye")
        + f'<a rel="payment" href="{submit(here("/salt", ELSEWHERE), "carol", "Salt")}">Salt</a>',
    )
    add(
        "crowd",
        "Everybody bakes",
        "".join(
            payment(f"/{number}/{LONG}", f"{LONG}{number}", f"{number}.{LONG}.test", HOSTILE)
            for number in range(40)
        ),
    )
    add(
        "article",
        "Bread, the article",
        body=button("/", 'rel="flattr;uid:alice"', "This site")
        + button("/article.html", 'rel="flattr;uid:alice"', "This article"),
    )
    add("lying", "Ten tricks with flour", payment("/salt", "mallory", ELSEWHERE))
    add(
        "usurping",
        "I wrote this",
        f'<link rel="payment" href="{submit(REPOSITORY, "mallory")}">',
    )
    add(
        "away",
        "Links",
        body=f'<p><a id="issue" href="{ISSUE}">An issue</a> '
        f'<a id="private" href="{site.url("/somewhere")}">a page of this computer</a></p>',
    )
    return pages


def _marks_of_alice(
    button: Callable[[str, str], str], submitting: Callable[[str], str]
) -> dict[str, tuple[str, str]]:
    """Head and body by path; each says that its page is alice's."""

    def loader(query: str = "") -> str:
        return f'<script async src="{LOADER}{query}"></script>'

    link = submitting("/link.html")
    mallorys = submitting("/decoys.html").replace("alice", "mallory")
    script = submitting("/noscript.html")
    return {
        "/head.html": (f'<link rel="alternate PAYMENT" href="{submitting("/head.html")}">', ""),
        "/link.html": ("", f'<p><a rel="nofollow payment" href="{link}">Flattr me</a></p>'),
        "/rel.html": ("", button("/rel.html", 'rel="flattr;uid:alice;category:text;tags:rye"')),
        "/rev.html": ("", button("/rev.html", 'rev="flattr;uid:alice;category:text"')),
        "/data.html": ("", button("/data.html", 'data-flattr-uid="alice" data-role="x"')),
        "/prefix.html": (
            loader("&amp;html5-key-prefix=data-bread"),
            button("/prefix.html", 'data-bread-uid="alice" data-flattr-uid="nobody"'),
        ),
        "/loader.html": (loader("&amp;uid=alice"), button("/loader.html", 'title="Bread"')),
        "/decoys.html": (
            '<script async src="//flattr.com:8080/load.js?uid=mallory"></script>'
            + loader("&amp;uid=alice"),
            f'<svg><title>Icon</title><a rel="payment" href="{mallorys}"></a></svg>'
            f'<a href="{mallorys.replace("flattr.com", "flattr.com:8080")}">No link of Flattr</a>'
            + button("/decoys.html", 'title="Bread"'),
        ),
        "/noscript.html": (
            "",
            f'<noscript><a rel="payment" href="{script}">Flattr me</a></noscript>',
        ),
    }
