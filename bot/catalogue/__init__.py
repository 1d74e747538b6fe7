"""What the bot knows: procedures, topics, offices; reviewed content with dates and sources, and how it is found."""
