"""URL patterns."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path, register_converter

from destinations_ui.accounts import views as accounts
from destinations_ui.destinations.converters import KindConverter
from destinations_ui.destinations.views import bulk_create, create, kind_spec, project_list, setup_guide
from destinations_ui.history.views import export, overview, record, record_list
from destinations_ui.web import health, static_files

register_converter(KindConverter, "kind")

urlpatterns = [
    path("", project_list.project_list, name="project-list"),
    path("destinations/new/", create.choose_kind, name="choose-kind"),
    path("destinations/new/<kind:kind>/", create.create_destination, name="create-destination"),
    path("destinations/new/<kind:kind>/preview/", create.preview_destination, name="preview-destination"),
    path("destinations/new/<kind:kind>/redraw/", create.redraw, name="redraw"),
    path("destinations/new/<kind:kind>/environments/", create.environment_options, name="environment-options"),
    path("destinations/new/<kind:kind>/rows/", create.add_row, name="add-row"),
    path("destinations/new/<kind:kind>/bulk/", bulk_create.bulk_create, name="bulk-create"),
    path("destinations/new/<kind:kind>/bulk/redraw/", bulk_create.bulk_redraw, name="bulk-redraw"),
    path("destinations/new/<kind:kind>/spec.<slug:digest>.json", kind_spec.kind_spec, name="kind-spec"),
    path("destinations/new/<kind:kind>/guide/", setup_guide.setup_guide, name="setup-guide"),
    path("history/", record_list.history, name="history"),
    path("history/overview/", overview.overview, name="overview"),
    path("history/export/", export.export, name="export"),
    path("history/<uuid:uuid>/", record.record, name="record"),
    path("history/<uuid:uuid>/receipt/", export.receipt, name="receipt"),
    path("history/<uuid:uuid>/reconcile/", record.reconcile, name="reconcile"),
    path("history/<uuid:uuid>/decide/", record.decide, name="decide"),
    path("history/<uuid:uuid>/delivery/", record.deliver, name="deliver"),
    path("login/", accounts.LoginView.as_view(), name="login"),
    path("logout/", accounts.LogoutView.as_view(), name="logout"),
    path("favicon.ico", static_files.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = "destinations_ui.web.errors.bad_request"
handler403 = "destinations_ui.web.errors.forbidden"
handler404 = "destinations_ui.web.errors.not_found"
handler500 = "destinations_ui.web.errors.server_error"
