"""A production site of Django with django-oauth-toolkit. TLS ends at a proxy, which the benchmark leaves out."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

SETTINGS = json.loads(Path(os.environ["PEER_SETTINGS"]).read_text())

DEBUG = False
SECRET_KEY = SETTINGS["key"]
ALLOWED_HOSTS = [urlsplit(os.environ["PEER_BASE"]).hostname]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
LOGIN_URL = "/login"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "bench",
        "USER": "bench",
        "HOST": os.environ["PEER_DATABASE"],
        "CONN_MAX_AGE": None,  # a thread keeps its connection
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

OAUTH2_PROVIDER = {
    "SCOPES": {"WRITE": "read and write", "introspection": "ask about tokens"},
    "DEFAULT_SCOPES": ["WRITE"],
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "com.example.app"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 86400,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "REQUEST_APPROVAL_PROMPT": "auto",  # consent is remembered
}
