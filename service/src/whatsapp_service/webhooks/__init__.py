"""Meta's webhooks: checking, keeping and applying them."""
