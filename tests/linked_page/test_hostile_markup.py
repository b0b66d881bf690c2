"""What a page may hold to keep its reader busy: 512 KiB of anything are read in no time."""

import subprocess
import sys

import pytest

from flattr_host.linked_page.body import MAX_BODY

# In a process of its own, since nothing else ends what takes for ever.
READ = """
import sys
from flattr_host.discovery.page import read_hints
begin, piece = (part.encode() for part in sys.argv[2:])
read_hints((begin + piece * int(sys.argv[1]))[:int(sys.argv[1])], "http://a.example/", "text/html")
"""


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        ("", " "),
        ("", "<?a?>"),
        ("", " <?a?>"),
        ("", "<!--"),
        ("", "<!DOCTYPE a["),
        ("", "<meta "),
        ("", "<div>"),
        ("", "<dl><dd>"),
        ("", "<a href=//flattr.com/thing/1>"),
        ("", "<a class=FlattrButton><div>"),
        ("<title>", "x "),
        ("<script>", "//flattr.com/"),
        ("<script>", "//a."),
        ("<script>//", "a."),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>"),
        ("<rss>", "<channel><item/>"),
    ],
)
def test_nothing_keeps_the_reader_busy(begin: str, piece: str) -> None:
    command = [sys.executable, "-c", READ, str(MAX_BODY), begin, piece]
    subprocess.run(command, check=True, timeout=2)
