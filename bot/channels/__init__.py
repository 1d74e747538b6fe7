"""One adapter per channel: what it receives goes to the inbox, what the outbox holds goes back."""
