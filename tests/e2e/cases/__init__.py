"""The verdict table's cases: what is added, and which verdict would be the truth."""
