"""Constants of the AuralArchive integration."""

import logging
from typing import Final

DOMAIN: Final = "auralarchive"
LOGGER: Final = logging.getLogger(__package__)

EVENT_DOWNLOAD: Final = f"{DOMAIN}_download"

CONF_JACKETT_URL: Final = "jackett_url"
CONF_JACKETT_API_KEY: Final = "jackett_api_key"
CONF_JACKETT_VERIFY_SSL: Final = "jackett_verify_ssl"
CONF_QBITTORRENT_URL: Final = "qbittorrent_url"
CONF_QBITTORRENT_USERNAME: Final = "qbittorrent_username"
CONF_QBITTORRENT_PASSWORD: Final = "qbittorrent_password"  # noqa: S105 - a field's name
CONF_QBITTORRENT_API_KEY: Final = "qbittorrent_api_key"
CONF_QBITTORRENT_VERIFY_SSL: Final = "qbittorrent_verify_ssl"
CONF_JACKETT_URL_FOR_QBITTORRENT: Final = "jackett_url_for_qbittorrent"
CONF_DELIVERY: Final = "delivery"
CONF_CATEGORY: Final = "category"
CONF_SAVE_PATH: Final = "save_path"
CONF_TIMEOUT: Final = "timeout"
CONF_SEARCH_CATEGORIES: Final = "search_categories"
CONF_INDEXERS: Final = "indexers"
CONF_MIN_SEEDERS: Final = "min_seeders"
CONF_PREFERRED_FORMATS: Final = "preferred_formats"
CONF_PREFERRED_LANGUAGES: Final = "preferred_languages"
CONF_STALLED_AFTER: Final = "stalled_after"

# 1.2: the options are complete.
ENTRY_VERSION: Final = 1
ENTRY_MINOR_VERSION: Final = 2

DEFAULT_CATEGORY: Final = "auralarchive"
