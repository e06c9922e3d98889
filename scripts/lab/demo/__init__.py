"""The demo: a house with a real qBittorrent, a demo indexer and a real Home Assistant."""
