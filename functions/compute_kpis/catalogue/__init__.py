"""What is asked: the KPIs and how their statements are made, lists, days."""
