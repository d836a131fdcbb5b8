"""Google Cloud Pub/Sub."""

from __future__ import annotations

from destinations_ui.kinds.spec import CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste, SetupGuide
from destinations_ui.kinds.validators import google_project_id, pubsub_topic_id

KIND = Kind(
    slug="google-pubsub",
    label="Google Cloud Pub/Sub",
    summary="Publish events to a topic in your Google Cloud project.",
    docs="https://launchdarkly.com/docs/integrations/data-export/google-pubsub",
    mark=Mark("PS", "#4f46e5"),
    fields=(
        Field(
            name="project",
            api="project",
            label="Google Cloud project ID",
            help="Google Cloud console, Pub/Sub, Topics: the topic name is projects/…/topics/…; enter the part after "
            "projects/. Not the project number or display name.",
            example="acme-analytics",
            validators=(google_project_id(),),
            warnings=(
                FieldWarning(
                    code="domain",
                    message="Only old projects have an ID with a domain before a colon. Check the project ID in the "
                    "Google Cloud console.",
                    when=":",
                ),
            ),
        ),
        Field(
            name="topic",
            api="topic",
            label="Topic ID",
            help="The part of the topic name after /topics/.",
            example="launchdarkly-events",
            validators=(pubsub_topic_id(),),
            warnings=(
                FieldWarning(
                    code="subscription",
                    message="This looks like a subscription. Enter the topic that it belongs to.",
                    when=r"(?:^|[-_.])(?:sub|subscription)$",
                ),
            ),
        ),
    ),
    setup="On the topic, grant the Pub/Sub Publisher role to LaunchDarkly’s service account, which its docs name. "
    "There is no secret.",
    arrival="Pull messages from a subscription of the topic to see it: Pub/Sub, Subscriptions, Messages, Pull.",
    setup_guides=(
        SetupGuide(
            title="The topic",
            about="Creates the topic in the project.",
            language="Shell",
            text="gcloud pubsub topics create <<topic>> --project=<<project>>",
            source="https://cloud.google.com/sdk/gcloud/reference/pubsub/topics/create",
        ),
        SetupGuide(
            title="Permission to publish",
            about="Allows LaunchDarkly’s service account to publish to the topic. The account is from older "
            "LaunchDarkly docs. Check that the current docs name the same one.",
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
                r"(?:[a-z:]{0,9}//pubsub\.googleapis\.com/(?:v1/)?)?projects/(?P<project>[^/\s]+)/topics/(?P<topic>[^/\s\"',:?]+)"
                r"(?P<unused_method>:[a-z]+)?",
            ),
            example="//pubsub.googleapis.com/projects/acme-analytics/topics/launchdarkly-events",
        ),
        Paste(
            name="subscription’s full name",
            sign=r"projects/[^/\s]{1,200}/subscriptions/",
            parts=(
                r"(?:[a-z:]{0,9}//pubsub\.googleapis\.com/(?:v1/)?)?projects/(?P<project>[^/\s]+)/subscriptions/"
                r"(?P<unused_subscription>[^/\s\"',:?]+)",
            ),
            instead="LaunchDarkly publishes to a topic. Enter the topic that this subscription belongs to.",
            example="projects/acme-analytics/subscriptions/launchdarkly-events-sub",
        ),
        Paste(
            name="Google Cloud console URL",
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
            message="Project and topic are the same. LaunchDarkly’s own example swaps the two. Check that each is in "
            "its own field.",
            first=("project", "^(.+)$"),
            second=("topic", "^(.+)$"),
            same=True,
        ),
    ),
)
