"""Google Pub/Sub."""

from __future__ import annotations

from destinations_ui.kinds.spec import CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste, SetupGuide
from destinations_ui.kinds.validators import google_project_id, pubsub_topic_id

KIND = Kind(
    slug="google-pubsub",
    label="Google Pub/Sub",
    summary="Publish events to a topic in your Google Cloud project.",
    docs="https://launchdarkly.com/docs/integrations/data-export/google-pubsub",
    mark=Mark("PS", "#4f46e5"),
    fields=(
        Field(
            name="project",
            api="project",
            label="Google Cloud project id",
            help="Google Cloud console, Pub/Sub, Topics: the topic's name is projects/…/topics/…; this is the part "
            "after projects/. It is the id, not the project's number or display name.",
            example="acme-analytics",
            validators=(google_project_id(),),
            warnings=(
                FieldWarning(
                    code="domain",
                    message="Only old projects have an id with a domain before a colon. See in the console that this "
                    "is the project’s id.",
                    when=":",
                ),
            ),
        ),
        Field(
            name="topic",
            api="topic",
            label="Topic id",
            help="The part of the topic's name after /topics/.",
            example="launchdarkly-events",
            validators=(pubsub_topic_id(),),
            warnings=(
                FieldWarning(
                    code="subscription",
                    message="This looks like a subscription. LaunchDarkly publishes to the topic that it belongs to.",
                    when=r"(?:^|[-_.])(?:sub|subscription)$",
                ),
            ),
        ),
    ),
    setup="On the topic, grant the role Pub/Sub Publisher to LaunchDarkly's service account, which LaunchDarkly's "
    "page names. No secret is exchanged.",
    arrival="It is seen with a subscription of the topic: Pub/Sub, Subscriptions, Messages, Pull.",
    setup_guides=(
        SetupGuide(
            title="The topic",
            about="Makes the topic in the project.",
            language="Shell",
            text="gcloud pubsub topics create <<topic>> --project=<<project>>",
            source="https://cloud.google.com/sdk/gcloud/reference/pubsub/topics/create",
        ),
        SetupGuide(
            title="The right to publish",
            about="Lets LaunchDarkly’s service account publish to the topic. The account is from LaunchDarkly’s older "
            "documentation: see on its present page that it is still this one.",
            language="Shell",
            text="gcloud pubsub topics add-iam-policy-binding <<topic>> --project=<<project>> \\\n"
            "  --member serviceAccount:prod-event-recorder@firehose-publish.iam.gserviceaccount.com \\\n"
            "  --role roles/pubsub.publisher",
            source="https://launchdarkly.com/docs/integrations/data-export/google-pubsub",
        ),
    ),
    pastes=(
        # https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
        Paste(
            name="topic’s full name",
            sign=r"projects/[^/\s]{1,200}/topics/",
            parts=(
                r"(?:[a-z:]{0,9}//pubsub\.googleapis\.com/(?:v1/)?)?projects/(?P<project>[^/\s]+)/topics/(?P<topic>[^/\s\"',:?]+)",
            ),
            example="//pubsub.googleapis.com/projects/acme-analytics/topics/launchdarkly-events",
        ),
        Paste(
            name="address of the console",
            sign=r"console\.cloud\.google\.com/cloudpubsub/topic/",
            parts=(
                r"/cloudpubsub/topic/(?:detail|edit)/(?P<topic>[^/?\s]+)",
                r"[?&]project=(?P<project>[a-z0-9.:-]+)",
            ),
            example="https://console.cloud.google.com/cloudpubsub/topic/detail/launchdarkly-events?project=acme-analytics",
        ),
    ),
    cross_field_warnings=(
        CrossFieldWarning(
            code="same",
            message="Project and topic are the same. LaunchDarkly’s own example has the two the wrong way round; see "
            "that each is in its place.",
            first=("project", "^(.+)$"),
            second=("topic", "^(.+)$"),
            same=True,
        ),
    ),
)
