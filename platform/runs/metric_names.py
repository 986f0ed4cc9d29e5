"""Names of metrics in people's words, and which of them the panel draws before anyone has chosen."""

REWARD = "reward/mean"
KL_TO_BASE = "kl/reference_nats"

TITLES = {
    REWARD: "Reward",
    "reward/std": "Reward, spread",
    "reward/zero_groups": "Groups without a signal",
    KL_TO_BASE: "KL to the base model, nats",
    "kl/reference_mean": "KL to the base model, mean",
    "kl/old_mean": "KL to the old policy, mean",
    "kl/old_max": "KL to the old policy, largest",
    "kl/old_nats": "KL to the old policy, nats",
    "tv/old_mean": "Total variation to the old policy",
    "ratio/mean": "Ratio, mean",
    "ratio/std": "Ratio, spread",
    "ratio/min": "Ratio, smallest",
    "ratio/max": "Ratio, largest",
    "mask/masked_fraction": "Masked fraction",
    "mask/masked_positive_fraction": "Masked fraction, advantage above 0",
    "mask/masked_negative_fraction": "Masked fraction, advantage below 0",
    "mask/over_threshold_fraction": "Fraction over the threshold",
    "loss/policy": "Policy loss",
    "optim/grad_norm": "Gradient norm",
    "optim/lr": "Learning rate",
    "optim/skipped_steps": "Skipped optimizer steps",
    "time/images_per_second": "Images per second",
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


def title_of(key: str) -> str:
    """A title for any metric; one that has no name here is called by its key."""
    if key in TITLES:
        return TITLES[key]
    group, _, name = key.partition("/")
    words = name.replace("_", " ")
    if group == "reward":
        return f"Reward: {words}"
    if group == "time":
        return f"Seconds: {words.removesuffix(' seconds')}"
    return f"{group}: {words}" if name else key


def shown_first(keys: list[str]) -> list[str]:
    """Which of these metrics to draw at first: reward and KL, the parts of the reward, then how training goes."""
    parts = [key for key in keys if key.startswith("reward/") and key not in TITLES]
    return [key for key in (*SHOWN_FIRST[:3], *parts, *SHOWN_FIRST[3:]) if key in keys]
