"""End to end: real Home Assistant instances, real qBittorrent servers, a Jackett stand-in."""
