"""Jackett, qBittorrent, links and torrents: the engine, which knows nothing of Home Assistant."""
