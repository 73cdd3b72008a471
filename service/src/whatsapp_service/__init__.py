"""WhatsApp notification API, scheduler and operations commands."""
