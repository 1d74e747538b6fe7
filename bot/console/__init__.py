"""Pages for staff: log-in, queues, a complaint from its arrival to its answer, the log of what staff did."""
