"""Reads settings from the environment, strictly, and says all that is wrong with them at once.

A message names the setting, what is wrong and an example. It never holds the value, which may be a secret.
"""

from __future__ import annotations

import io
import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

#: LaunchDarkly's three instances: commercial, European Union, federal.
#: https://launchdarkly.com/docs/api#section/Overview (servers)
LAUNCHDARKLY_HOSTS = ("app.launchdarkly.com", "app.eu.launchdarkly.com", "app.launchdarkly.us")

#: A line of an environment file that sets something.
ASSIGNMENT = re.compile(r"(?:export )?[A-Za-z_0-9]+=")

#: A name of this server as Django wants it: a dot in front includes subdomains, a star is any name.
HOST = re.compile(r"\*|\.?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
ORIGIN = re.compile(r"https?://(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


class Environment:
    """The process's environment; each ``NAME`` can also come from the file that ``NAME_FILE`` names."""

    def __init__(self, env_file: Path) -> None:
        self._problems: list[str] = []
        self._read(env_file)
        # Not read through the Env itself, which takes a value that begins with $ for the name of another setting.
        self._values = FileAwareMapping()

    def _read(self, env_file: Path) -> None:
        """Take what the process's environment lacks from a file, if there is one."""
        if not env_file.is_file():
            return
        try:
            lines = env_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            self._problems.append(f"{env_file.name} is there and cannot be read. Example: chmod u+r {env_file.name}")
            return
        for number, line in enumerate(lines, 1):
            # The library would log the line itself, which may hold a secret.
            if line.strip() and not line.lstrip().startswith("#") and not ASSIGNMENT.match(line):
                self._problems.append(f"{env_file.name}, line {number}, is not NAME=value. Example: DEBUG=false")
        environ.Env.read_env(io.StringIO("\n".join(line for line in lines if ASSIGNMENT.match(line))))

    def text(self, name: str, default: str = "", *, example: str = "", required: bool = False) -> str:
        """Return a setting as text, white space around it stripped."""
        try:
            value = str(self._values.get(name, default)).strip()
        except (OSError, UnicodeDecodeError):
            self.problem(name, f"the file that {name}_FILE names cannot be read", example)
            return default
        if required and not value:
            self.problem(name, "is missing", example)
        return value

    def key(self, name: str, *, example: str, minimum: int = 16) -> str:
        """Return a secret key of at least ``minimum`` characters; there is no default."""
        value = self.text(name, example=example, required=True)
        if value and len(value) < minimum:
            self.problem(name, f"is shorter than {minimum} characters", example)
        return value

    def keys(self, name: str, *, example: str, minimum: int = 16) -> list[str]:
        """Return a comma-separated list of keys, empty by default, each of at least ``minimum`` characters."""
        values = self.names(name, example=example)
        if any(len(value) < minimum for value in values):
            self.problem(name, f"has a key that is shorter than {minimum} characters", example)
        return values

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes-or-no setting; any other word is a mistake, not a no."""
        value = self.text(name, str(default)).lower()
        if value not in TRUE | FALSE:
            self.problem(name, "is neither true nor false", "true")
        return value in TRUE

    def seconds(self, name: str, default: float, *, minimum: float, maximum: float) -> float:
        """Return a number of seconds between ``minimum`` and ``maximum``."""
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = float("nan")
        if not minimum <= value <= maximum:
            self.problem(name, f"is not a number of seconds from {minimum:g} to {maximum:g}", f"{default:g}")
            return default
        return value

    def count(self, name: str, default: int, *, maximum: int) -> int:
        """Return a whole number from 0 to ``maximum``."""
        value = self.text(name, str(default))
        if not value.isdecimal() or len(value) > 9 or int(value) > maximum:
            self.problem(name, f"is not a whole number from 0 to {maximum}", str(default))
            return default
        return int(value)

    def names(self, name: str, *, example: str, required: bool = False) -> list[str]:
        """Return a comma-separated list without its blanks and empty items."""
        text = self.text(name, example=example, required=required)
        return [part.strip() for part in text.split(",") if part.strip()]

    def hosts(self, name: str, *, example: str, required: bool = False) -> list[str]:
        """Return a list of host names as browsers send them, without scheme and port."""
        found = self.names(name, example=example, required=required)
        if not all(HOST.fullmatch(host) for host in found):
            self.problem(name, "holds something else than host names: leave out https://, ports and paths", example)
        return found

    def origins(self, name: str, *, example: str) -> list[str]:
        """Return a list of origins: scheme and host, and nothing after them."""
        found = self.names(name, example=example)
        if not all(ORIGIN.fullmatch(origin) for origin in found):
            self.problem(name, "holds something else than addresses of the form https://host", example)
        return found

    def token(self, name: str) -> str:
        """Return LaunchDarkly's access token: printable, without blanks, and not an SDK key.

        https://launchdarkly.com/docs/home/account/api
        """
        example = "api-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
        value = self.text(name, example=example, required=True)
        if not all("!" <= character <= "~" for character in value):
            self.problem(name, "holds a blank or a character that no token has", example)
            return ""
        if value.startswith(("sdk-", "mob-")):
            self.problem(name, "is an SDK key, which cannot call LaunchDarkly's REST API", example)
        return value

    def launchdarkly_url(self, name: str, *, allow_other_host: bool) -> str:
        """Return the base address of LaunchDarkly: one of its hosts over https, or a loopback address.

        The token goes wherever this points, so anything else has to be allowed by name.
        """
        example = "https://app.launchdarkly.com"
        value = self.text(name, example, example=example)
        try:
            url = urlsplit(value)
            host, port = url.hostname or "", url.port
        except ValueError:
            self.problem(name, "is not an address", example)
            return example
        bare = not ("@" in url.netloc or url.query or url.fragment or url.path.strip("/"))
        if not (bare and host and url.scheme in {"http", "https"}):
            self.problem(name, "is not the address of a host alone", example)
            return example
        official = host in LAUNCHDARKLY_HOSTS and url.scheme == "https" and port in {None, 443}
        if not (official or is_loopback(host) or allow_other_host):
            self.problem(
                name,
                "is neither one of LaunchDarkly's hosts over https nor a loopback address "
                "(LAUNCHDARKLY_ALLOW_OTHER_HOST=true allows any host)",
                example,
            )
        return f"{url.scheme}://{url.netloc.lower()}"

    def url(self, name: str, default: str, *, schemes: tuple[str, ...], example: str) -> str:
        """Return an address whose scheme is one of ``schemes``."""
        value = self.text(name, default, example=example)
        if value.partition(":")[0] not in schemes:
            self.problem(name, f"does not begin with {', '.join(f'{s}:' for s in schemes)}", example)
            return default
        if wrong := malformed(value):
            self.problem(name, wrong, example)
            return default
        return value

    def problem(self, name: str, wrong: str, example: str) -> None:
        """Note that a setting is wrong; :meth:`check` reports it."""
        self._problems.append(f"{name} {wrong}. Example: {name}={example}")

    def check(self) -> None:
        """Refuse to start when anything was wrong.

        Raises:
            ImproperlyConfigured: naming every setting to mend.
        """
        if self._problems:
            listed = "\n".join(f"  - {problem}" for problem in self._problems)
            raise ImproperlyConfigured(f"These settings need mending:\n{listed}")


def malformed(address: str) -> str:
    """Return what is wrong with the address of a database or cache, or an empty text.

    Its parser would raise an error that quotes a part of it, or take another part for the host.
    """
    try:
        url = urlsplit(address)
        if "," not in url.netloc:  # A cluster lists several hosts, each with its port.
            int(url.port or 0)
    except ValueError:
        return "is not an address: in a password, write special characters as %-codes"
    if url.fragment:
        return "holds a #: in a password, write it as %23"
    if url.scheme == "sqlite" and (url.netloc or not url.path.strip("/")):
        return "does not name a file: three slashes stand before a path"
    return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
