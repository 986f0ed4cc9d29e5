"""What holds of every family, on random weights of its own classes."""

import copy
import weakref

import pytest
import torch

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.registry import FAMILIES, family_class, load_model
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.training.denoising import Denoising
from flowdppo_engine.training.rollout import walk
from tests.flowdppo_engine.models.differentiating import LORA, SIGMA, assert_same_gradients, gradients, with_lora
from tests.flowdppo_engine.models.drawing import NUM_STEPS, PROMPTS, noise, our_drawing, pipelines_drawing
from tests.flowdppo_engine.models.tiny import NAMES, tiny_family

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=NAMES)
def family(request):
    return tiny_family(request.param)


@pytest.fixture(scope="module")
def folder(family, tmp_path_factory):
    """The pipeline in the diffusers format."""
    folder = tmp_path_factory.mktemp(family.name)
    family.make_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def frozen(family):
    """The model without a LoRA; not to be changed."""
    return family.make_model()


@pytest.fixture
def trained(family):
    """The model with a LoRA that does something."""
    return with_lora(family.make_model())


def test_every_family_has_its_adapter():
    assert set(NAMES) == set(FAMILIES)
    assert len({family_class(name) for name in NAMES}) == len(NAMES)


def test_our_loop_draws_what_the_pipeline_draws(family, frozen):
    latents, pictures = our_drawing(frozen)
    expected_latents, expected_pictures = pipelines_drawing(family, family.make_pipeline(), frozen)
    torch.testing.assert_close(latents, expected_latents, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(pictures, expected_pictures, atol=2e-5, rtol=0)


@pytest.mark.parametrize("name", [name for name in NAMES if tiny_family(name).guided])
def test_our_guidance_is_the_pipelines(name):
    family = tiny_family(name)
    model = family.make_model()
    latents, pictures = our_drawing(model, scale=3.0)
    expected_latents, expected_pictures = pipelines_drawing(family, family.make_pipeline(), model, scale=3.0)
    torch.testing.assert_close(latents, expected_latents, atol=5e-5, rtol=1e-5)
    torch.testing.assert_close(pictures, expected_pictures, atol=5e-5, rtol=0)
    assert (latents - our_drawing(model)[0]).abs().max() > 1e-2


def test_the_grid_is_the_pipelines(family, frozen):
    pipeline = family.make_pipeline()
    pipelines_drawing(family, pipeline, frozen)
    sigmas = frozen.sigmas(NUM_STEPS)
    assert torch.equal(torch.tensor([*sigmas, 0.0]), pipeline.scheduler.sigmas)
    assert sigmas[0] == 1.0 and sigmas == sorted(sigmas, reverse=True) and sigmas[-1] > 0


def test_asking_for_the_grid_leaves_the_scheduler_alone(family):
    model = family.make_model()
    before = dict(vars(model.pipeline.scheduler))
    model.sigmas(NUM_STEPS + 1)
    assert dict(vars(model.pipeline.scheduler)) == before


def test_sigma_may_differ_by_row(frozen):
    condition, sample = frozen.encode_prompts(PROMPTS), noise(frozen)
    with torch.no_grad():
        together = frozen.velocity(sample, torch.tensor([0.9, 0.2]), condition)
        first = frozen.velocity(sample, torch.tensor(0.9), condition)[0]
        second = frozen.velocity(sample, torch.tensor(0.2), condition)[1]
    torch.testing.assert_close(together, torch.stack([first, second]), atol=1e-5, rtol=1e-5)


def test_decoding_does_not_depend_on_the_chunks(frozen, monkeypatch):
    latents = noise(frozen)
    together = frozen.decode(latents)
    monkeypatch.setattr("flowdppo_engine.models.pipeline_model.MAX_DECODED_PIXELS", {"cpu": 1})
    torch.testing.assert_close(frozen.decode(latents), together, atol=1e-5, rtol=0)
    assert together.dtype == torch.float32 and 0 <= together.min() < together.max() <= 1


def log_ratio_and_kl(policy, old, next_sample) -> tuple[torch.Tensor, torch.Tensor]:
    """Of two Gaussians with the same std, in nats, `[B]` float64: the density of `next_sample`, and over all."""
    new_mean, old_mean, std, sample = (t.double() for t in (policy.mean, old.mean, old.std, next_sample))
    axes = tuple(range(1, sample.ndim))
    log_ratio = (((sample - old_mean) ** 2 - (sample - new_mean) ** 2) / (2 * std**2)).sum(axes)
    return log_ratio, ((new_mean - old_mean) ** 2 / (2 * std**2)).sum(axes)


def on_policy_movement(model, rollout_rows, update_rows) -> tuple[float, float]:
    """The largest |ratio - 1| and KL (nats) when the network is asked again what it has just said.

    Rows of both are how many samples pass through the network together; the update's pass keeps its graph.
    """
    denoising = Denoising(
        torch.tensor([*model.sigmas(NUM_STEPS), 0.0]), 1.0, make_dynamics("flow_sde", noise_level=0.7)
    )
    start = noise(model).repeat_interleave(2, dim=0)
    conditions = model.encode_prompts(PROMPTS).take(torch.tensor([0, 0, 1, 1]))
    ratios, kls = [0.0], [0.0]
    for rows in torch.arange(4).split(rollout_rows):
        step_noise = {0: torch.randn_like(start[rows]), 1: torch.randn_like(start[rows])}
        with torch.no_grad():
            _, records = walk(model, denoising, start[rows], conditions.take(rows), range(2), step_noise)
        for record in records:
            for some in torch.arange(len(rows)).split(update_rows):
                sample, sigma = record.sample[some], denoising.sigmas[record.step]
                velocity = model.velocity(sample, sigma, conditions.take(rows[some]))
                assert velocity.requires_grad and velocity.dtype == record.velocity.dtype
                new, old = (denoising.policy(record.step, v, sample) for v in (velocity, record.velocity[some]))
                log_ratio, kl = log_ratio_and_kl(new, old, record.next_sample[some])
                ratios.append(torch.expm1(log_ratio).abs().max().item())
                kls.append(kl.max().item())
    return max(ratios), max(kls)


def test_before_the_first_update_the_ratio_is_one_and_the_kl_zero(trained):
    assert on_policy_movement(trained, rollout_rows=2, update_rows=2) == (0.0, 0.0)


def test_other_batches_move_an_fp32_policy_by_rounding_only(trained):
    ratio, kl = on_policy_movement(trained, rollout_rows=4, update_rows=1)
    assert ratio < 1e-4 and kl < 1e-9


def test_the_noise_floor_of_bf16(family, folder):
    """Rollout and update of the same batch agree to the bit; other batches do not, by no more than rounding."""
    model = with_lora(load_model(family.config(source=str(folder), dtype="bfloat16"), CPU))
    assert on_policy_movement(model, rollout_rows=2, update_rows=2) == (0.0, 0.0)
    ratio, kl = on_policy_movement(model, rollout_rows=4, update_rows=1)
    kl_mean = kl / model.num_latent_dims
    print(f"{family.name} in bf16: |ratio - 1| <= {ratio:.2e}, KL <= {kl:.2e} nats, {kl_mean:.2e} a dimension")
    assert kl_mean < 1e-5


def test_one_update_changes_the_lora_alone(family):
    model = family.make_model()
    model.add_lora(LORA, seed=0)
    before = copy.deepcopy(model.transformer.state_dict())
    optimizer = torch.optim.AdamW(model.trainable_parameters().values(), lr=1e-2)
    for _ in range(2):
        grads = gradients(model, model.velocity(noise(model), SIGMA, model.encode_prompts(PROMPTS)))
        for name, parameter in model.trainable_parameters().items():
            assert grads[name].isfinite().all()
            parameter.grad = grads[name]
        optimizer.step()
    changed = {name for name, value in model.transformer.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and changed <= model.trainable_parameters().keys()
    assert {name for name in model.trainable_parameters() if family.reached(name)} <= changed


def test_gradients_reach_every_lora_matrix(family, trained):
    grads = gradients(trained, trained.velocity(noise(trained), SIGMA, trained.encode_prompts(PROMPTS)))
    for name, grad in grads.items():
        assert grad.isfinite().all()
        assert (grad.norm() > 0) == family.reached(name), name


def test_a_new_lora_starts_as_the_reference(family, frozen):
    model = family.make_model()
    model.add_lora(LORA, seed=0)
    condition, sample = model.encode_prompts(PROMPTS), noise(model)
    with torch.no_grad():
        base = frozen.velocity(sample, SIGMA, condition)
        assert torch.equal(model.velocity(sample, SIGMA, condition), base)
        with_lora_weights = [parameter.data.normal_(std=0.2) for parameter in model.trainable_parameters().values()]
        trained = model.velocity(sample, SIGMA, condition)
        assert with_lora_weights and (trained - base).abs().max() > 1e-3
        with model.reference():
            assert torch.equal(model.velocity(sample, SIGMA, condition), base)
        assert torch.equal(model.velocity(sample, SIGMA, condition), trained)


def test_plain_diffusers_draws_the_same_picture_with_the_lora(family, folder, trained, tmp_path):
    trained.save_lora(tmp_path)
    plain = type(trained.pipeline).from_pretrained(folder)
    _, without = pipelines_drawing(family, plain, trained)
    plain.load_lora_weights(tmp_path)
    _, pictures = pipelines_drawing(family, plain, trained)
    torch.testing.assert_close(our_drawing(trained)[1], pictures, atol=5e-5, rtol=0)
    assert (pictures - without).abs().max() > 1e-3


def test_a_saved_model_draws_the_same_with_its_saved_lora(family, folder, trained, tmp_path):
    trained.save_lora(tmp_path)
    model = load_model(family.config(source=str(folder)), CPU)
    model.add_lora(LORA, seed=5)
    parameters = model.trainable_parameters()
    model.load_lora(tmp_path)
    assert all(model.trainable_parameters()[name] is parameter for name, parameter in parameters.items())
    assert torch.equal(our_drawing(model)[0], our_drawing(trained)[0])


def test_gradient_checkpointing_gives_the_same_gradients(family, trained):
    checkpointed = with_lora(family.make_model(gradient_checkpointing=True))
    condition, sample = trained.encode_prompts(PROMPTS), noise(trained)
    passes = []
    for block in checkpointed.repeated_blocks:
        block.register_forward_pre_hook(lambda *_: passes.append(1))
    velocity = checkpointed.velocity(sample, SIGMA, condition)
    num_forwards = len(passes)
    grads = gradients(checkpointed, velocity)
    assert num_forwards == len(checkpointed.repeated_blocks) and len(passes) == 2 * num_forwards
    assert_same_gradients(grads, gradients(trained, trained.velocity(sample, SIGMA, condition)), atol=0, rtol=0)


def test_the_unconditional_gradient_is_the_term_that_is_left_out_otherwise(trained):
    condition, sample, scale = trained.encode_prompts(PROMPTS), noise(trained), 3.0
    nothing = trained.encode_prompts([trained.unconditional_prompt] * len(PROMPTS))
    conditional, unconditional = (trained.velocity(sample, SIGMA, c) for c in (condition, nothing))
    whole = trained._guide(conditional, unconditional, scale)
    without = trained._guide(conditional, unconditional.detach(), scale)
    with_gradient = trained.velocity(sample, SIGMA, condition, scale, unconditional_gradient=True)
    by_default = trained.velocity(sample, SIGMA, condition, scale)
    torch.testing.assert_close(with_gradient, whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(with_gradient, by_default)
    of_whole, of_without = (gradients(trained, velocity, keep_graph=True) for velocity in (whole, without))
    tolerance = {"atol": 1e-4, "rtol": 1e-3}
    assert_same_gradients(gradients(trained, with_gradient), of_whole, **tolerance)
    assert_same_gradients(gradients(trained, by_default), of_without, **tolerance)
    assert max((of_whole[name] - of_without[name]).abs().max() for name in of_whole) > 1e-2


def test_freed_encoders_are_gone_and_the_rest_goes_on(family):
    model = family.make_model()
    condition, sample = model.encode_prompts(PROMPTS), noise(model)
    with torch.no_grad():
        before = model.velocity(sample, SIGMA, condition, 3.0)
    encoders = [weakref.ref(encoder) for encoder in model._text_encoders().values()]
    model.free_encoders()
    model.free_encoders()
    assert encoders and all(encoder() is None for encoder in encoders)
    with torch.no_grad():
        assert torch.equal(model.velocity(sample, SIGMA, condition, 3.0), before)
    assert model.decode(sample).isfinite().all()
    assert model.find_truncated(["a" * 5000]) == ["a" * 5000]
    with pytest.raises(RuntimeError, match="text encoders have been freed: encode every prompt before"):
        model.encode_prompts(PROMPTS)


def test_prompts_that_lose_their_end_are_found(family, frozen):
    """The longest that is not reported is read to its end; of one well beyond, the end makes no difference."""
    texts = ["a" * length for length in range(1, 400)]
    reported = frozen.find_truncated(texts)
    longest = len(texts) - len(reported)
    assert longest > 5 and reported == texts[longest:]

    def reads_the_end_of(text: str) -> bool:
        one, other = (frozen.encode_prompts([some]) for some in (text, text[:-1] + "b"))
        return any(not torch.equal(one[name], other[name]) for name in one.tensors)

    assert reads_the_end_of("a" * longest)
    assert not reads_the_end_of("a" * (longest + 50))


def test_idle_parts_are_moved_aside(family, monkeypatch):
    model = family.make_model(offload_idle=True)
    moves = []
    idle = {name: part for name, part in model.pipeline.components.items() if name.startswith(("text_encoder", "vae"))}
    for name, part in idle.items():
        if part is not None:
            monkeypatch.setattr(part, "to", lambda device, name=name: moves.append((name, str(device))))
    model.encode_prompts(PROMPTS)
    encoders = [name for name in idle if name != "vae" and idle[name] is not None]
    assert moves == [(name, "cpu") for name in encoders * 2]
    moves.clear()
    model.decode(noise(model))
    assert moves == [("vae", "cpu")] * 2


def test_everything_follows_the_network_to_another_device(family):
    """The meta device has shapes but no numbers, and refuses to work with a tensor that stayed behind."""
    model = family.make_model(distilled_guidance_scale=2.0)
    condition, sample = model.encode_prompts(PROMPTS), noise(model)
    with torch.no_grad():
        model.velocity(sample, SIGMA, condition, 3.0)
        model.free_encoders()
        model.transformer.to("meta")
        assert model.device.type == "meta"
        moved = model.velocity(sample.to("meta"), SIGMA.to("meta"), condition.to(model.device), 3.0)
    assert moved.device.type == "meta" and moved.shape == sample.shape


def test_the_blocks_are_known_by_any_class(family):
    """Sharding over processes gives a block a class of its own, made from the block's."""
    model = family.make_model()
    blocks = model.repeated_blocks
    for block in blocks:
        block.__class__ = type("Sharded", (type(block),), {})
    assert blocks and model.repeated_blocks == blocks
    parameters = sum(p.numel() for block in blocks for p in block.parameters())
    assert parameters > 0.1 * sum(p.numel() for p in model.transformer.parameters())


def test_a_pipeline_of_another_family_is_refused(family, folder):
    other = next(name for name in NAMES if name != family.name)
    with pytest.raises(BadConfig, match=f"model.family = '{other}' loads a .* holds a .*: choose its family"):
        load_model(tiny_family(other).config(source=str(folder)), CPU)


def test_sizes_that_do_not_fit_are_refused(family):
    with pytest.raises(BadConfig, match=r"model.width = 26 does not fit this model: give a multiple of \d+"):
        family_class(family.name)(family.make_pipeline(), family.config().model_copy(update={"width": 26}))
