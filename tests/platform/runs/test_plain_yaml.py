"""What of YAML is refused before it is read."""

import pytest

from runs.plain_yaml import NotPlain, require_plain


def test_plain_yaml_passes():
    require_plain("a: {b: [1, {c: 2}]}\nd:\n- e\n" + "\n".join(f"k{i}: [1]" for i in range(100)))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: &x 1\nb: *x", 2, "It has the alias \\*x: write out what it stands for."),
        ("[\n" + "[" * 100_000, 2, "It is nested too deeply"),
        ("{a: " * 100_000, 1, "It is nested too deeply"),
        ("\n".join("  " * depth + "a:" for depth in range(300)), 21, "It is nested too deeply"),
    ],
)
def test_what_is_dangerous_is_refused_before_it_costs_anything(text, line, message):
    with pytest.raises(NotPlain, match=message) as caught:
        require_plain(text)
    assert caught.value.line == line
