"""What the site offers."""

from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider import urls as oauth2_urls
from views import Authorization, Me

urlpatterns = [
    path("login", LoginView.as_view()),
    path("me", Me.as_view()),
    path("o/authorize/", Authorization.as_view()),
    path("o/", include((oauth2_urls.base_urlpatterns, "oauth2_provider"))),
    path("", include(oauth2_urls.metadata_urlpatterns)),
]
