"""The only reader of the environment. Everything else takes a `Settings`.

Each setting is documented with a harmless value in `local.settings.example.json`; a test compares both ways.
Reading never connects to anything. Secrets are wrapped in `Secret`, which does not print.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onboarding.errors import ConfigurationError

#: The embedded store, where nothing names another.
STORE_FILE = "build/onboarding.db"
PREFIX = "ONBOARDING_"
DEFAULT_DEADLINE = date(2026, 9, 7)
#: Of the key in Azure; what this repository publishes is no key there.
HASH_KEY_LENGTH = 16
_PUBLISHED_KEYS = frozenset({"development-only-not-a-secret", "for-development-only"})
_SOURCE = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_PER_SOURCE = re.compile(
    r"^ONBOARDING_HR_(?P<source>.+?)_(?P<what>SECRET_PREVIOUS|SECRET|API_URL|API_TOKEN|API_PHONE_FIELDS|EVENTS|OPTIONS)$"
)
_PATTERN = re.compile(r"^!?[A-Za-z0-9_.*?:/ -]{1,100}$")
#: Live secrets of one source (SmartRecruiters keeps up to 16).
MAX_SECRETS = 16
#: Characters of secrets that stand on one line with blanks between them: tokens and keys are longer, words are not.
SHORTEST_OF_SEVERAL = 16
_ADDRESS = re.compile(r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")


class Secret:
    """A value that never shows itself: repr, str and format print a placeholder. `.reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured HR source: a name in the URL, its adapter, and its secrets."""

    #: Name in `hr/{source}`, lower case with dashes.
    source: str
    #: Adapter slug, by default the same as the source.
    adapter: str
    #: Current secret; None means "not configured": the door answers 503, never 401.
    secret: Secret | None = None
    #: Secrets before the last rotation, still accepted: one, or several (`older_secrets`).
    secret_previous: Secret | None = None
    #: Root of the vendor's API, for sources whose events name a person only by id.
    api_url: str | None = None
    #: Token, key or `id:secret`, as that vendor has it.
    api_token: Secret | None = None
    #: Names of the vendor's fields that hold telephone numbers, where each customer has their own.
    api_phone_fields: tuple[str, ...] = ()
    #: The vendor's event types that are taken, as wildcards; with `!` in front, those that are not.
    events: tuple[str, ...] = ()
    #: What only some adapters need (`docs/vendors/`), from JSON or a TOML file.
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def secrets(self) -> tuple[tuple[str, Secret], ...]:
        """Key ids (`current`, `previous`, `previous-2` …) and secrets, as they are tried."""
        found = [("current", self.secret)] if self.secret else []
        older = older_secrets(self.secret_previous.reveal()) if self.secret_previous else []
        names = ("previous", *(f"previous-{number}" for number in range(2, len(older) + 1)))
        return (*found, *((name, Secret(text)) for name, text in zip(names, older, strict=False)))


def older_secrets(text: str) -> list[str]:
    """One secret a line, which may hold blanks; on one line alone, several with blanks between them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines if len(lines) > 1 else text.split()


#: What `UseDevelopmentStorage=true` stands for: the account that Microsoft publishes for storage emulators.
#: (Microsoft Learn: "Connect to Azurite", well-known storage account and key.)
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
_DEVELOPMENT_STORAGE = (
    f"DefaultEndpointsProtocol=http;AccountName={DEVELOPMENT_ACCOUNT};"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    f"BlobEndpoint=http://127.0.0.1:10000/{DEVELOPMENT_ACCOUNT};"
    f"QueueEndpoint=http://127.0.0.1:10001/{DEVELOPMENT_ACCOUNT};"
    f"TableEndpoint=http://127.0.0.1:10002/{DEVELOPMENT_ACCOUNT};"
)
_STORAGE = "AzureWebJobsStorage"


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The storage account of the Functions host, from the same settings that the host reads.

    Either a connection string, or the three endpoints for a managed identity (`client_id`) or, on a developer's
    machine, whoever is signed in. (Microsoft Learn: "Connecting to host storage with an identity".)
    """

    connection_string: Secret | None = None
    blob_endpoint: str | None = None
    queue_endpoint: str | None = None
    table_endpoint: str | None = None
    #: Client id of a user-assigned identity; None: the system's own, or the developer's sign-in.
    client_id: str | None = None
    #: `AzureWebJobsStorage__credential` is `managedidentity`.
    managed_identity: bool = False

    @property
    def loopback(self) -> bool:
        """True if the account is an emulator on this machine."""
        whole = self.connection_string.reveal() if self.connection_string else ""
        parts = dict(part.split("=", 1) for part in whole.split(";") if "=" in part)
        url = parts.get("TableEndpoint") or self.table_endpoint or ""
        try:
            return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        except ValueError:
            return False  # no URL at all, which the connection says in its own words

    @property
    def configured(self) -> bool:
        """True if there is enough to open all three services."""
        return bool(
            self.connection_string or (self.blob_endpoint and self.queue_endpoint and self.table_endpoint)
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything configurable, read once. Defaults are those of a developer's machine."""

    #: `embedded` (one SQLite file) or `azure` (Tables, Queues, Blobs).
    store: str = "embedded"
    #: SQLite file of the embedded store.
    store_path: str = STORE_FILE
    #: The storage account of the azure store.
    storage: StorageSettings = field(default_factory=StorageSettings)
    #: `microsoft` or `simulated`.
    graph: str = "simulated"
    #: Root of Graph (national clouds) or of the simulator, without /v1.0.
    graph_base_url: str = "http://127.0.0.1:7072"
    #: `system` or `simulator`: whose clock decides what is due.
    clock: str = "system"
    #: Verified domain for new userPrincipalNames.
    domain: str = "contoso.example"
    #: Day from which SSPR ignores directory data (announced 2026-09-07; later texts 2026-10-05, 2026-11-09).
    deadline: date = DEFAULT_DEADLINE
    #: "Number of methods required to reset" of the tenant's SSPR settings; Graph cannot read it.
    methods_required: int = 1
    #: `all`, `none`, or `report`: who SSPR is switched on for; `report` trusts isSsprEnabled per person.
    sspr_scope: str = "report"
    #: Password writeback is on, so that people synced from AD can reset.
    writeback: bool = False
    #: Mailbox that sends.
    sender: str = "onboarding@contoso.example"
    #: The sender mailbox may hold drafts (Mail.ReadWrite on it), so that doubt about a message can be settled.
    mail_drafts: bool = True
    #: Address of the service desk; escalations and passes without a safe manager go there.
    service_desk: str | None = None
    #: Address of HR; the daily digest of values that could not be used goes there. None: no digest.
    hr_contact: str | None = None
    #: Name of the company in mail texts.
    company_name: str = "Contoso"
    #: TOML file with the policy; None means the built-in one.
    policy_file: str | None = None
    #: Count "looks good" on the review page as confirmed.
    accept_reviewed: bool = False
    #: "Number of days before users are asked to re-confirm their authentication information" of the tenant's SSPR
    #: settings, which Graph cannot read; 0: never.
    reconfirm_days: int = 180
    #: Event Hub that the tenant's diagnostic setting sends audit logs to; None: no such function exists.
    audit_hub: str | None = None
    #: `access_pass_to_manager`, `access_pass_to_desk` or `none`.
    first_credential: str = "access_pass_to_manager"
    #: `live` writes to the tenant and sends mail; `dry_run` does neither.
    mode: str = "live"
    #: `mobilePhone` or `none`.
    phone_attribute: str = "mobilePhone"
    #: HR's mobile number is added as an authentication method. Costs more than it brings: docs/prepopulate-phone.md.
    prepopulate_phone: bool = False
    #: Key of the keyed hashes (phones, CSRF); required in Azure.
    hash_key: Secret = field(default_factory=lambda: Secret("development-only-not-a-secret"))
    #: Client id of the user-assigned identity in Azure.
    azure_client_id: str | None = None
    #: Address of this service without /api, as HR systems reach it; None: not known here.
    public_url: str | None = None
    #: Role given to every request that carries none; only the development host sets it.
    dev_role: str | None = None
    #: App Service Authentication is on (`WEBSITE_AUTH_ENABLED`), so X-MS-CLIENT-PRINCIPAL can be trusted.
    easy_auth: bool = False
    #: This process runs in Azure.
    in_azure: bool = False
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    #: Names that begin with ONBOARDING_ and mean nothing here: misspelt, most likely.
    unknown: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read and check. Raises ConfigurationError that names the setting and says what it may be."""
        return _Reader(os.environ if env is None else env).settings()


class _Resolved(Mapping[str, str]):
    """The environment without Key Vault references that did not resolve.

    App Service hands such a reference over as its own text (Microsoft Learn: "Use Key Vault references"), which
    anybody can write down who knows the vault's name: as a secret it would open the door.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def __getitem__(self, name: str) -> str:
        value = self._env[name]
        if unresolved(value):
            raise KeyError(name)
        return value

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        value = self._env.get(name, default)
        return default if unresolved(value) else value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._env if not unresolved(self._env[name]))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def unresolved(value: str) -> bool:
    """True for a Key Vault reference that reached us as its own text."""
    return value.lstrip().lower().startswith("@microsoft.keyvault(")


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.raw, self.env = env, _Resolved(env)
        self._read: set[str] = set()

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def optional(self, name: str) -> str | None:
        self._read.add(PREFIX + name)
        return self.env.get(PREFIX + name, "").strip() or None

    def unknown(self) -> tuple[str, ...]:
        """Names of ours that nothing above has asked for."""
        ours = (name for name in self.raw if name.startswith(PREFIX) and not _PER_SOURCE.match(name))
        return tuple(sorted(name for name in ours if name not in self._read))

    def choice(self, name: str, default: str, *allowed: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ConfigurationError(f"{PREFIX}{name} must be one of: {', '.join(allowed)}.")
        return value

    def role(self, name: str) -> str | None:
        roles = ("none", "viewer", "operator", "approver")
        return self.choice(name, "none", *roles) if self.optional(name) else None

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value not in {"true", "false", "1", "0"}:
            raise ConfigurationError(f"{PREFIX}{name} must be true or false.")
        return value in {"true", "1"}

    def day(self, name: str, default: date) -> date:
        value = self.optional(name)
        try:
            return date.fromisoformat(value) if value else default
        except ValueError as exc:
            raise ConfigurationError(f"{PREFIX}{name} must be a date such as 2026-09-07.") from exc

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit()) or not low <= int(value) <= high:
            raise ConfigurationError(f"{PREFIX}{name} must be a whole number from {low} to {high}.")
        return int(value)

    def address(self, name: str, default: str | None) -> str | None:
        value = self.optional(name) or default
        if value is not None and not _ADDRESS.match(value):
            raise ConfigurationError(f"{PREFIX}{name} must be one mail address.")
        return value

    def public_url(self) -> str | None:
        """The setting, else the host name that App Service gives the app (WEBSITE_HOSTNAME)."""
        host = self.env.get("WEBSITE_HOSTNAME", "").strip()
        value = self.optional("PUBLIC_URL") or (f"https://{host}" if host else None)
        if value is not None and not re.match(r"^https?://[^/?#\s@]+$", value.rstrip("/")):
            raise ConfigurationError(f"{PREFIX}PUBLIC_URL must look like https://onboarding.contoso.example")
        return value.rstrip("/") if value else None

    def settings(self) -> Settings:
        env = self.env
        in_azure = bool(env.get("WEBSITE_INSTANCE_ID") or env.get("WEBSITE_SITE_NAME"))
        graph = self.choice("GRAPH", "microsoft" if in_azure else "simulated", "microsoft", "simulated")
        domain = self.text("DOMAIN", "contoso.example").lower()
        settings = Settings(
            store=self.choice("STORE", "azure" if in_azure else "embedded", "azure", "embedded"),
            store_path=self.text("STORE_PATH", STORE_FILE),
            storage=self.storage(),
            graph=graph,
            graph_base_url=self.text(
                "GRAPH_BASE_URL",
                "https://graph.microsoft.com" if graph == "microsoft" else "http://127.0.0.1:7072",
            ).rstrip("/"),
            clock=self.choice("CLOCK", "system", "system", "simulator"),
            domain=domain,
            deadline=self.day("DEADLINE", DEFAULT_DEADLINE),
            methods_required=self.number("METHODS_REQUIRED", 1, 1, 2),
            sspr_scope=self.choice("SSPR_SCOPE", "report", "report", "all", "none"),
            writeback=self.flag("WRITEBACK", False),
            sender=self.address("SENDER", f"onboarding@{domain}") or "",
            mail_drafts=self.flag("MAIL_DRAFTS", True),
            service_desk=self.address("SERVICE_DESK", None),
            hr_contact=self.address("HR_CONTACT", None),
            company_name=self.text("COMPANY_NAME", "Contoso"),
            policy_file=self.optional("POLICY_FILE"),
            accept_reviewed=self.flag("ACCEPT_REVIEWED", False),
            reconfirm_days=self.number("RECONFIRM_DAYS", 180, 0, 730),
            audit_hub=self.optional("AUDIT_HUB"),
            first_credential=self.choice(
                "FIRST_CREDENTIAL",
                "access_pass_to_manager",
                "access_pass_to_manager",
                "access_pass_to_desk",
                "none",
            ),
            mode=self.choice("MODE", "live" if graph == "simulated" else "dry_run", "dry_run", "live"),
            phone_attribute=self.choice("PHONE_ATTRIBUTE", "mobilePhone", "mobilePhone", "none"),
            prepopulate_phone=self.flag("PREPOPULATE_PHONE", False),
            hash_key=Secret(self.text("HASH_KEY", "development-only-not-a-secret")),
            azure_client_id=env.get("AZURE_CLIENT_ID") or None,
            public_url=self.public_url(),
            dev_role=self.role("DEV_ROLE"),
            easy_auth=env.get("WEBSITE_AUTH_ENABLED", "").lower() == "true",
            in_azure=in_azure,
            sources=self.sources(),
            unknown=self.unknown(),
        )
        _check_azure(settings, self.raw)
        return settings

    def storage(self) -> StorageSettings:
        """The host's own storage settings; an absent one is an empty answer, which the azure store refuses."""
        env = {name: value.strip() for name, value in self.env.items() if name.startswith(_STORAGE)}
        whole = env.get(_STORAGE, "")
        if whole.replace(" ", "").lower().rstrip(";") == "usedevelopmentstorage=true":
            whole = _DEVELOPMENT_STORAGE
        account = env.get(f"{_STORAGE}__accountName")

        def endpoint(service: str) -> str | None:
            uri = env.get(f"{_STORAGE}__{service}ServiceUri")
            return uri or (f"https://{account}.{service}.core.windows.net" if account else None)

        return StorageSettings(
            connection_string=Secret(whole) if whole else None,
            blob_endpoint=endpoint("blob"),
            queue_endpoint=endpoint("queue"),
            table_endpoint=endpoint("table"),
            client_id=env.get(f"{_STORAGE}__clientId") or self.env.get("AZURE_CLIENT_ID") or None,
            managed_identity=env.get(f"{_STORAGE}__credential", "").lower() == "managedidentity",
        )

    def sources(self) -> dict[str, SourceSettings]:
        """Sources named in ONBOARDING_SOURCES, plus every source that has a secret, plus the plain adapters.

        A source that is only an adapter's slug needs no entry: the door asks the catalog for it.
        """
        adapters: dict[str, str] = {}
        for item in filter(None, (part.strip() for part in self.text("SOURCES", "").split(","))):
            source, equals, adapter = item.partition("=")
            if not (equals and _SOURCE.match(source) and _SOURCE.match(adapter)):
                raise ConfigurationError(
                    f"{PREFIX}SOURCES must look like source=adapter,source2=adapter2 (lower case, dashes)."
                )
            adapters[source] = adapter
        parts: dict[str, dict[str, str]] = {}
        for name, value in self.env.items():
            if (found := _PER_SOURCE.match(name)) and value.strip():
                source = found["source"].lower().replace("_", "-")
                parts.setdefault(source, {})[found["what"]] = value
        return {
            source: _source(source, adapters.get(source, source), parts.get(source, {}))
            for source in sorted(adapters.keys() | parts.keys())
        }


def _source(source: str, adapter: str, parts: Mapping[str, str]) -> SourceSettings:
    prefix = f"{PREFIX}HR_{source.upper().replace('-', '_')}"

    def secret(name: str) -> Secret | None:
        # A file with a secret ends in a line feed, and no vendor's secret begins or ends with white space.
        return Secret(parts[name].strip()) if name in parts else None

    _check_older(f"{prefix}_SECRET_PREVIOUS", parts.get("SECRET_PREVIOUS", "").strip())
    return SourceSettings(
        source=source,
        adapter=adapter,
        secret=secret("SECRET"),
        secret_previous=secret("SECRET_PREVIOUS"),
        api_url=parts.get("API_URL", "").strip().rstrip("/") or None,
        api_token=secret("API_TOKEN"),
        api_phone_fields=tuple(
            filter(None, (item.strip() for item in parts.get("API_PHONE_FIELDS", "").split(",")))
        ),
        events=_patterns(f"{prefix}_EVENTS", parts.get("EVENTS", "")),
        options=_options(f"{prefix}_OPTIONS", parts.get("OPTIONS", "").strip()),
    )


def _check_older(name: str, text: str) -> None:
    older = older_secrets(text)
    if len(older) >= MAX_SECRETS:
        raise ConfigurationError(f"{name} may hold {MAX_SECRETS - 1} secrets: remove the oldest.")
    # A word of a passphrase would be a secret by itself, and one that can be guessed.
    if (
        len(older) > 1
        and len(text.splitlines()) == 1
        and any(len(item) < SHORTEST_OF_SEVERAL for item in older)
    ):
        raise ConfigurationError(
            f"{name} holds blanks. Write each secret on a line of its own; only those of {SHORTEST_OF_SEVERAL} or more "
            "characters may stand on one line. A passphrase with blanks that is alone needs a second line: repeat it."
        )


def _patterns(name: str, text: str) -> tuple[str, ...]:
    """`employee.*, !employee.deleted` as its parts."""
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    if not all(_PATTERN.match(part) for part in found):
        raise ConfigurationError(
            f"{name} must list event types with commas, * for any text and ! for except: employee.*,!*.deleted"
        )
    return found


def _options(name: str, text: str) -> Mapping[str, Any]:
    """An object: written out as JSON, or the name of a .toml or .json file."""
    if not text:
        return {}
    try:
        if text.startswith("{"):
            found = json.loads(text)
        else:
            whole = Path(text).read_text(encoding="utf-8")
            found = tomllib.loads(whole) if text.endswith(".toml") else json.loads(whole)
    except OSError as exc:
        raise ConfigurationError(f"{name} names a file that cannot be read: {exc.strerror}.") from None
    except ValueError as exc:  # of json, tomllib and UTF-8; the first two say where, and may quote a line
        raise ConfigurationError(f"{name} is not readable as JSON or TOML: {_where(exc)}.") from None
    except RecursionError:
        raise ConfigurationError(f"{name} is nested too deeply.") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f'{name} must be an object: {{"name": value}}.')
    return found


def _where(exc: ValueError) -> str:
    if isinstance(exc, json.JSONDecodeError):
        return f"line {exc.lineno}, column {exc.colno}"
    found = re.search(r"at line \d+, column \d+|at end of document", str(exc))
    return found[0] if found else "not UTF-8 text"


def _check_azure(settings: Settings, env: Mapping[str, str]) -> None:
    """What is fine on a developer's machine and forbidden in Azure."""
    if not settings.in_azure:
        return
    forbidden = {
        "ONBOARDING_STORE=embedded": settings.store == "embedded",
        "ONBOARDING_GRAPH=simulated": settings.graph == "simulated",
        "ONBOARDING_CLOCK=simulator": settings.clock == "simulator",
        "ONBOARDING_DEV_ROLE": settings.dev_role is not None,
    }
    for name, present in forbidden.items():
        if present:
            raise ConfigurationError(f"{name} is for one machine only and is refused in Azure: remove it.")
    key = env.get("ONBOARDING_HASH_KEY", "").strip()
    if unresolved(key):
        raise ConfigurationError(
            "ONBOARDING_HASH_KEY is a Key Vault reference that did not resolve: put the secret into the vault, "
            "check that the app's identity may read it, and restart the app."
        )
    if len(key) < HASH_KEY_LENGTH or key in _PUBLISHED_KEYS:
        raise ConfigurationError(
            f"ONBOARDING_HASH_KEY must be set in Azure, to {HASH_KEY_LENGTH} random characters at least."
        )
