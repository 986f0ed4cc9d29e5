"""Notes as people wrote them, in Markdown, as HTML that nobody can hide a script in."""

from collections.abc import Sequence

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

register = template.Library()

# The page has headings of its own above.
DEEPER = 2


def _make_renderer() -> MarkdownIt:
    # HTML is shown as text, and of links only those to pages become links. Pictures would come from other hosts.
    return MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False}).disable("image")


RENDERER = _make_renderer()


@register.filter
def markdown(text: str) -> SafeString:
    return set_tokens(read_tokens(text))


def read_tokens(text: str) -> list[Token]:
    """What the text is made of, as markdown-it tells it."""
    tokens = RENDERER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + DEEPER)}"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "noopener noreferrer nofollow")
    return tokens


def set_tokens(tokens: Sequence[Token]) -> SafeString:
    """Some of a text's tokens, whole blocks, as HTML."""
    return mark_safe(RENDERER.renderer.render(tokens, RENDERER.options, {}))
