"""Notes become HTML, and nothing that a person writes becomes a script, a picture of another host or a form."""

from html.parser import HTMLParser

import pytest

from runs.templatetags.markdown import markdown


class Tags(HTMLParser):
    """The tags of a page with their attributes, as a browser reads them."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_what_people_write_is_set():
    html = markdown("# Why\n\n**bold** and `code`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    for part in ("<h3>Why</h3>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "<td>1</td>"):
        assert part in html


def test_a_link_leads_to_a_page():
    html = markdown("[paper](https://example.org/a?b=1&c=2)")
    expected = '<a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">paper</a>'
    assert expected in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        "![x](https://elsewhere.example/pixel.png)",
        "<https://a.example/'onmouseover=alert(1)>",
        '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
        "<form action=/logout><button>",
        '```"><script>\nalert(1)\n```',
        "&lt;script&gt;",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_no_script_gets_through(text):
    parser = Tags()
    parser.feed(markdown(text))
    assert {name for name, _ in parser.found} <= {"p", "a", "pre", "code"}
    for _, attributes in parser.found:
        assert attributes.keys() <= {"href", "rel", "title", "class"}
        assert attributes.get("href", "https:").startswith("https:")
