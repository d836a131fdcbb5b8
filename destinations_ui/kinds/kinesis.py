"""Amazon Kinesis."""

from __future__ import annotations

from destinations_ui.kinds.spec import CrossFieldWarning, Field, FieldWarning, Kind, Mark, Paste, SetupGuide
from destinations_ui.kinds.validators import aws_region, iam_role_arn, kinesis_stream_name

#: Regions that offer Kinesis Data Streams. https://docs.aws.amazon.com/general/latest/gr/ak.html
#: Which of them LaunchDarkly accepts is not documented, so these are offered and others may be typed.
REGIONS = (
    ("af-south-1", "Africa (Cape Town)"),
    ("ap-east-1", "Asia Pacific (Hong Kong)"),
    ("ap-east-2", "Asia Pacific (Taipei)"),
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-northeast-3", "Asia Pacific (Osaka)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("ap-south-2", "Asia Pacific (Hyderabad)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ap-southeast-3", "Asia Pacific (Jakarta)"),
    ("ap-southeast-4", "Asia Pacific (Melbourne)"),
    ("ap-southeast-5", "Asia Pacific (Malaysia)"),
    ("ap-southeast-6", "Asia Pacific (New Zealand)"),
    ("ap-southeast-7", "Asia Pacific (Thailand)"),
    ("ca-central-1", "Canada (Central)"),
    ("ca-west-1", "Canada West (Calgary)"),
    ("cn-north-1", "China (Beijing)"),
    ("cn-northwest-1", "China (Ningxia)"),
    ("eu-central-1", "Europe (Frankfurt)"),
    ("eu-central-2", "Europe (Zurich)"),
    ("eu-north-1", "Europe (Stockholm)"),
    ("eu-south-1", "Europe (Milan)"),
    ("eu-south-2", "Europe (Spain)"),
    ("eu-west-1", "Europe (Ireland)"),
    ("eu-west-2", "Europe (London)"),
    ("eu-west-3", "Europe (Paris)"),
    ("il-central-1", "Israel (Tel Aviv)"),
    ("me-central-1", "Middle East (UAE)"),
    ("me-south-1", "Middle East (Bahrain)"),
    ("mx-central-1", "Mexico (Central)"),
    ("sa-east-1", "South America (São Paulo)"),
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-gov-east-1", "GovCloud (US-East)"),
    ("us-gov-west-1", "GovCloud (US-West)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
)

KIND = Kind(
    slug="kinesis",
    label="Amazon Kinesis",
    summary="Put events on a Kinesis data stream in your AWS account.",
    docs="https://launchdarkly.com/docs/integrations/data-export/kinesis",
    mark=Mark("Ki", "#a84300"),
    fields=(
        Field(
            name="region",
            api="region",
            label="AWS region",
            help="The stream’s region: the fourth part of its ARN, arn:aws:kinesis:region:….",
            example="us-east-1",
            suggestions=REGIONS,
            validators=(aws_region(),),
            warnings=(
                FieldWarning(
                    code="partition",
                    message="This region is in another AWS partition than LaunchDarkly’s AWS account, such as "
                    "GovCloud or China. Ask LaunchDarkly whether it can export there.",
                    when=r"^(?:us-gov|cn|eusc|(?:us|eu)-iso[bef]?)-",
                ),
                FieldWarning(
                    code="unlisted",
                    message="This region isn’t in the list of regions with Kinesis Data Streams. Check its spelling in "
                    "the stream’s ARN.",
                    unless=f"^(?:{'|'.join(region for region, _ in REGIONS)})$",
                ),
            ),
        ),
        Field(
            name="role_arn",
            api="roleArn",
            label="Role ARN",
            help="AWS console, IAM, Roles: the ARN of the role that LaunchDarkly assumes. It needs "
            "kinesis:PutRecord and kinesis:PutRecords on the stream.",
            example="arn:aws:iam::123456789012:role/marketingadmin",
            validators=(iam_role_arn(),),
            warnings=(
                FieldWarning(
                    code="reserved_role",
                    message="AWS reserves this role for one of its services, so LaunchDarkly can’t assume it. Create a "
                    "separate role for LaunchDarkly.",
                    when=r":role/aws-(?:service-role|reserved)/",
                ),
            ),
        ),
        Field(
            name="stream_name",
            api="streamName",
            label="Stream name",
            help="AWS console, Kinesis, Data streams: the stream name, not its ARN.",
            example="cat-stream",
            validators=(kinesis_stream_name(),),
        ),
    ),
    setup="The role must trust LaunchDarkly’s AWS account. LaunchDarkly recommends one shard per 50 million events "
    "a month.",
    arrival="The stream’s data viewer shows it with the key LaunchDarklyDataExportTestEvent.",
    setup_guides=(
        SetupGuide(
            title="The stream",
            about="Creates an on-demand stream.",
            language="Shell",
            text="aws kinesis create-stream --region=<<region>> --stream-name=<<stream_name>> \\\n"
            "  --stream-mode-details StreamMode=ON_DEMAND",
            source="https://docs.aws.amazon.com/cli/latest/reference/kinesis/create-stream.html",
        ),
        SetupGuide(
            title="The role’s trust policy",
            about="Allows LaunchDarkly to assume the role. Save it as trust-policy.json. The principal is from older "
            "LaunchDarkly docs. If LaunchDarkly’s policy differs, use that one.",
            language="JSON",
            text="{\n"
            '  "Version": "2012-10-17",\n'
            '  "Statement": [\n'
            "    {\n"
            '      "Effect": "Allow",\n'
            '      "Principal": {"AWS": "arn:aws:iam::554582317989:role/LaunchDarkly-data-export"},\n'
            '      "Action": "sts:AssumeRole"\n'
            "    }\n"
            "  ]\n"
            "}",
            source="https://launchdarkly.com/docs/integrations/data-export/kinesis",
            trust_policy=True,
        ),
        SetupGuide(
            title="The role’s permissions on the stream",
            about="Allows the role only to write to the stream. Save it as stream-policy.json.",
            language="JSON",
            text="{\n"
            '  "Version": "2012-10-17",\n'
            '  "Statement": [\n'
            "    {\n"
            '      "Effect": "Allow",\n'
            '      "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],\n'
            '      "Resource": <<stream_arn>>\n'
            "    }\n"
            "  ]\n"
            "}",
            source="https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html",
            derived=(
                ("partition", "role_arn", r"^arn:(aws[a-z-]*):"),
                ("account", "stream_account", r"^(\d{12})$"),
                ("account", "role_arn", r"::(\d{12}):role/"),
            ),
            made=(("stream_arn", "arn:{partition}:kinesis:{region}:{account}:stream/{stream_name}"),),
        ),
        SetupGuide(
            title="The role",
            about="Creates the role from the two files, in the account of the role’s ARN.",
            language="Shell",
            text="aws iam create-role --role-name=<<role>> --path=<<path>> --assume-role-policy-document file://trust-policy.json\n"
            "aws iam put-role-policy --role-name=<<role>> --policy-name launchdarkly-data-export \\\n"
            "  --policy-document file://stream-policy.json",
            source="https://docs.aws.amazon.com/cli/latest/reference/iam/create-role.html",
            derived=(
                ("role", "role_arn", r":role/(?:.*/)?([^/]+)$"),
                ("path", "role_arn", r":role(/(?:.*/)?)[^/]+$"),
            ),
        ),
    ),
    pastes=(
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesis.html
        Paste(
            name="ARN",
            sign=r"arn:aws[a-z-]*:(?:kinesis:|iam::\d{12}:role/)",
            parts=(
                r"arn:aws[a-z-]*:kinesis:(?P<region>[a-z0-9-]+):(?P<stream_account>\d{12}):stream/"
                r"(?P<stream_name>[a-z0-9_.-]+)(?P<unused_consumer>/consumer/[^\s\"',;]+)?",
                r"(?P<role_arn>arn:aws[a-z-]*:iam::\d{12}:role/[^\s\"',;<>\\]+)",
            ),
            example="arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream "
            "arn:aws:iam::123456789012:role/marketingadmin",
        ),
        Paste(
            name="AWS console URL",
            sign=r"console\.(?:aws\.amazon|amazonaws)[a-z.-]*/kinesis/",
            parts=(
                r"[?&]region=(?P<region>[a-z0-9-]+)",
                r"(?:https:)?//(?P<region>[a-z0-9-]+)\.console\.",
                r"/streams/details/(?P<stream_name>[a-z0-9_.-]+)",
            ),
            example="https://us-east-1.console.aws.amazon.com/kinesis/home?region=us-east-1"
            "#/streams/details/cat-stream/monitoring",
        ),
    ),
    facts=(("stream_account", r"\d{12}"),),
    cross_field_warnings=(
        CrossFieldWarning(
            code="accounts",
            message="The role and the stream are in different AWS accounts. The stream’s resource policy must allow "
            "the role.",
            first=("role_arn", r"::(\d{12}):"),
            second=("stream_account", r"^(\d{12})$"),
        ),
        CrossFieldWarning(
            code="partitions",
            message="The role and the region are in different AWS partitions, such as GovCloud and the standard one. "
            "A role only works in its own partition.",
            first=("role_arn", r"^arn:aws-?(us-gov|cn|eusc|iso)?[a-z-]*:"),
            second=("region", r"^(?:(?:us|eu)-(?=iso))?(us-gov|cn|eusc|iso)?"),
        ),
        CrossFieldWarning(
            code="isolated_partitions",
            message="The role and the region are in different isolated AWS partitions. A role only works in its own "
            "partition.",
            first=("role_arn", r"^arn:aws-iso-?([bef])?:"),
            second=("region", r"^(?:us|eu)-iso([bef])?-"),
        ),
    ),
)
