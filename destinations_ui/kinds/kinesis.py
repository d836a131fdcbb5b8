"""Amazon Kinesis."""

from __future__ import annotations

from destinations_ui.kinds.spec import Field, Kind
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
    icon="queue-list",
    fields=(
        Field(
            name="region",
            api="region",
            label="AWS region",
            help="The stream's region: the fourth part of its ARN, arn:aws:kinesis:region:….",
            example="us-east-1",
            suggestions=REGIONS,
            validators=(aws_region(),),
        ),
        Field(
            name="role_arn",
            api="roleArn",
            label="Role ARN",
            help="AWS console, IAM, Roles: the ARN of the role that LaunchDarkly assumes. It needs "
            "kinesis:PutRecord and kinesis:PutRecords on the stream.",
            example="arn:aws:iam::123456789012:role/marketingadmin",
            validators=(iam_role_arn(),),
        ),
        Field(
            name="stream_name",
            api="streamName",
            label="Stream name",
            help="AWS console, Kinesis, Data streams: the stream's name, not its ARN.",
            example="cat-stream",
            validators=(kinesis_stream_name(),),
        ),
    ),
    setup="The role has to trust LaunchDarkly's AWS account. LaunchDarkly recommends one shard for every "
    "50 million events a month.",
)
