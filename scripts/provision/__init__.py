"""What `scripts/setup` does: a private Python, its environments and qBittorrent servers.

It runs before Python 3.14 is there, so it needs nothing but the standard library of Python 3.11.
"""
