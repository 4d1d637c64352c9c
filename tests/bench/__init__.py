"""How fast Headgate is, in ratios to what it stands on, measured in one run. See docs/bench.md."""
