"""The addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path, register_converter

from destinations_ui.converters import KindConverter
from destinations_ui.views import create, destination_map, guide, health, history, overview, record, several, sign_in

register_converter(KindConverter, "kind")

urlpatterns = [
    path("", destination_map.destination_map, name="map"),
    path("destinations/new/", create.choose_kind, name="choose-kind"),
    path("destinations/new/<kind:kind>/", create.create_destination, name="create-destination"),
    path("destinations/new/<kind:kind>/several/", several.several, name="several"),
    path("destinations/new/<kind:kind>/guide/", guide.guide, name="guide"),
    path("history/", history.history, name="history"),
    path("history/overview/", overview.overview, name="overview"),
    path("history/export/", history.export, name="export"),
    path("history/<uuid:uuid>/", record.record, name="record"),
    path("history/<uuid:uuid>/receipt/", history.receipt, name="receipt"),
    path("history/<uuid:uuid>/reconcile/", record.reconcile, name="reconcile"),
    path("history/<uuid:uuid>/decide/", record.decide, name="decide"),
    path("history/<uuid:uuid>/delivery/", record.deliver, name="deliver"),
    path("login/", sign_in.LoginView.as_view(), name="login"),
    path("logout/", sign_in.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = "destinations_ui.views.errors.bad_request"
handler403 = "destinations_ui.views.errors.forbidden"
handler404 = "destinations_ui.views.errors.not_found"
handler500 = "destinations_ui.views.errors.server_error"
