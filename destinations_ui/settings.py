"""Django settings. Whatever differs between installations comes from environment variables.

The README lists them; ``.env.example`` has an example of each. A missing or malformed one stops the process here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from destinations_ui.conf.cache import SCHEMES as CACHE_SCHEMES
from destinations_ui.conf.cache import cache
from destinations_ui.conf.env import Environment, is_loopback
from destinations_ui.conf.secret import Secret

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(BASE_DIR / ".env")

# --- What an administrator sets ------------------------------------------------------------------

#: Has spaces, so that it is refused if pasted as it is.
RANDOM = "<output of openssl rand -hex 32>"

SECRET_KEY = env.key("SECRET_KEY", example=RANDOM)
DEBUG = env.flag("DEBUG", default=False)
HTTPS_ONLY = env.flag("HTTPS_ONLY", default=True)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", example="destinations.example.com", required=not DEBUG)
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS", example="https://destinations.example.com")
PROXY_COUNT = env.count("PROXY_COUNT", 0, maximum=10)

LAUNCHDARKLY_URL = env.launchdarkly_url(
    "LAUNCHDARKLY_URL",
    allow_other_host=env.flag("LAUNCHDARKLY_ALLOW_OTHER_HOST", default=False),
)
LAUNCHDARKLY_TOKEN = Secret(env.token("LAUNCHDARKLY_TOKEN"))
LAUNCHDARKLY_TIMEOUT = env.seconds("LAUNCHDARKLY_TIMEOUT", 15, minimum=0.5, maximum=120)
FINGERPRINT_KEY = Secret(env.key("FINGERPRINT_KEY", example=RANDOM))
SEAL_KEY = Secret(env.key("SEAL_KEY", example=RANDOM))
SEAL_KEY_FALLBACKS = [Secret(key) for key in env.keys("SEAL_KEY_FALLBACKS", example=f"{RANDOM},{RANDOM}")]
env.distinct(
    {"SECRET_KEY": SECRET_KEY, "FINGERPRINT_KEY": FINGERPRINT_KEY.reveal(), "SEAL_KEY": SEAL_KEY.reveal()},
    example=RANDOM,
)
RECONCILE_GRACE = env.seconds("RECONCILE_GRACE", 60, minimum=0, maximum=86_400)

database_url = env.url(
    "DATABASE_URL",
    f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
    schemes=("sqlite", "postgres", "postgresql"),
    example="postgresql://destinations_ui:PASSWORD@db.example.com/destinations_ui",
)
cache_url = env.url(
    "CACHE_URL",
    "locmemcache://",
    schemes=CACHE_SCHEMES,
    example="locmemcache://",
)

env.check()

#: Nothing reaches LaunchDarkly; every page has a banner.
SANDBOX = is_loopback(urlsplit(LAUNCHDARKLY_URL).hostname or "")

# --- Storage -------------------------------------------------------------------------------------

#: SQLite: readers never wait (WAL); a commit survives a power cut (FULL); a transaction takes the write lock at its
#: start, since one that began by reading fails at once while another writes (https://sqlite.org/isolation.html).
SQLITE = {
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
}
#: PostgreSQL: time out instead of letting a page hang. A page's queries are done before parallel workers have started
#: or anything is compiled.
POSTGRESQL = {
    "connect_timeout": 5,
    "options": "-c lock_timeout=5000 -c statement_timeout=30000 -c max_parallel_workers_per_gather=0 -c jit=off",
}


def database(url: str) -> dict[str, Any]:
    """Return Django's entry for a database URL, with the options that the records rely on."""
    config: dict[str, Any] = environ.Env.db_url_config(url)
    sqlite = config["ENGINE"].endswith("sqlite3")
    config["ENGINE"] = f"destinations_ui.conf.{'sqlite3' if sqlite else 'postgresql'}"
    config["OPTIONS"] = (SQLITE if sqlite else POSTGRESQL) | config.get("OPTIONS", {})
    # A record is committed before anything is sent, so a request is never one transaction.
    config["ATOMIC_REQUESTS"] = False
    config["CONN_MAX_AGE"] = 60
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": database(database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": cache(cache_url)}

# --- Application ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "destinations_ui.apps.DestinationsUIConfig",
    "destinations_ui.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "heroicons",
    "template_partials",
    "csp",
    "axes",
]

MIDDLEWARE = [
    # Outermost first: whatever is above WhiteNoise also applies to static files and errors.
    "destinations_ui.web.middleware.request_id",
    "destinations_ui.web.middleware.viewer_zone",
    "destinations_ui.web.middleware.response_headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "destinations_ui.web.middleware.well_formed",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, whose files are compressed already. docs/architecture.md says why pages may be compressed.
    "django.middleware.gzip.GZipMiddleware",
    "destinations_ui.accounts.sessions.SessionMiddleware",
    "destinations_ui.web.middleware.CommonMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "destinations_ui.web.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "destinations_ui.urls"
WSGI_APPLICATION = "destinations_ui.wsgi.application"
FORM_RENDERER = "destinations_ui.destinations.forms.renderer.Renderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "audit": "destinations_ui.web.templatetags.audit",
                "history_rows": "destinations_ui.web.templatetags.history_rows",
            },
            "builtins": [
                "template_partials.templatetags.partials",
                "destinations_ui.web.templatetags.icons",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "destinations_ui.web.context_processors.installation",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "destinations_ui.conf.formats"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Sign-in -------------------------------------------------------------------------------------

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "project-list"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "destinations_ui.accounts.session_store"
# Seconds for which a link to set a password works, unless it is used.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60

AUTHENTICATION_BACKENDS = [
    # First, so that a locked-out attempt costs no password hash.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Twenty wrong passwords in a quarter of an hour close sign-in to an address. A count by user would let anyone lock a
# colleague out. A right password does not reset the count: it could be the guesser's own account.
AXES_HANDLER = "destinations_ui.accounts.lockout.FailureCounter"
AXES_FAILURE_LIMIT = 20
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_CALLABLE = "destinations_ui.accounts.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "destinations_ui.accounts.lockout.client_address"
AXES_RESET_ON_SUCCESS = False
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Security ------------------------------------------------------------------------------------

# Browsers accept a cookie named __Host-… only if this very host sets it over HTTPS.
COOKIE_PREFIX = "__Host-" if HTTPS_ONLY else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_COOKIE_SECURE = HTTPS_ONLY
# Two hours without a request end a session; accounts/sessions.py also limits it to twelve hours.
SESSION_COOKIE_AGE = 2 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "destinations_ui.web.errors.csrf_failure"

SECURE_SSL_REDIRECT = HTTPS_ONLY
# Health checks come over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS_ONLY else 0
# Subdomains and browsers' preload lists concern more than this host, and are the administrator's decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# A form is a few kilobytes, and twenty of them fit; one with a certificate chain pasted by mistake gets a clear error.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 0
DEFAULT_EXCEPTION_REPORTER_FILTER = "destinations_ui.conf.error_reporting.ReporterFilter"

# --- Logging -------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "destinations_ui.conf.logging.RequestId"}},
    "formatters": {
        "line": {
            "()": "destinations_ui.conf.logging.LineFormatter",
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": "line"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Without its own handlers, which would log a second time and mail error reports to nobody.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # At DEBUG it would log URLs.
        "urllib3": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
