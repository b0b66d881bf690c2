"""How fast it is, beside named baselines, in one run."""
