"""The demo's dashboard, and the template sensor that gives it the list of downloads."""

from collections.abc import Mapping

from scripts.lab.hass_client import JsonObject

PATH = "audio-books"

# What anybody can put into their own configuration.yaml.
CONFIGURATION = """\
recorder:
history:
logbook:
template:
  - triggers:
      - trigger: time_pattern
        seconds: "/5"
    actions:
      - condition: "{{ has_value('sensor.auralarchive_active_downloads') }}"
      - action: auralarchive.get_downloads
        data:
          config_entry_id: "{{ config_entry_id('sensor.auralarchive_active_downloads') }}"
        response_variable: answer
        continue_on_error: true
    sensor:
      - name: Audiobook downloads
        unique_id: audiobook_downloads
        availability: "{{ answer is defined }}"
        state: "{{ answer.downloads | count }}"
        attributes:
          downloads: "{{ answer.downloads }}"
"""

_WELCOME = """\
{%% if has_value('%(active_downloads)s') and has_value('%(completed)s') %%}
## {{ states('%(active_downloads)s') }} on their way, {{ states('%(completed)s') }} complete
{%% else %%}
## Your audiobooks
{%% endif %%}
"""
_LIST = """\
{% for one in state_attr('sensor.audiobook_downloads', 'downloads') or [] %}
{% set state = one.state | replace('_', ' ') | capitalize %}
{% set full = (one.progress * 0.3) | round(0, 'floor') | int %}
{% set colour = '#4caf50' if one.progress == 100 else '#03a9f4' %}
{% set rest = '▄' * (30 - full) %}
**{{ one.name }}**
<font color="{{ colour }}">{{ '▄' * full }}</font><font color="#d8dee2">{{ rest }}</font>
{{ state }} · {{ one.progress | round }} % of {{ (one.size / 1e6) | round(1) }} MB

{% else %}
{{ 'No downloads.' if has_value('sensor.audiobook_downloads') else 'Not available now.' }}
{% endfor %}
"""
_HALF = {"columns": 6}
_WHOLE = {"columns": 12}


def config(ids: Mapping[str, str]) -> JsonObject:
    """Return the dashboard for an entry's entities, by their keys."""
    view = {
        "title": "Audiobooks",
        "type": "sections",
        "max_columns": 2,
        "header": {
            "layout": "start",
            "card": {"type": "markdown", "text_only": True, "content": _WELCOME % ids},
        },
        "sections": [
            {"type": "grid", "cards": [*_now(ids), *_servers(ids)]},
            {"type": "grid", "cards": [*_downloads(), *_latest(ids)]},
        ],
    }
    return {"views": [view]}


def _now(ids: Mapping[str, str]) -> list[JsonObject]:
    return [
        _heading("Now", "mdi:download"),
        *_progress(ids["progress"]),
        _tile(ids["active_downloads"], "Active"),
        _tile(ids["completed"], "Completed"),
        _tile(ids["time_remaining"], "Time remaining"),
        {
            **_tile(ids["download_speed"], "Speed", icon="mdi:speedometer"),
            "features": [{"type": "trend-graph", "hours_to_show": 0.05}],
            "grid_options": _WHOLE,
        },
    ]


def _progress(entity: str) -> list[JsonObject]:
    """A gauge, and what stands in for it while there is no number that it could show."""
    idle: JsonObject = {"condition": "state", "entity": entity, "state": "unknown"}
    away: JsonObject = {"condition": "state", "entity": entity, "state": "unavailable"}
    numeric: JsonObject = {
        "condition": "state",
        "entity": entity,
        "state_not": ["unknown", "unavailable"],
    }
    return [
        {
            "type": "gauge",
            "entity": entity,
            "name": "Progress",
            "grid_options": {"columns": 6, "rows": 3},
            "visibility": [numeric],
        },
        {**_tile(entity, "Nothing to wait for"), "hide_state": True, "visibility": [idle]},
        {**_tile(entity, "Progress"), "visibility": [away]},
    ]


def _servers(ids: Mapping[str, str]) -> list[JsonObject]:
    return [
        _heading("Servers", "mdi:server-network"),
        _tile(ids["qbittorrent_connected"], "qBittorrent", color="green"),
        _tile(ids["jackett_connected"], "Jackett", color="green"),
        _tile(ids["free_space"], "Free space"),
        _tile(ids["problems"], "Problems"),
    ]


def _downloads() -> list[JsonObject]:
    return [
        _heading("Downloads", "mdi:book-arrow-down"),
        {"type": "markdown", "content": _LIST, "grid_options": _WHOLE},
    ]


def _latest(ids: Mapping[str, str]) -> list[JsonObject]:
    return [
        _heading("Latest", "mdi:bookshelf"),
        {**_tile(ids["last_added"], "Last added"), "grid_options": _WHOLE},
        {**_tile(ids["last_completed"], "Last completed"), "grid_options": _WHOLE},
    ]


def _heading(text: str, icon: str) -> JsonObject:
    return {"type": "heading", "heading": text, "icon": icon}


def _tile(entity: str, name: str, **options: str) -> JsonObject:
    return {
        "type": "tile",
        "entity": entity,
        "name": name,
        "grid_options": _HALF,
        **options,
    }
