"""Segment."""

from __future__ import annotations

from destinations_ui.kinds.spec import AllEmptyWarning, CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste
from destinations_ui.kinds.validators import context_kind

KIND = Kind(
    slug="segment",
    label="Segment",
    summary="Send events to a LaunchDarkly source in Segment.",
    docs="https://launchdarkly.com/docs/integrations/data-export/segment",
    mark=Mark("Sg", "#12714a"),
    fields=(
        Field(
            name="write_key",
            api="writeKey",
            label="Write key",
            help="Segment, Connections, Sources, your LaunchDarkly source, Settings, API Keys: the write key.",
            example="sandboxWriteKey0123456789abcdefg",
            secret=True,
            warnings=(
                FieldWarning(
                    code="shape",
                    message="A Segment write key usually has 32 letters and digits. Copy only the key from the "
                    "source’s settings.",
                    unless=r"^\s*[A-Za-z0-9]{32}\s*$",
                ),
            ),
        ),
        Field(
            name="user_id_context_kind",
            api="userIDContextKind",
            label="Context kind for user IDs",
            help="The key of the LaunchDarkly context kind that becomes Segment’s userId.",
            example="user",
            required=False,
            validators=(context_kind(),),
        ),
        Field(
            name="anonymous_id_context_kind",
            api="anonymousIDContextKind",
            label="Context kind for anonymous IDs",
            help="The key of the LaunchDarkly context kind that becomes Segment’s anonymousId.",
            example="anonymousUser",
            required=False,
            validators=(context_kind(),),
        ),
    ),
    setup="In Segment, connect the LaunchDarkly source to the destinations that should receive the events.",
    arrival="The Segment source’s Debugger shows it.",
    pastes=(
        # https://segment.com/docs/connections/sources/catalog/libraries/website/javascript/quickstart/
        Paste(
            name="snippet",
            sign=r"analytics\.load\(|write[ _-]?key[\"']?\s*[:=]",
            parts=(
                r"analytics\.load\(\s*[\"'](?P<write_key>[a-z0-9]+)",
                r"write[ _-]?key[\"']?\s*[:=]\s*[\"']?(?P<write_key>[a-z0-9]+)",
            ),
            example='analytics.load("sandboxWriteKey0123456789abcdefg");',
        ),
    ),
    # https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
    all_empty_warnings=(
        AllEmptyWarning(
            code="no_context_kind",
            message="Without a context kind, Segment can’t tell whose events these are. LaunchDarkly’s Terraform "
            "provider requires both.",
            fields=("user_id_context_kind", "anonymous_id_context_kind"),
        ),
    ),
    cross_field_warnings=(
        CrossFieldWarning(
            code="same",
            message="Both fields have the same context kind, so every user is also anonymous.",
            first=("anonymous_id_context_kind", "^(.+)$"),
            second=("user_id_context_kind", "^(.+)$"),
            same=True,
        ),
    ),
)
