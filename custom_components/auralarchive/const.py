"""Constants of the AuralArchive integration."""

import logging
from typing import Final

DOMAIN: Final = "auralarchive"
LOGGER: Final = logging.getLogger(__package__)

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

DEFAULT_CATEGORY: Final = "auralarchive"
