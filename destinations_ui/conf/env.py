"""Settings from environment variables, checked strictly. All problems are reported at once.

A message names the setting, what is wrong and an example. It never holds the value, which may be a secret.
"""

from __future__ import annotations

import io
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

#: LaunchDarkly's three instances: commercial, European Union, federal.
#: https://launchdarkly.com/docs/api#section/Overview (servers)
LAUNCHDARKLY_HOSTS = ("app.launchdarkly.com", "app.eu.launchdarkly.com", "app.launchdarkly.us")

#: A line of an environment file that sets a variable.
ASSIGNMENT = re.compile(r"(?:export )?[A-Za-z_0-9]+=")

#: A host name for ``ALLOWED_HOSTS``: a leading dot includes subdomains, a star is any host.
HOST = re.compile(r"\*|\.?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
ORIGIN = re.compile(
    r"https?://(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)

#: ASCII digits only: ``str.isdecimal`` and ``float`` also accept those of other scripts.
WHOLE = re.compile(r"[0-9]{1,9}")
DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

#: A random key of 16 hex digits practically always has as many different characters.
MINIMUM_DIFFERENT = 6

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


class Environment:
    """The process's environment; each ``NAME`` can also come from the file that ``NAME_FILE`` names."""

    def __init__(self, env_file: Path) -> None:
        self._problems: list[str] = []
        self._read(env_file)
        # Not read with Env, which treats a value that begins with $ as the name of another setting.
        self._values = FileAwareMapping()

    def _read(self, env_file: Path) -> None:
        """Add the variables of an environment file, if there is one; those of the process take precedence."""
        if not env_file.is_file():
            return
        try:
            lines = env_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            self._problems.append(f"{env_file.name} exists but cannot be read. Example: chmod u+r {env_file.name}")
            return
        for number, line in enumerate(lines, 1):
            # The library would log the line itself, which may hold a secret.
            if line.strip() and not line.lstrip().startswith("#") and not ASSIGNMENT.match(line):
                self._problems.append(f"{env_file.name}, line {number}, is not NAME=value. Example: DEBUG=false")
        environ.Env.read_env(io.StringIO("\n".join(line for line in lines if ASSIGNMENT.match(line))))

    def text(self, name: str, default: str = "", *, example: str = "", required: bool = False) -> str:
        """Return a setting as text, without surrounding whitespace."""
        try:
            value = str(self._values.get(name, default)).strip()
        except (OSError, UnicodeDecodeError):
            self.problem(name, f"cannot be read from the file in {name}_FILE", example)
            return default
        if required and not value:
            self.problem(name, "is missing", example)
        return value

    def key(self, name: str, *, example: str, minimum: int = 16) -> str:
        """Return a secret key of at least ``minimum`` characters; there is no default."""
        value = self.text(name, example=example, required=True)
        if value and (weakness := weakness_of_key(value, minimum)):
            self.problem(name, weakness, example)
        return value

    def keys(self, name: str, *, example: str, minimum: int = 16) -> list[str]:
        """Return a comma-separated list of keys, empty by default, each of at least ``minimum`` characters."""
        values = self.names(name, example=example)
        if weakness := next(filter(None, (weakness_of_key(value, minimum) for value in values)), ""):
            self.problem(name, f"has a key that {weakness}", example)
        return values

    def distinct(self, values: Mapping[str, str], *, example: str) -> None:
        """Require that no two of these settings have the same value."""
        first_with: dict[str, str] = {}
        for name, value in values.items():
            first = first_with.setdefault(value, name)
            if value and first != name:
                self.problem(name, f"is the same as {first}: each key must be its own", example)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean setting; any other word is a problem, not false."""
        value = self.text(name, str(default)).lower()
        if value not in TRUE | FALSE:
            self.problem(name, "is neither true nor false", "true")
        return value in TRUE

    def seconds(self, name: str, default: float, *, minimum: float, maximum: float) -> float:
        """Return a number of seconds between ``minimum`` and ``maximum``."""
        text = self.text(name, str(default))
        value = float(text) if DECIMAL.fullmatch(text) else float("nan")
        if not minimum <= value <= maximum:
            self.problem(name, f"is not a number of seconds from {minimum:g} to {maximum:g}", f"{default:g}")
            return default
        return value

    def count(self, name: str, default: int, *, maximum: int) -> int:
        """Return a whole number from 0 to ``maximum``."""
        value = self.text(name, str(default))
        if not WHOLE.fullmatch(value) or int(value) > maximum:
            self.problem(name, f"is not a whole number from 0 to {maximum}", str(default))
            return default
        return int(value)

    def names(self, name: str, *, example: str, required: bool = False) -> list[str]:
        """Return a comma-separated list without surrounding whitespace and empty items."""
        text = self.text(name, example=example, required=required)
        return [part.strip() for part in text.split(",") if part.strip()]

    def hosts(self, name: str, *, example: str, required: bool = False) -> list[str]:
        """Return a list of host names as browsers send them, without scheme and port."""
        hosts = self.names(name, example=example, required=required)
        if not all(HOST.fullmatch(host) for host in hosts):
            self.problem(name, "has something that is no host name: leave out https://, ports and paths", example)
        return hosts

    def origins(self, name: str, *, example: str) -> list[str]:
        """Return a list of origins: scheme and host, and nothing after them."""
        origins = self.names(name, example=example)
        if not all(ORIGIN.fullmatch(origin) for origin in origins):
            self.problem(name, "has something that is not of the form https://host", example)
        return origins

    def token(self, name: str) -> str:
        """Return LaunchDarkly's access token: printable ASCII without spaces, and not an SDK key.

        https://launchdarkly.com/docs/home/account/api
        """
        example = "api-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
        value = self.text(name, example=example, required=True)
        if not all("!" <= character <= "~" for character in value):
            self.problem(name, "has a space or another character that no token has", example)
            return ""
        if value.startswith(("sdk-", "mob-")):
            self.problem(name, "is an SDK key, which cannot call LaunchDarkly’s REST API", example)
        return value

    def launchdarkly_url(self, name: str, *, allow_other_host: bool) -> str:
        """Return LaunchDarkly's base URL: one of its hosts over https, or a loopback URL.

        The token is sent there, so any other host must be allowed explicitly.
        """
        example = "https://app.launchdarkly.com"
        value = self.text(name, example, example=example)
        try:
            url = urlsplit(value)
            host, port = url.hostname or "", url.port
        except ValueError:
            self.problem(name, "is not a URL", example)
            return example
        bare = not ("@" in url.netloc or url.query or url.fragment or url.path.strip("/"))
        if not (bare and host and url.scheme in {"http", "https"}):
            self.problem(name, "is not a URL of scheme and host alone", example)
            return example
        official = host in LAUNCHDARKLY_HOSTS and url.scheme == "https" and port in {None, 443}
        if not (official or is_loopback(host) or allow_other_host):
            self.problem(
                name,
                "is neither one of LaunchDarkly’s hosts over https nor a loopback URL "
                "(LAUNCHDARKLY_ALLOW_OTHER_HOST=true allows any host)",
                example,
            )
        return f"{url.scheme}://{url.netloc.lower()}"

    def url(self, name: str, default: str, *, schemes: tuple[str, ...], example: str) -> str:
        """Return a URL whose scheme is one of ``schemes``."""
        value = self.text(name, default, example=example)
        if value.partition(":")[0] not in schemes:
            self.problem(name, f"does not begin with {', '.join(f'{s}:' for s in schemes)}", example)
            return default
        if wrong := malformed(value):
            self.problem(name, wrong, example)
            return default
        return value

    def problem(self, name: str, wrong: str, example: str) -> None:
        """Add a problem for :meth:`check` to report."""
        self._problems.append(f"{name} {wrong}. Example: {name}={example}")

    def check(self) -> None:
        """Report every problem.

        Raises:
            ImproperlyConfigured: if there is a problem.
        """
        if self._problems:
            listed = "\n".join(f"  - {problem}" for problem in self._problems)
            raise ImproperlyConfigured(f"Invalid settings:\n{listed}")


def weakness_of_key(value: str, minimum: int) -> str:
    """Return why a key is too weak, or an empty string."""
    if any(character.isspace() for character in value) or value.startswith("$("):
        return "is text or a command, which is not run here: paste the command’s output"
    if len(value) < minimum:
        return f"is shorter than {minimum} characters"
    if len(set(value)) < MINIMUM_DIFFERENT:
        return f"has fewer than {MINIMUM_DIFFERENT} different characters"
    return ""


def malformed(value: str) -> str:
    """Return why a database or cache URL is malformed, or an empty string.

    Its parser would quote a part of it in an error, or mistake another part for the host.
    """
    try:
        url = urlsplit(value)
        if "," not in url.netloc:  # A cluster lists several hosts, each with its port.
            int(url.port or 0)
    except ValueError:
        return "is not a URL: in a password, write special characters as %-codes"
    if url.fragment:
        return "has a #: in a password, write it as %23"
    if url.scheme == "sqlite" and (url.netloc or not url.path.strip("/")):
        return "does not name a file: write three slashes before the path"
    return ""


def is_loopback(host: str) -> bool:
    """Return whether a host name or IP address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
