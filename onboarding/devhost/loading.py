"""Settings into the environment, then function_app.py by path, then `get_functions()` exactly once.

The order is that of the real host: app settings are environment variables before the worker imports the app.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import azure.functions as func

from onboarding.devhost.model import IndexedFunction
from onboarding.errors import ConfigurationError, DeployerError

#: Set by the platform in Azure. The development host gives every caller a role: it must never run there.
AZURE_MARKERS = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME")
DEV_ROLE = "ONBOARDING_DEV_ROLE"
EASY_AUTH = "WEBSITE_AUTH_ENABLED"
_REFERENCE = re.compile(r"%([^%]+)%")


class AppLoadError(DeployerError):
    """The app could not be imported or indexed: in Azure it would have no function at all."""

    code = "app_load"


def refuse_in_azure(env: Mapping[str, str]) -> None:
    """Raises ConfigurationError if this process runs in Azure."""
    for name in AZURE_MARKERS:
        if env.get(name):
            raise ConfigurationError(
                f"The development host refuses to run in Azure ({name} is set): it gives every caller a role."
            )


def prepare_environment(
    app: Path, settings_file: Path | None = None, *, easy_auth: bool = False
) -> Path | None:
    """Put the `Values` of local.settings(.example).json into os.environ; exported variables win.

    Also sets ONBOARDING_DEV_ROLE=operator unless it is there, or WEBSITE_AUTH_ENABLED when Easy Auth is
    imitated. Returns the file that was read. Raises ConfigurationError.
    """
    refuse_in_azure(os.environ)
    folder = app.resolve().parent
    candidates = (
        [settings_file]
        if settings_file
        else [folder / "local.settings.json", folder / "local.settings.example.json"]
    )
    found = next((path for path in candidates if path.exists()), None)
    if settings_file and not found:
        raise ConfigurationError(f"{settings_file} does not exist.")
    for name, value in read_values(found).items() if found else ():
        # With Easy Auth imitated, a role for everybody would hide what it is imitated for.
        if not (easy_auth and name == DEV_ROLE):
            os.environ.setdefault(name, value)
    # A settings file can hold the markers as well.
    refuse_in_azure(os.environ)
    if easy_auth:
        os.environ[EASY_AUTH] = "true"
    else:
        os.environ.setdefault(DEV_ROLE, "operator")
    return found


def read_values(path: Path) -> dict[str, str]:
    """`Values` of a local settings file. Raises ConfigurationError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as exc:
        raise ConfigurationError(f"{path.name} is not JSON.") from exc
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path.name} must hold a JSON object.")
    if data.get("IsEncrypted"):
        raise ConfigurationError(f"{path.name} is encrypted: run `func settings decrypt` first.")
    values = data.get("Values", {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ConfigurationError(f"Values of {path.name} must be an object of strings.")
    return {str(name): value for name, value in values.items()}


def load_functions(app: Path) -> list[IndexedFunction]:
    """Import the file as `function_app` and index it. Call once per process and app.

    Raises AppLoadError with what the Python worker would say.
    """
    path = app.resolve()
    if not path.is_file():
        raise AppLoadError(f"{app} does not exist.")
    # The worker puts the app's folder first, so that its packages are found.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("function_app", path)
    if spec is None or spec.loader is None:
        raise AppLoadError(f"{app} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["function_app"] = module
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        raise AppLoadError(f"{path.name} cannot be imported: {type(exc).__name__}") from exc
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    apps = list({id(value): value for value in apps}.values())
    if len(apps) > 1:
        raise AppLoadError("More than one top level function app instances are found.")
    if not apps:
        raise AppLoadError(f"Could not find top level function app instances in {path.name}.")
    try:
        return list(apps[0].get_functions())
    except Exception as exc:
        raise AppLoadError(f"{path.name} cannot be indexed: {exc}") from exc


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """Replace `%NAME%` by the app setting (names are case-insensitive there). KeyError(name) if absent."""
    lookup = {name.lower(): value for name, value in settings.items()}

    def value(found: re.Match[str]) -> str:
        if found[1].lower() not in lookup:
            raise KeyError(found[1])
        return lookup[found[1].lower()]

    return _REFERENCE.sub(value, text)
