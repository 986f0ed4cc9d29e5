import math
import re

import pytest
import torch

from flowdppo_engine.config import RunConfig, VlmJudgeConfig
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.remote.vlm_judge import make_vlm_judge
from tests.flowdppo_engine.rewards.remote.reward_server import as_json
from tests.flowdppo_engine.rewards.remote.test_http_reward import decode

IMAGES = torch.stack([torch.full((3, 8, 8), i / 4) for i in range(4)])
PROMPTS = [Prompt(f"prompt {{lowest}} {i}") for i in range(4)]
QUESTIONS = [Question("How many dots are there?", "two"), Question("Are they red?", "Yes")]


def make(server, answer, **options):
    options = {"url": f"{server.url}/v1", "model": "judge-1", "backoff_seconds": 0.001, "attempts": 2} | options
    return make_vlm_judge(VlmJudgeConfig(answer=answer, **options))


def said(text):
    return as_json({"choices": [{"message": {"content": text}}]})


def likeliest(probabilities):
    top = [{"token": token, "logprob": math.log(p)} for token, p in probabilities.items()]
    return as_json({"choices": [{"logprobs": {"content": [{"token": "x", "logprob": -1, "top_logprobs": top}]}}]})


def text_of(request) -> str:
    return request.body["messages"][0]["content"][1]["text"]


def image_of(request) -> float:
    """The grey of the image that was sent."""
    url = request.body["messages"][0]["content"][0]["image_url"]["url"]
    return float(decode(url.removeprefix("data:image/png;base64,")).mean())


def test_each_image_is_judged_with_its_prompt_and_the_number_is_brought_to_0_1(serve):
    server = serve(lambda request, index: said(f" {round(4 * image_of(request)) + 1}\n"))
    answer = {"name": "score", "template": "{lowest}-{highest}: {prompt}", "lowest": 1, "highest": 5}
    measured = make(server, answer, label="nice").measure(IMAGES, PROMPTS)
    assert measured.reward.tolist() == [0, 0.25, 0.5, 0.75]
    assert measured.scores["nice"].tolist() == [1, 2, 3, 4]
    assert sorted(text_of(request) for request in server.requests) == [f"1-5: prompt {{lowest}} {i}" for i in range(4)]
    body = server.requests[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("judge-1", 0, 16)
    assert {request.path for request in server.requests} == {"/v1/chat/completions"}


def test_a_judge_that_comes_to_its_senses_is_heard(serve):
    server = serve(lambda request, index: said("I would say 7" if index == 0 else "7"))
    assert make(server, {"name": "score"}).measure(IMAGES[:1], PROMPTS[:1]).scores["vlm_judge"].tolist() == [7]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (said("7/10"), "'7/10' is no number"),
        (said("seven"), "'seven' is no number"),
        (said("nan"), "'nan' is no number"),
        (said("1e1"), "'1e1' is no number"),
        (said(""), "'' is no number"),
        (said("11"), "11 is not in the range from 0 to 10"),
        (said("-0.5"), "-0.5 is not in the range"),
        (said(None), "choices[0].message.content is no text"),
        (as_json({"choices": []}), "it has no choices.0.message.content"),
    ],
)
def test_an_answer_that_is_no_number_of_the_range_fails_the_reward(serve, answer, cause):
    server = serve(lambda request, index: answer)
    with pytest.raises(RewardError, match=re.escape(f"failed after 2 attempts: an answer of no use: {cause}")):
        make(server, {"name": "score"}).measure(IMAGES[:1], PROMPTS[:1])


def test_the_probability_of_yes_is_summed_over_its_spellings(serve):
    tokens = {"Yes": 0.5, " yes": 0.2, "yes": 0.1, "No": 0.15, "YES": 0.01, "Yesterday": 0.02}
    server = serve(lambda request, index: likeliest(tokens))
    measured = make(server, {"name": "yes_probability"}).measure(IMAGES[:2], PROMPTS[:2])
    assert measured.reward.tolist() == pytest.approx([0.8, 0.8])
    assert measured.scores["vlm_judge"].tolist() == pytest.approx([80, 80])
    body = server.requests[0].body
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert 'Does this image show "prompt {lowest}' in text_of(server.requests[0])


@pytest.mark.parametrize(("aggregation", "expected"), [("am", 0.6), ("gm", math.sqrt(0.35))])
def test_each_question_is_asked_and_the_right_answers_are_averaged(serve, aggregation, expected):
    def answer(request, index):
        counts = "How many" in text_of(request)
        return likeliest({"two": 0.3, "2": 0.2, "three": 0.4} if counts else {"Yes": 0.7, "No": 0.3})

    server = serve(answer)
    template = {"name": "yes_probability", "template": "{question} One word.", "aggregation": aggregation}
    measured = make(server, template).measure(IMAGES[:1], [Prompt("two red dots", tuple(QUESTIONS))])
    assert measured.reward.tolist() == pytest.approx([expected])
    assert {name: values.item() for name, values in measured.scores.items()} == pytest.approx(
        {"vlm_judge": 100 * expected, "vlm_judge_am": 60, "vlm_judge_gm": 100 * math.sqrt(0.35)}
    )
    assert sorted(map(text_of, server.requests)) == ["Are they red? One word.", "How many dots are there? One word."]


def test_questions_are_put_back_to_their_prompts(serve):
    """Prompts with 1, 3 and 2 questions; the right answer's probability is the grey of the image."""
    server = serve(lambda request, index: likeliest({"Yes": image_of(request), "No": 1e-9}))
    prompts = [Prompt(str(n), (QUESTIONS[1],) * n) for n in (1, 3, 2)]
    measured = make(server, {"name": "yes_probability", "template": "{question}"}).measure(IMAGES[1:], prompts)
    assert len(server.requests) == 6
    assert measured.reward.tolist() == pytest.approx([0.25, 0.5, 0.75], abs=0.003)


def test_an_answer_that_is_not_among_the_likeliest_is_impossible(serve):
    server = serve(lambda request, index: likeliest({"No": 0.9, "no": 0.1}))
    assert make(server, {"name": "yes_probability"}).measure(IMAGES[:1], PROMPTS[:1]).reward.tolist() == [0]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (said("Yes"), "it has no choices.0.logprobs"),
        (likeliest({}), "it has no top_logprobs"),
        (likeliest({"Yes": 1.5}), "its top_logprobs are no tokens with logarithms of probabilities"),
    ],
)
def test_a_server_that_sends_no_probabilities_fails_the_reward(serve, answer, cause):
    server = serve(lambda request, index: answer)
    with pytest.raises(RewardError, match=cause):
        make(server, {"name": "yes_probability"}).measure(IMAGES[:1], PROMPTS[:1])


def test_a_prompt_without_questions_is_refused_before_anything_is_asked(serve):
    server = serve(lambda request, index: likeliest({"Yes": 1.0}))
    with pytest.raises(RewardError, match="'plain' has none"):
        make(server, {"name": "yes_probability", "template": "{question}"}).measure(IMAGES[:1], [Prompt("plain")])
    assert server.requests == []


def test_two_judges_stand_side_by_side_under_their_labels(serve):
    server = serve(lambda request, index: said("5" if "good" in text_of(request) else "10"))
    judges = [
        {"name": "vlm_judge", "label": label, "url": server.url, "model": "m"}
        | {"answer": {"name": "score", "template": template}}
        for label, template in (("good", "How good is {prompt}?"), ("faithful", "How faithful is {prompt}?"))
    ]
    suite = make_reward_suite(RunConfig(rewards=judges), torch.device("cpu"))
    scored = suite.measure(IMAGES[:2], PROMPTS[:2])
    assert {name: values.tolist() for name, values in scored.rewards.items()} == {
        "good": [0.5, 0.5],
        "faithful": [1, 1],
    }
