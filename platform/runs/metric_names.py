"""Names of metrics in people's words, and which of them the panel draws before anyone has chosen."""

REWARD = "reward/mean"
KL_TO_BASE = "kl/reference_nats"
VELOCITY_TO_BASE = "velocity/reference_distance"

TITLES = {
    REWARD: "Reward",
    "reward/std": "Reward, spread",
    "reward/zero_groups": "Groups without a signal",
    "diversity/pixel_rms": "Difference within a group",
    KL_TO_BASE: "KL to the base model, nats",
    "kl/reference_mean": "KL to the base model, mean",
    "reference/loss": "Divergence from the base model in the loss",
    VELOCITY_TO_BASE: "Velocity: distance to the base model",
    "velocity/old_distance": "Velocity: distance to the old policy",
    "kl/old_mean": "KL to the old policy, mean",
    "kl/old_max": "KL to the old policy, largest",
    "kl/old_nats": "KL to the old policy, nats",
    "kl/trajectory_nats": "KL to the old policy, whole trajectory, nats",
    "tv/old_mean": "Total variation to the old policy",
    "tv/old_max": "Total variation to the old policy, largest",
    "ratio/mean": "Ratio, mean",
    "ratio/std": "Ratio, spread",
    "ratio/min": "Ratio, smallest",
    "ratio/max": "Ratio, largest",
    "mask/masked_fraction": "Masked fraction",
    "mask/masked_positive_fraction": "Masked fraction, advantage above 0",
    "mask/masked_negative_fraction": "Masked fraction, advantage below 0",
    "mask/over_threshold_fraction": "Fraction over the threshold",
    "trust_region/coefficient": "Weight of the KL penalty",
    "trust_region/clip_range": "Clip range",
    "bound/surrogate": "Improvement bound: surrogate",
    "bound/penalty_quadratic": "Improvement bound: quadratic penalty",
    "bound/penalty_linear": "Improvement bound: linear penalty",
    "bound/improvement": "Improvement bound",
    "floor/kl_mean": "Noise floor, KL mean",
    "floor/ratio_deviation": "Noise floor, largest ratio − 1",
    "loss/policy": "Policy loss",
    "optim/grad_norm": "Gradient norm",
    "optim/lr": "Learning rate",
    "optim/skipped_steps": "Skipped optimizer steps",
    "time/images_per_second": "Images per second",
    "time/reward_tail_seconds": "Seconds: waiting for rewards",
    "memory/peak_gib": "Peak memory, GiB",
}
SHOWN_FIRST = (
    REWARD,
    KL_TO_BASE,
    "kl/old_mean",
    "ratio/std",
    "mask/masked_fraction",
    "optim/grad_norm",
    "time/images_per_second",
)
SPREAD = "_std"


def title_of(key: str) -> str:
    """A title for any metric; one that has no name here is called by its key."""
    if key in TITLES:
        return TITLES[key]
    group, _, name = key.partition("/")
    words = name.replace("_", " ").replace("/", " ")
    if group == "reward":
        return f"Reward: {words.removesuffix(' std')}{', spread' if name.endswith(SPREAD) else ''}"
    if group == "time":
        return f"Seconds: {words.removesuffix(' seconds')}"
    if group == "would_block":
        return f"Would be blocked by: {words}"
    return f"{group}: {words}" if name else key


def shown_first(keys: list[str]) -> list[str]:
    """Which of these metrics to draw at first: reward and KL, the parts of the reward, then how training goes."""
    rewards = (key for key in keys if key.startswith("reward/") and key not in TITLES)
    parts = [key for key in rewards if not key.endswith(SPREAD)]
    far_from_base = (KL_TO_BASE, VELOCITY_TO_BASE)  # DiffusionNFT has no KL.
    return [key for key in (REWARD, *far_from_base, SHOWN_FIRST[2], *parts, *SHOWN_FIRST[3:]) if key in keys]
