"""The views of the site's own: a resource, and consent that an app without a secret is asked for each time."""

from django.http import JsonResponse
from oauth2_provider.models import get_application_model
from oauth2_provider.views import AuthorizationView
from oauth2_provider.views.generic import ScopedProtectedResourceView


class Me(ScopedProtectedResourceView):
    required_scopes = ["WRITE"]

    def get(self, request):
        user = request.resource_owner
        return JsonResponse({"name": user.get_username(), "email": user.email, "active": user.is_active})


class Authorization(AuthorizationView):
    def get(self, request, *args, **kwargs):
        # RFC 8252 8.6: whoever has the app's address may ask in its name, so that an earlier consent says nothing.
        public = get_application_model().CLIENT_PUBLIC
        if get_application_model().objects.filter(client_id=request.GET.get("client_id"), client_type=public).exists():
            request.GET = request.GET.copy()
            request.GET["approval_prompt"] = "force"
        return super().get(request, *args, **kwargs)
