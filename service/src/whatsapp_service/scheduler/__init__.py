"""The scheduler: leases due notifications and sends them."""
