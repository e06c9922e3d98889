"""The engine without the integration around it, which needs all of Home Assistant."""

import sys
import types

from scripts.provision.layout import REPOSITORY

INTEGRATION = "custom_components.auralarchive"


def without_home_assistant() -> None:
    """Let what lies in the integration's package be imported, and not the package itself."""
    package = types.ModuleType(INTEGRATION)
    package.__path__ = [str(REPOSITORY / INTEGRATION.replace(".", "/"))]
    sys.modules[INTEGRATION] = package
