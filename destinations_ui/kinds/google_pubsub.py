"""Google Pub/Sub."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, Kind
from destinations_ui.kinds.validators import google_project_id, pubsub_topic_id

KIND = Kind(
    slug="google-pubsub",
    label="Google Pub/Sub",
    summary="Publish events to a topic in your Google Cloud project.",
    docs="https://launchdarkly.com/docs/integrations/data-export/google-pubsub",
    icon="chat-bubble-left-right",
    fields=(
        Field(
            name="project",
            api="project",
            label="Google Cloud project id",
            help="Google Cloud console, Pub/Sub, Topics: the topic's name is projects/…/topics/…; this is the part "
            "after projects/. It is the id, not the project's number or display name.",
            example="acme-analytics",
            validators=(google_project_id(),),
        ),
        Field(
            name="topic",
            api="topic",
            label="Topic id",
            help="The part of the topic's name after /topics/.",
            example="launchdarkly-events",
            validators=(pubsub_topic_id(),),
        ),
    ),
    setup="On the topic, grant the role Pub/Sub Publisher to LaunchDarkly's service account, which LaunchDarkly's "
    "page names. No secret is exchanged.",
)
