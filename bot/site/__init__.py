"""Pages for citizens: the chat page and the status page of a complaint."""
