import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from flowdppo_engine.config import OcrConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.ocr import quoted_text, similarity
from flowdppo_engine.rewards.registry import make_reward


def write(*lines, ink="black", paper="white"):
    """An image `[3, 224, 320]` of these lines, in the font that comes with Pillow."""
    picture = Image.new("RGB", (320, 224), paper)
    ImageDraw.Draw(picture).multiline_text((24, 60), "\n".join(lines), fill=ink, font=ImageFont.load_default(size=36))
    return (
        torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).reshape(224, 320, 3).permute(2, 0, 1) / 255
    )


def test_text_in_real_pictures_is_read():
    images = torch.stack(
        [
            write("Hello World"),
            write("Hello", "World", ink="yellow", paper="navy"),
            write("Hello Word"),
            write(),
        ]
    )
    measured = make_reward(OcrConfig()).measure(images, [Prompt('a sign that says "Hello World", lit by the sun')] * 4)
    exact, over_two_lines, one_letter_short, empty = measured.reward.tolist()
    assert exact == 1 and over_two_lines == 1
    assert one_letter_short == pytest.approx(0.9)
    assert empty == 0
    assert measured.reward.dtype == torch.float32
    assert measured.scores["ocr"].tolist() == measured.reward.tolist()


@pytest.mark.parametrize(
    ("read", "wanted", "expected"),
    [
        ("Hello World", "hello world", 1.0),
        ("HELLOWORLD", "Hello World", 1.0),
        ("the sign: Hello World!", "Hello World", 1.0),
        ("Helo World", "Hello World", 0.9),
        ("kitten", "sitting", 1 - 3 / 7),
        ("", "cat", 0.0),
        ("something altogether different", "cat", 0.0),
    ],
)
def test_the_reward_is_flow_grpos(read, wanted, expected):
    assert similarity(read, wanted) == pytest.approx(expected)


@pytest.mark.parametrize("prompt", ["a cat", 'a sign with ""', 'a sign with " "', 'six inches is 6" long'])
def test_a_prompt_that_quotes_nothing_is_refused(prompt):
    with pytest.raises(RewardError, match="ocr reads the text that a prompt has in .quotes., but .* has none: add it"):
        quoted_text(prompt)


@pytest.mark.parametrize("prompt", ['a cafe with "Chez Nous" on it', "a cafe with “Chez Nous” on it, and “else”"])
def test_the_first_text_in_quotes_is_asked_for(prompt):
    assert quoted_text(prompt) == "Chez Nous"
