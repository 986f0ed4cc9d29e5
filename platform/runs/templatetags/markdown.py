"""Notes as people wrote them, in Markdown, as HTML that nobody can hide a script in."""

from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()

# The page has headings of its own above.
DEEPER = 2


def _make_renderer() -> MarkdownIt:
    # HTML is shown as text, and of links only those to pages become links. Pictures would come from other hosts.
    return MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False}).disable("image")


RENDERER = _make_renderer()


@register.filter
def markdown(text: str) -> SafeString:
    tokens = RENDERER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + DEEPER)}"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "noopener noreferrer nofollow")
    return mark_safe(RENDERER.renderer.render(tokens, RENDERER.options, {}))
