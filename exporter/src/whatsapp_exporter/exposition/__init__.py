"""From families to the page that Prometheus asked for."""
