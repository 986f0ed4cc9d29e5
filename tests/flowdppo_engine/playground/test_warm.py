"""Which models stay loaded."""

import pytest
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.playground.warm import WarmModels

SMALL, LARGE, OTHER = ModelConfig(resolution=16), ModelConfig(resolution=32), ModelConfig(resolution=64)


@pytest.fixture
def loads(make_model):
    loaded = []

    def load(config: ModelConfig, device: torch.device) -> SD3Model:
        loaded.append(config.resolution)
        return make_model()

    return load, loaded


def use(models: WarmModels, config: ModelConfig):
    return models.use(config, lambda easel: easel.num_bytes)


def test_what_fits_stays_and_the_oldest_goes(loads):
    load, loaded = loads
    one = use(WarmModels(torch.device("cpu"), 0, load), SMALL)
    models = WarmModels(torch.device("cpu"), 2 * one, load)
    for config in (SMALL, LARGE, SMALL, OTHER, SMALL, LARGE):
        use(models, config)
    assert loaded[1:] == [16, 32, 64, 32] and len(models) == 2


def test_the_model_at_work_stays_however_large(loads):
    load, loaded = loads
    models = WarmModels(torch.device("cpu"), 0, load)
    use(models, SMALL)
    use(models, SMALL)
    use(models, LARGE)
    assert loaded == [16, 32] and len(models) == 1


def test_how_a_run_trains_makes_no_other_model(loads):
    load, loaded = loads
    models = WarmModels(torch.device("cpu"), 0, load)
    use(models, SMALL)
    use(models, SMALL.model_copy(update={"compile": "regional", "gradient_checkpointing": True}))
    assert loaded == [16]


def test_where_memory_runs_out_all_others_go(loads):
    load, loaded = loads
    models, tries = WarmModels(torch.device("cpu"), 2**40, load), []

    def work(easel):
        tries.append(len(models))
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "drawn"

    use(models, SMALL)
    use(models, LARGE)
    assert models.use(SMALL, work) == "drawn" and tries == [2, 1] and loaded == [16, 32]


def test_one_that_does_not_fit_alone_is_told(loads):
    models = WarmModels(torch.device("cpu"), 2**40, loads[0])

    def work(easel):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        models.use(SMALL, work)
