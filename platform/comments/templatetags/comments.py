"""A comment's text as HTML, with the people whom it calls."""

from collections.abc import Iterator

from django import template
from django.utils.safestring import SafeString
from markdown_it.token import Token

from comments.people import Directory
from runs.templatetags.markdown import read_tokens, set_tokens

register = template.Library()


@register.filter
def comment_text(text: str, directory: Directory) -> SafeString:
    """Markdown; what is code calls nobody."""
    tokens = read_tokens(text)
    for token in tokens:
        if token.children:
            token.children = [part for child in token.children for part in _with_calls(child, directory)]
    return set_tokens(tokens)


def _with_calls(token: Token, directory: Directory) -> Iterator[Token]:
    if token.type != "text":
        yield token
        return
    text, end = token.content, 0
    for call in directory.calls(text):
        yield _text(text[end : call.start])
        yield Token("mention_open", "span", 1, attrs={"class": "mention", "title": call.person.email})
        yield _text(text[call.start : call.end])
        yield Token("mention_close", "span", -1)
        end = call.end
    yield _text(text[end:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
