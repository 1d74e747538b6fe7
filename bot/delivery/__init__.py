"""Messages on their way: the durable inbox and outbox, the vault of personal values, the turn log, the dispatcher."""
