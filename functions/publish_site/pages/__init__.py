"""What a page says and draws: its frame, its sentences, tables and charts, and the values of each template."""
