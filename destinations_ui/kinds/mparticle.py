"""mParticle."""

from __future__ import annotations

from destinations_ui.kinds.spec import CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste, ReplacedBy
from destinations_ui.kinds.validators import context_kind, mparticle_identity

#: LaunchDarkly has published the first five; mParticle's own page lists the others. The set that the API accepts is
#: not documented, so these are offered and others may be typed. https://docs.mparticle.com/integrations/launchdarkly/feed
IDENTITIES = (
    ("customer_id", "Customer ID"),
    ("email", "Email address"),
    ("facebook", "Facebook ID"),
    ("twitter", "Twitter handle"),
    ("google", "Google ID"),
    ("microsoft", "Microsoft ID"),
    ("yahoo", "Yahoo ID"),
    ("other", "Other"),
)

#: All of mParticle's identity types. https://docs.mparticle.com/developers/apis/json-reference/
IDENTITY_TYPES = (
    *(name for name, _ in IDENTITIES),
    *("facebook_custom_audience_id", "mobile_number", "phone_number_2", "phone_number_3"),
    *("other2", "other3", "other4", "other5", "other6", "other7", "other8", "other9", "other10"),
    *("other_id_2", "other_id_3", "other_id_4", "other_id_5", "other_id_6", "other_id_7", "other_id_8", "other_id_9"),
    "other_id_10",
)
UNLISTED = FieldWarning(
    code="unlisted",
    message="mParticle doesn’t list this identity type. Check its spelling.",
    unless=f"^(?:{'|'.join(IDENTITY_TYPES)})$",
)

KIND = Kind(
    slug="mparticle",
    label="mParticle",
    summary="Send events to an mParticle feed, with identities mapped.",
    docs="https://launchdarkly.com/docs/integrations/data-export/mparticle",
    mark=Mark("mP", "#b3246b"),
    fields=(
        Field(
            name="api_key",
            api="apiKey",
            label="API key",
            help="mParticle, Setup, Inputs, Feeds, your LaunchDarkly feed: the server-to-server key.",
            example="us1-0123456789abcdef0123456789abcdef",
            secret=True,
        ),
        Field(
            name="secret",
            api="secret",
            label="API secret",
            help="On the same page: the server-to-server secret for the key.",
            example="sandbox-server-to-server-secret",
            secret=True,
        ),
        Field(
            name="environment",
            api="environment",
            label="mParticle environment",
            help="Use Development while testing: mParticle’s live stream shows its events.",
            example="development",
            choices=(("production", "Production"), ("development", "Development")),
        ),
        Field(
            name="user_identities",
            api="userIdentities",
            label="Identity mapping",
            help="For each context kind to export: the mParticle identity that its key holds. It must be the identity "
            "that your SDK uses as the context key.",
            required=False,
            columns=(
                Field(
                    name="context_kind",
                    api="ldContextKind",
                    label="LaunchDarkly context kind",
                    help="The key of the context kind.",
                    example="user",
                    suggestions=(("user", "User"), ("device", "Device")),
                    validators=(context_kind(),),
                ),
                Field(
                    name="identity",
                    api="mparticleUserIdentity",
                    label="mParticle identity",
                    help="The type of identity.",
                    example="customer_id",
                    suggestions=IDENTITIES,
                    validators=(mparticle_identity(),),
                    warnings=(UNLISTED,),
                ),
            ),
        ),
        Field(
            name="user_identity",
            api="userIdentity",
            label="User identity (legacy)",
            help="The older form of the mapping, for the context kind user. Leave it empty if the mapping above is "
            "filled.",
            example="customer_id",
            required=False,
            suggestions=IDENTITIES,
            validators=(mparticle_identity(),),
            warnings=(UNLISTED,),
        ),
        Field(
            name="anonymous_user_identity",
            api="anonymousUserIdentity",
            label="Anonymous user identity (legacy)",
            help="The older form, for users who are not signed in.",
            example="other",
            required=False,
            suggestions=IDENTITIES,
            validators=(mparticle_identity(),),
            warnings=(UNLISTED,),
        ),
    ),
    # LaunchDarkly derives the older form from the mapping, so a live destination has both.
    replaced=(ReplacedBy(old="user_identity", new="user_identities", row=("context_kind", "user"), column="identity"),),
    at_least_one=(("user_identities", "user_identity"),),
    setup="In mParticle, connect the LaunchDarkly feed to the outputs that should receive the events.",
    arrival="mParticle’s live stream shows it if the feed is in the development environment.",
    pastes=(
        Paste(
            name="key and secret",
            sign=r"key\W{1,4}\S[\s\S]{1,300}secret\W{1,4}\S",
            parts=(
                r"(?:server-to-server |api[ _]?)?secret\s{0,9}[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?P<secret>[^\s\"',;]+)",
                r"(?:server-to-server |api[ _]?)?key\s{0,9}[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?P<api_key>[^\s\"',;]+)",
            ),
            example="Key: us1-0123456789abcdef0123456789abcdef\nSecret: sandbox-server-to-server-secret",
        ),
    ),
    cross_field_warnings=(
        CrossFieldWarning(
            code="same",
            message="The key and the secret are the same. mParticle issues two different ones.",
            first=("secret", "^(.+)$"),
            second=("api_key", "^(.+)$"),
            same=True,
        ),
    ),
)
