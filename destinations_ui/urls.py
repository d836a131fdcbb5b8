"""URL patterns."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path, register_converter

from destinations_ui.accounts.views import account, choose_password, people, sign_in
from destinations_ui.destinations.converters import KindConverter
from destinations_ui.destinations.views import bulk_create, create, kind_spec, project_list, setup_guide
from destinations_ui.history.views import export, overview, record, record_list, suggestions
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
    path("history/suggestions/", suggestions.suggestions, name="history-suggestions"),
    path("history/export/", export.export, name="export"),
    path("history/<uuid:uuid>/", record.record, name="record"),
    path("history/<uuid:uuid>/receipt/", export.receipt, name="receipt"),
    path("history/<uuid:uuid>/reconcile/", record.reconcile, name="reconcile"),
    path("history/<uuid:uuid>/decide/", record.decide, name="decide"),
    path("history/<uuid:uuid>/delivery/", record.deliver, name="deliver"),
    path("login/", sign_in.LoginView.as_view(), name="login"),
    path("logout/", sign_in.LogoutView.as_view(), name="logout"),
    path("password/", choose_password.choose_password, name="choose-password"),
    path("password/<user_id>/<token>/", choose_password.open_password_link, name="open-password-link"),
    path("account/", account.account, name="account"),
    path("account/name/", account.save_name, name="save-name"),
    path("account/password/", account.change_password, name="change-password"),
    path("account/preferences/", account.save_preferences, name="save-preferences"),
    path("account/sessions/end/", account.end_session, name="end-session"),
    path("people/", people.person_list, name="people"),
    path("people/new/", people.create_person, name="create-person"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/role/", people.change_role, name="change-role"),
    path("people/<int:pk>/active/", people.set_active, name="set-active"),
    path("people/<int:pk>/password-link/", people.create_password_link, name="create-password-link"),
    path("favicon.ico", static_files.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = "destinations_ui.web.errors.bad_request"
handler403 = "destinations_ui.web.errors.forbidden"
handler404 = "destinations_ui.web.errors.not_found"
handler500 = "destinations_ui.web.errors.server_error"
