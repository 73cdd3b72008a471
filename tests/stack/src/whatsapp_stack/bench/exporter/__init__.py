"""`scripts/bench exporter`: what watching costs, beside other ways of watching the same database."""
