from collections import Counter

from flowdppo_engine.training.prompt_schedule import PromptSchedule


def test_each_pass_meets_every_prompt_once_across_iterations():
    schedule = PromptSchedule(num_prompts=10, groups_per_iteration=4, seed=0)
    walked = [index for iteration in range(5) for index in schedule.prompts_of(iteration)]
    assert Counter(walked[:10]) == Counter(range(10)) == Counter(walked[10:])
    assert walked[:10] != walked[10:]


def test_any_iteration_can_be_asked_for_alone():
    in_order = PromptSchedule(10, 4, seed=3)
    expected = [in_order.prompts_of(iteration) for iteration in range(9)]
    alone = PromptSchedule(10, 4, seed=3)
    assert [alone.prompts_of(iteration) for iteration in reversed(range(9))] == expected[::-1]


def test_more_groups_than_prompts():
    assert Counter(PromptSchedule(3, 7, seed=0).prompts_of(0)).most_common()[0][1] == 3


def test_used_prompts_are_those_that_come_up():
    schedule = PromptSchedule(100, 4, seed=1)
    used = schedule.used_in(5)
    assert used == sorted({index for iteration in range(5) for index in schedule.prompts_of(iteration)})
    assert len(used) == 20
    assert schedule.used_in(25) == list(range(100))
