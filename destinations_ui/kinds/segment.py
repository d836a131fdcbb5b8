"""Segment."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, Kind
from destinations_ui.kinds.validators import context_kind

KIND = Kind(
    slug="segment",
    label="Segment",
    summary="Send events to a LaunchDarkly source in Segment.",
    docs="https://launchdarkly.com/docs/integrations/data-export/segment",
    icon="chart-pie",
    fields=(
        Field(
            name="write_key",
            api="writeKey",
            label="Write key",
            help="Segment, Connections, Sources, your LaunchDarkly source, Settings, API Keys: the write key.",
            example="sandboxWriteKey0123456789abcdefg",
            secret=True,
        ),
        Field(
            name="user_id_context_kind",
            api="userIDContextKind",
            label="Context kind for user ids",
            help="The key of the LaunchDarkly context kind that becomes Segment's userId.",
            example="user",
            required=False,
            validators=(context_kind(),),
        ),
        Field(
            name="anonymous_id_context_kind",
            api="anonymousIDContextKind",
            label="Context kind for anonymous ids",
            help="The key of the LaunchDarkly context kind that becomes Segment's anonymousId.",
            example="anonymousUser",
            required=False,
            validators=(context_kind(),),
        ),
    ),
    setup="Events appear in the Debugger of the Segment source.",
)
