"""How many prompts there are to evaluate, also after a file has changed."""

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.sizes import evaluated_sizes, set_size


def test_a_file_is_counted_again_once_it_was_written_anew(tmp_path):
    path = tmp_path / "prompts.txt"
    for prompts in (["a cat", "a dog"], ["a cat", "a dog", "a cow"], ["one cow"]):
        path.write_text("\n".join(prompts))
        assert set_size(str(path)) == set_size(str(path)) == len(prompts)
    path.unlink()
    assert set_size(str(path)) is None


def test_a_set_that_cannot_be_read_is_as_large_as_the_configuration_allows(tmp_path):
    (tmp_path / "three.txt").write_text("a\nb\nc")
    sets = [str(tmp_path / "three.txt"), str(tmp_path / "missing.txt")]
    config = RunConfig.model_validate({"evaluation": {"prompt_sets": sets, "num_prompts": 17}})
    assert evaluated_sizes(config) == (3, 17)
