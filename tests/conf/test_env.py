"""Settings: each is checked strictly, and problems are reported without the value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from destinations_ui.conf.env import Environment
from tests.support.environment import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
SHORT_MARKER = "marker-of-key"
MARKER = f"{SHORT_MARKER}-or-password"

#: The settings that have no default.
NEEDED = ("SECRET_KEY", "LAUNCHDARKLY_TOKEN", "FINGERPRINT_KEY", "ALLOWED_HOSTS")


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """The environment, without a file beside it."""
    return Environment(tmp_path / ".env")


def problems(env: Environment) -> str:
    """Return the problems of an environment, or an empty string."""
    try:
        env.check()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def problem_line(env: Environment, name: str) -> str:
    """Return the one line about a setting, which names it first and ends with an example."""
    heading, *lines = problems(env).splitlines()
    assert heading == "Invalid settings:"
    (line,) = lines
    assert line.startswith(f"  - {name} ")
    assert f"Example: {name}=" in line
    return line


# --- Texts and files


def test_valid_settings_raise_nothing(env: Environment) -> None:
    assert problems(env) == ""


def test_a_text_is_stripped(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "  blue \n")
    assert env.text("COLOUR") == "blue"
    assert env.text("SHAPE", "round") == "round"


@pytest.mark.parametrize("value", ["$HOME", "$SECRET_KEY", "$", "$$x", "${x}", r"\$x", "a$b", "'quoted'", "a=b", "ünï"])
def test_a_text_is_used_unchanged(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("COLOUR", value)
    assert env.text("COLOUR") == value


def test_a_value_can_come_from_a_file(env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "colour").write_text("blue\n")
    monkeypatch.setenv("COLOUR", "red")
    monkeypatch.setenv("COLOUR_FILE", str(tmp_path / "colour"))
    assert env.text("COLOUR") == "blue"
    assert problems(env) == ""


def test_an_unreadable_file_is_reported(env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe" + MARKER.encode())
    for file in (tmp_path / "absent", tmp_path, tmp_path / "latin"):
        monkeypatch.setenv("COLOUR_FILE", str(file))
        other = Environment(tmp_path / ".env")
        other.text("COLOUR", example="blue")
        assert "cannot be read from the file in COLOUR_FILE" in problem_line(other, "COLOUR")


# --- The file .env


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the process's environment after the test."""
    for name in ("COLOUR", "SHAPE", "SIZE"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("clean")
def test_a_file_sets_only_what_the_process_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHAPE", "square")
    (tmp_path / ".env").write_text("# Colours\n\nCOLOUR=blue=1\nexport SIZE='large one'\nSHAPE=round\n")
    env = Environment(tmp_path / ".env")
    assert [env.text(name) for name in ("COLOUR", "SIZE", "SHAPE")] == ["blue=1", "large one", "square"]
    assert problems(env) == ""


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("line", [f"SHAPE {MARKER}", f"SHAPE: {MARKER}", f"{MARKER}", f"SH-APE={MARKER}", f"={MARKER}"])
def test_an_invalid_line_is_reported_by_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], line: str
) -> None:
    (tmp_path / ".env").write_text(f"COLOUR=blue\n{line}\n")
    env = Environment(tmp_path / ".env")
    assert env.text("COLOUR") == "blue"
    assert ".env, line 2, is not NAME=value" in problems(env)
    assert MARKER not in problems(env) + caplog.text + "".join(capfd.readouterr())


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_command_in_a_file_is_refused_as_a_key(tmp_path: Path, quote: str) -> None:
    (tmp_path / ".env").write_text(f"COLOUR={quote}$(openssl rand -hex 32){quote}\n")
    env = Environment(tmp_path / ".env")
    env.key("COLOUR", example="abc")
    assert "is text or a command" in problem_line(env, "COLOUR")


def test_a_binary_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"COLOUR=\xff\xfe")
    assert ".env exists but cannot be read" in problems(Environment(tmp_path / ".env"))


# --- Types of values


@pytest.mark.parametrize("value", ["", "   ", "\n"])
def test_a_missing_key_is_reported(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("APP_KEY", value)
    env.key("APP_KEY", example="abc")
    assert "is missing" in problem_line(env, "APP_KEY")


def test_a_short_key_is_refused_and_not_shown(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_KEY", MARKER)
    env.key("APP_KEY", example="abc", minimum=32)
    assert "is shorter than 32 characters" in problem_line(env, "APP_KEY")
    assert MARKER not in problems(env)


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("$(openssl rand -hex 32)", "is text or a command"),
        ("$(uuidgen)$(uuidgen)", "is text or a command"),
        ("<output of openssl rand -hex 32>", "is text or a command"),
        (MARKER[:5] * 10, "has fewer than 6 different characters"),
        ("k" * 40, "has fewer than 6 different characters"),
    ],
)
def test_a_weak_key_is_refused_and_not_shown(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, wrong: str
) -> None:
    monkeypatch.setenv("APP_KEY", value)
    monkeypatch.setenv("OLD_KEYS", f"{'0123456789abcdef' * 2},{value}")
    env.key("APP_KEY", example="abc")
    assert wrong in problem_line(env, "APP_KEY")
    env.keys("OLD_KEYS", example="abc")
    assert f"OLD_KEYS has a key that {wrong}" in problems(env)
    assert value not in problems(env)


@pytest.mark.parametrize("value", ["0123456789abcdef", "a3f1c09b77d24e58" * 4])
def test_a_random_key_is_accepted(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("APP_KEY", value)
    assert env.key("APP_KEY", example="abc") == value
    assert problems(env) == ""


def test_two_equal_keys_are_refused(env: Environment) -> None:
    env.distinct({"APP_KEY": MARKER, "OTHER_KEY": MARKER, "NO_KEY": "", "ABSENT_KEY": ""}, example="abc")
    assert "is the same as APP_KEY" in problem_line(env, "OTHER_KEY")
    assert MARKER not in problems(env)


def test_a_key_can_begin_with_a_dollar(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "$KEY" + "0123456789" * 4
    monkeypatch.setenv("APP_KEY", key)
    assert env.key("APP_KEY", example="abc") == key
    assert problems(env) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("true", True), ("True", True), ("YES", True), ("on", True), ("1", True), (" true ", True)),
        *(("false", False), ("False", False), ("no", False), ("OFF", False), ("0", False)),
    ],
)
def test_a_flag_is_true_or_false(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("WINDOWED", value)
    assert env.flag("WINDOWED", default=not expected) is expected
    assert problems(env) == ""


@pytest.mark.parametrize("value", ["", "2", "t", "truee", "enabled", "nein", "None", "-1", "true false"])
def test_any_other_flag_is_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WINDOWED", value)
    env.flag("WINDOWED", default=True)
    assert "is neither true nor false" in problem_line(env, "WINDOWED")


def test_a_flag_that_is_not_set_is_its_default(env: Environment) -> None:
    assert env.flag("WINDOWED", default=True) is True
    assert env.flag("WINDOWED", default=False) is False
    assert problems(env) == ""


@pytest.mark.parametrize(("value", "expected"), [("0.5", 0.5), ("15", 15), ("120", 120), ("2.5 ", 2.5)])
def test_seconds_are_a_number(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, expected: float) -> None:
    monkeypatch.setenv("PATIENCE", value)
    assert env.seconds("PATIENCE", 10, minimum=0.5, maximum=120) == expected
    assert problems(env) == ""


@pytest.mark.parametrize(
    "value", ["", "0", "0.49", "121", "-1", "nan", "inf", "-inf", "1e1", "1_0", "ten", "10s", "1,5", "0x10", "\u0663"]
)
def test_invalid_seconds_are_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PATIENCE", value)
    env.seconds("PATIENCE", 10, minimum=0.5, maximum=120)
    assert problem_line(env, "PATIENCE").endswith("is not a number of seconds from 0.5 to 120. Example: PATIENCE=10")


@pytest.mark.parametrize(("value", "expected"), [("0", 0), ("10", 10), ("07", 7)])
def test_a_count_is_a_whole_number(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, expected: int
) -> None:
    monkeypatch.setenv("HOPS", value)
    assert env.count("HOPS", 1, maximum=10) == expected
    assert problems(env) == ""


@pytest.mark.parametrize("value", ["", "11", "-1", "1.5", "two", "1e1", "9" * 30, "0" * 20 + "11", "\u00b2", "\u0663"])
def test_any_other_count_is_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOPS", value)
    assert env.count("HOPS", 1, maximum=10) == 1
    assert "is not a whole number from 0 to 10" in problem_line(env, "HOPS")


def test_names_are_separated_by_commas(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example.com, ,b.example.com,")
    assert env.names("HOSTS", example="x") == ["a.example.com", "b.example.com"]
    assert env.names("OTHERS", example="x") == []


@pytest.mark.parametrize(
    "value", ["destinations.example.com", ".example.com", "*", "127.0.0.1,localhost", "[::1]", "a", " a.b , c.d "]
)
def test_hosts_are_names(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOSTS", value)
    assert env.hosts("HOSTS", example="x") == [part.strip() for part in value.split(",")]
    assert problems(env) == ""


@pytest.mark.parametrize("value", ["https://a.example.com", "a:8000", "a/b", "a,b c", "*.example.com", "-a", "a@b"])
def test_an_invalid_host_is_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOSTS", value)
    env.hosts("HOSTS", example="x")
    assert "leave out https://, ports and paths" in problem_line(env, "HOSTS")


def test_hosts_can_be_required(env: Environment) -> None:
    assert env.hosts("HOSTS", example="x") == []
    assert problems(env) == ""
    env.hosts("HOSTS", example="x", required=True)
    assert "is missing" in problem_line(env, "HOSTS")


@pytest.mark.parametrize(
    "value", ["https://a.example.com", "https://*.example.com", "http://localhost:8000,https://[::1]:8443"]
)
def test_origins_are_a_scheme_and_a_host(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORIGINS", value)
    assert env.origins("ORIGINS", example="x") == value.split(",")
    assert problems(env) == ""


@pytest.mark.parametrize(
    "value", ["a.example.com", "https://a.example.com/", "https://a.example.com/x", "https://", "ftp://a", "*"]
)
def test_an_invalid_origin_is_refused(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORIGINS", value)
    env.origins("ORIGINS", example="x")
    assert "not of the form https://host" in problem_line(env, "ORIGINS")


@pytest.mark.parametrize("value", ["api-4dfc17e5-2acc-4075-83bf-0123456789ab", "api-x", "anything-else"])
def test_a_token_is_used_unchanged(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TOKEN", value)
    assert env.token("TOKEN") == value
    assert problems(env) == ""


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("", "is missing"),
        (f"api-{MARKER} x", "has a space or another character that no token has"),
        (f"api-{MARKER}\nx", "has a space or another character that no token has"),
        (f"api-{MARKER}\r\nX-Other: 1", "has a space or another character that no token has"),
        (f"api-{MARKER}\u00e4", "has a space or another character that no token has"),
        (f"Bearer api-{MARKER}", "has a space or another character that no token has"),
        (f"sdk-{MARKER}", "is an SDK key"),
        (f"mob-{MARKER}", "is an SDK key"),
    ],
)
def test_an_invalid_token_is_refused_and_not_shown(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, wrong: str
) -> None:
    monkeypatch.setenv("TOKEN", value)
    env.token("TOKEN")
    assert wrong in problem_line(env, "TOKEN")
    assert MARKER not in problems(env)


# --- LaunchDarkly's URL

LAUNCHDARKLY = {
    "https://app.launchdarkly.com": "https://app.launchdarkly.com",
    "https://app.eu.launchdarkly.com": "https://app.eu.launchdarkly.com",
    "https://app.launchdarkly.us": "https://app.launchdarkly.us",
    "https://app.launchdarkly.com/": "https://app.launchdarkly.com",
    "HTTPS://App.LaunchDarkly.com": "https://app.launchdarkly.com",
    "https://app.launchdarkly.com:443": "https://app.launchdarkly.com:443",
    " https://app.launchdarkly.com\n": "https://app.launchdarkly.com",
    "http://127.0.0.1:9000": "http://127.0.0.1:9000",
    "http://127.0.0.1": "http://127.0.0.1",
    "http://127.8.9.10:9000/": "http://127.8.9.10:9000",
    "https://127.0.0.1:9000": "https://127.0.0.1:9000",
    "http://localhost:9000": "http://localhost:9000",
    "http://LOCALHOST:9000": "http://localhost:9000",
    "http://[::1]:9000": "http://[::1]:9000",
    "http://[::1]": "http://[::1]",
}

#: URLs that are more than a host, which are never allowed.
NO_HOST = (
    "",
    "app.launchdarkly.com",
    "https:",
    "https://",
    "https:app.launchdarkly.com",
    "https:///app.launchdarkly.com",
    "//app.launchdarkly.com",
    "ftp://app.launchdarkly.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://app.launchdarkly.com/api/v2",
    "https://app.launchdarkly.com/;x",
    "https://app.launchdarkly.com?x=1",
    "https://app.launchdarkly.com#x",
    "https://oskar@app.launchdarkly.com",
    "https://oskar:word@app.launchdarkly.com",
    "https://@app.launchdarkly.com",
    "https://:@app.launchdarkly.com",
    "https://app.launchdarkly.com@example.com",
    "https://app.launchdarkly.com\\@example.com",
    "https://example.com\\@app.launchdarkly.com",
    "https://example.com#@app.launchdarkly.com",
    "https://example.com?@app.launchdarkly.com",
    "http://127.0.0.1@example.com",
    "http://example.com@127.0.0.1:9000",
    "https://app.launchdarkly.com:port",
    "https://app.launchdarkly.com:99999",
    "https://[::1",
    "https://[app.launchdarkly.com]",
)

#: Another host, which only LAUNCHDARKLY_ALLOW_OTHER_HOST allows.
OTHER_HOST = (
    "http://app.launchdarkly.com",
    "http://app.launchdarkly.com:443",
    "https://app.launchdarkly.com:8443",
    "https://app.launchdarkly.com.",
    "https://launchdarkly.com",
    "https://app.launchdarkly.com.example.com",
    "https://app-launchdarkly.com",
    "https://app.launchdarkly.co",
    "https://evil-app.launchdarkly.com",
    "https://app.launchdarkly.eu",
    "https://app.launchdar\u043aly.com",
    "https://app\u2024launchdarkly.com",
    "https://example.com",
    "https://52.1.2.3",
    "https://3232235777",
    "http://169.254.169.254",
    "http://[fd00:ec2::254]",
    "http://10.0.0.1",
    "http://0.0.0.0:9000",
    "http://[::]:9000",
    "http://127.1:9000",
    "http://0x7f000001:9000",
    "http://2130706433:9000",
    "http://localhost.example.com",
    "http://localhost.:9000",
)


def launchdarkly_url(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, *, allow: bool = False) -> str:
    """Read a URL."""
    monkeypatch.setenv("LAUNCHDARKLY_URL", value)
    return env.launchdarkly_url("LAUNCHDARKLY_URL", allow_other_host=allow)


@pytest.mark.parametrize(("value", "expected"), LAUNCHDARKLY.items())
def test_launchdarkly_and_loopback_hosts_are_allowed(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    assert launchdarkly_url(env, monkeypatch, value) == expected
    assert problems(env) == ""


def test_launchdarkly_itself_is_the_default(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAUNCHDARKLY_URL", raising=False)
    assert env.launchdarkly_url("LAUNCHDARKLY_URL", allow_other_host=False) == "https://app.launchdarkly.com"
    assert problems(env) == ""


@pytest.mark.parametrize("value", OTHER_HOST)
def test_any_other_host_must_be_allowed(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    launchdarkly_url(env, monkeypatch, value)
    assert "LAUNCHDARKLY_ALLOW_OTHER_HOST=true allows any host" in problem_line(env, "LAUNCHDARKLY_URL")


def test_another_host_can_be_allowed(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("https://launchdarkly.example.com", "http://10.0.0.1:8080"):
        assert launchdarkly_url(env, monkeypatch, value, allow=True) == value
    assert problems(env) == ""


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("value", NO_HOST)
def test_a_url_with_more_than_a_host_is_never_allowed(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, allow: bool
) -> None:
    launchdarkly_url(env, monkeypatch, value, allow=allow)
    line = problem_line(env, "LAUNCHDARKLY_URL")
    assert "is not a URL" in line
    assert "oskar" not in line


# --- Databases and caches


def address(env: Environment) -> str:
    """Read a database URL."""
    example = "postgresql://destinations_ui:PASSWORD@db.example.com/destinations_ui"
    schemes = ("sqlite", "postgres", "postgresql", "redis")
    return env.url("DATABASE_URL", "sqlite:///db.sqlite3", schemes=schemes, example=example)


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:////var/lib/destinations.sqlite3",
        "sqlite:///db.sqlite3",
        "postgresql://oskar:p%23%2Fw@db.example.com:5432/destinations_ui?sslmode=verify-full",
        "postgres://oskar@db.example.com/destinations_ui",
        "postgresql:///destinations_ui",
        "postgresql://oskar:word@a.example.com:5432,b.example.com:5432/destinations_ui",
        "redis://:word@cache.example.com:6379/1",
    ],
)
def test_a_database_url_is_used_unchanged(env: Environment, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    assert address(env) == value
    assert problems(env) == ""


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("", "does not begin with sqlite:, postgres:"),
        (f"mysql://oskar:{MARKER}@db/x", "does not begin with"),
        ("/var/lib/destinations.sqlite3", "does not begin with"),
        (f"postgresql://oskar:{MARKER}/word@db.example.com/x", "%-codes"),
        (f"postgresql://oskar:{MARKER}#word@db.example.com/x", "%-codes"),
        (f"postgresql://oskar:{MARKER}?word@db.example.com/x", "%-codes"),
        (f"postgresql://oskar:12#{MARKER}@db.example.com/x", "%23"),
        (f"postgresql://oskar:[{MARKER}@db.example.com/x", "%-codes"),
        (f"postgresql://oskar:{MARKER}@db.example.com:port/x", "%-codes"),
        (f"sqlite://{MARKER}.sqlite3", "does not name a file"),
        ("sqlite://", "does not name a file"),
        ("sqlite://:memory:", "%-codes"),
    ],
)
def test_an_invalid_url_is_refused_and_not_shown(
    env: Environment, monkeypatch: pytest.MonkeyPatch, value: str, wrong: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    address(env)
    assert wrong in problem_line(env, "DATABASE_URL")
    assert MARKER not in problems(env)


def test_all_problems_are_reported_at_once(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDOWED", "perhaps")
    readings: list[Callable[[], object]] = [
        lambda: env.flag("WINDOWED", default=True),
        lambda: env.key("APP_KEY", example="abc"),
        lambda: env.token("TOKEN"),
    ]
    for read in readings:
        read()
    lines = problems(env).splitlines()[1:]
    assert [line.split()[1] for line in lines] == ["WINDOWED", "APP_KEY", "TOKEN"]


# --- The process


def start(code: str = "import destinations_ui.settings", **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python in a new process with the tests' settings and changes; ``None`` removes one."""
    settings = DEFAULTS | changes
    known = {name: value for name, value in os.environ.items() if name not in settings}
    environment = known | {name: value for name, value in settings.items() if value is not None}
    return subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_process_with_valid_settings_starts() -> None:
    done = start()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_names_all_missing_settings() -> None:
    done = start("import destinations_ui.wsgi", **dict.fromkeys(NEEDED))
    assert done.returncode != 0
    for name in NEEDED:
        assert f"{name} is missing. Example: {name}=" in done.stderr


def test_a_process_names_invalid_settings_without_their_values() -> None:
    done = start(
        "import destinations_ui.wsgi",
        SECRET_KEY=SHORT_MARKER,
        FINGERPRINT_KEY=SHORT_MARKER,
        LAUNCHDARKLY_TOKEN=f"sdk-{MARKER}",
        LAUNCHDARKLY_URL=f"https://{MARKER}@example.com",
        LAUNCHDARKLY_ALLOW_OTHER_HOST="perhaps",
        LAUNCHDARKLY_TIMEOUT="soon",
        DEBUG="yes please",
        HTTPS_ONLY="maybe",
        PROXY_COUNT="many",
        DATABASE_URL=f"postgresql://oskar:{MARKER}/x@db.example.com/destinations_ui",
        CACHE_URL=f"memcached://{MARKER}",
        ALLOWED_HOSTS="https://destinations.example.com",
        CSRF_TRUSTED_ORIGINS="destinations.example.com",
    )
    assert done.returncode != 0
    named = {line.split()[1] for line in done.stderr.splitlines() if line.startswith("  - ")}
    assert named == {
        *("SECRET_KEY", "FINGERPRINT_KEY", "LAUNCHDARKLY_TOKEN", "LAUNCHDARKLY_URL", "LAUNCHDARKLY_ALLOW_OTHER_HOST"),
        *("LAUNCHDARKLY_TIMEOUT", "DEBUG", "HTTPS_ONLY", "PROXY_COUNT", "DATABASE_URL", "CACHE_URL"),
        *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"),
    }
    assert SHORT_MARKER not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"SEAL_KEY": DEFAULTS["SECRET_KEY"]}, "SEAL_KEY is the same as SECRET_KEY"),
        ({"FINGERPRINT_KEY": DEFAULTS["SEAL_KEY"]}, "SEAL_KEY is the same as FINGERPRINT_KEY"),
        ({"SEAL_KEY": "$(openssl rand -hex 32)"}, "SEAL_KEY is text or a command"),
        ({"SEAL_KEY_FALLBACKS": "k" * 40}, "SEAL_KEY_FALLBACKS has a key that has fewer than 6 different characters"),
        ({"PROXY_COUNT": "\u0663"}, "PROXY_COUNT is not a whole number from 0 to 10"),
    ],
)
def test_a_process_with_a_weak_setting_does_not_start(changes: dict[str, str | None], wrong: str) -> None:
    done = start("import destinations_ui.settings", **changes)
    assert done.returncode != 0
    assert wrong in done.stderr


def test_every_setting_can_come_from_a_file(tmp_path: Path) -> None:
    changes: dict[str, str | None] = {}
    for name in NEEDED:
        (tmp_path / name).write_text(f"{DEFAULTS[name]}\n")
        changes |= {name: None, f"{name}_FILE": str(tmp_path / name)}
    shown = "s.SECRET_KEY, s.LAUNCHDARKLY_TOKEN.reveal(), s.FINGERPRINT_KEY.reveal(), ','.join(s.ALLOWED_HOSTS)"
    done = start(f"import json; from destinations_ui import settings as s; print(json.dumps([{shown}]))", **changes)
    assert json.loads(done.stdout) == [DEFAULTS[name] for name in NEEDED], done.stderr


def test_a_process_names_the_setting_of_a_missing_file(tmp_path: Path) -> None:
    done = start(SECRET_KEY_FILE=str(tmp_path / "absent"))
    assert done.returncode != 0
    assert "SECRET_KEY cannot be read from the file in SECRET_KEY_FILE" in done.stderr


def test_a_process_starts_with_a_key_that_begins_with_a_dollar() -> None:
    done = start(SECRET_KEY="$0123456789abcdef" * 4, FINGERPRINT_KEY="$HOME" + "0123456789" * 5)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_sandbox_is_any_loopback_url() -> None:
    expected = {
        "http://127.0.0.1:9000": True,
        "http://127.0.0.1": True,
        "http://localhost:9000": True,
        "http://localhost": True,
        "http://[::1]:9000": True,
        "http://[::1]": True,
        "https://app.launchdarkly.com": False,
        "https://app.launchdarkly.us:443": False,
        "https://app.eu.launchdarkly.com/": False,
    }
    code = f"""
import importlib, json, os
from destinations_ui import settings
found = {{}}
for url in {list(expected)!r}:
    os.environ["LAUNCHDARKLY_URL"] = url
    found[url] = importlib.reload(settings).SANDBOX
print(json.dumps(found))
"""
    done = start(code)
    assert json.loads(done.stdout) == expected, done.stderr
