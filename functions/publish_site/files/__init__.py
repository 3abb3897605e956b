"""The files beside the pages: figures as open data, what describes them, the feed and the calendar of updates."""
