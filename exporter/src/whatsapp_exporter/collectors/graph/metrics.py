"""Metrics of the graph collector."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, gauge

_G = Source.GRAPH


def _state(name: str, what: str, *labels: str) -> MetricDefinition:
    return gauge(name, "boolean", f"1 for {what}, 0 for the others", _G, *labels)


PHONE_STATUS = _state("whatsapp_graph_phone_status", "the phone number's status at Meta", "status")
PHONE_QUALITY = _state("whatsapp_graph_phone_quality_rating", "the phone number's quality rating", "rating")
PHONE_NAME_STATUS = _state("whatsapp_graph_phone_name_status", "the state of the display name", "status")
PHONE_CODE_VERIFICATION = _state(
    "whatsapp_graph_phone_code_verification_status", "the state of the number's verification", "status"
)
PHONE_THROUGHPUT = _state("whatsapp_graph_phone_throughput_level", "the number's throughput level", "level")
PHONE_MODE = _state("whatsapp_graph_phone_account_mode", "the number's mode", "mode")
LIMIT_TIER = _state(
    "whatsapp_graph_messaging_limit_tier",
    "the messaging limit, of the portfolio or, as older versions have it, of the phone number",
    "scope",
    "tier",
)
LIMIT_RECIPIENTS = gauge(
    "whatsapp_graph_messaging_limit_recipients",
    "recipients",
    "Recipients that may be written to first within 24 hours; +Inf when Meta sets no limit",
    _G,
    "scope",
)
CAN_SEND = _state(
    "whatsapp_graph_can_send_message",
    "whether Meta lets messages through at this entity; OVERALL is Meta's own sum",
    "entity",
    "state",
)
HEALTH_ERROR = gauge(
    "whatsapp_graph_health_error",
    "boolean",
    "1 for each of Meta's error codes that an entity is blocked for",
    _G,
    "entity",
    "code",
)
ACCOUNT_STATUS = _state("whatsapp_graph_account_status", "the business account's status", "status")
ACCOUNT_REVIEW = _state(
    "whatsapp_graph_account_review_status", "the state of the business account's review", "status"
)
BUSINESS_VERIFICATION = _state(
    "whatsapp_graph_business_verification_status", "the state of the business's verification", "status"
)
TEMPLATES = gauge("whatsapp_graph_templates", "templates", "Templates by status", _G, "status")
TEMPLATES_BY_QUALITY = gauge(
    "whatsapp_graph_templates_by_quality",
    "templates",
    "Templates by category and quality",
    _G,
    "category",
    "quality",
)
TEMPLATE_STATUS = _state(
    "whatsapp_graph_template_status", "the template's status", "template", "language", "status"
)
TEMPLATE_CAN_SEND = _state(
    "whatsapp_graph_template_can_send_message",
    "whether Meta lets messages of the template through",
    "template",
    "language",
    "state",
)
TEMPLATES_LEFT_OUT = gauge(
    "whatsapp_graph_templates_left_out",
    "templates",
    "Templates without series of their own: too many, or not to be told apart; at least 1 when Meta has more"
    " pages than are read",
    _G,
)
TOKEN_VALID = gauge("whatsapp_graph_token_valid", "boolean", "1 when Meta takes the access token", _G)
TOKEN_EXPIRY = gauge(
    "whatsapp_graph_token_expiry_timestamp_seconds",
    "seconds",
    "When the access token expires (Unix time); absent when it never does",
    _G,
)
TOKEN_DATA_ACCESS_EXPIRY = gauge(
    "whatsapp_graph_token_data_access_expiry_timestamp_seconds",
    "seconds",
    "When the token's access to data ends (Unix time); absent when it never does",
    _G,
)
TOKEN_SCOPE = gauge(
    "whatsapp_graph_token_scope",
    "boolean",
    "1 when the token has this permission that is needed",
    _G,
    "scope",
)
WEBHOOK_LEVEL = _state(
    "whatsapp_graph_webhook_level", "the level whose webhook address is in force for the number", "level"
)
WEBHOOK_IS_OURS = gauge(
    "whatsapp_graph_webhook_is_ours",
    "boolean",
    "1 when the webhook address in force is the configured one; absent when none is configured",
    _G,
)
SUBSCRIBED_APPS = gauge(
    "whatsapp_graph_subscribed_apps", "applications", "Applications that get the account's webhooks", _G
)
APP_SUBSCRIBED = gauge(
    "whatsapp_graph_app_subscribed",
    "boolean",
    "1 when the token's own application gets the account's webhooks",
    _G,
)
APP_USAGE = gauge(
    "whatsapp_graph_app_usage_ratio",
    "ratio",
    "Share of the application's limits in use, when Meta tells",
    _G,
    "measure",
)
BUSINESS_USAGE = gauge(
    "whatsapp_graph_business_usage_ratio",
    "ratio",
    "Share of the business's limits in use, when Meta tells",
    _G,
    "use_case",
    "measure",
)
REGAIN = gauge(
    "whatsapp_graph_regain_access_seconds",
    "seconds",
    "Until Meta allows reads again, 0 when it does, when Meta tells",
    _G,
    "use_case",
)
READ_SUCCESS = gauge(
    "whatsapp_graph_read_success",
    "boolean",
    "1 when the node was read in the last run, 0 when it could not be or was not asked for",
    _G,
    "node",
)
READS = gauge("whatsapp_graph_reads_last_hour", "reads", "Reads in the hour before the last run's end", _G)
READS_LIMIT = gauge(
    "whatsapp_graph_reads_per_hour_limit", "reads", "Reads that the collector makes in an hour at most", _G
)

METRICS: tuple[MetricDefinition, ...] = (
    PHONE_STATUS,
    PHONE_QUALITY,
    PHONE_NAME_STATUS,
    PHONE_CODE_VERIFICATION,
    PHONE_THROUGHPUT,
    PHONE_MODE,
    LIMIT_TIER,
    LIMIT_RECIPIENTS,
    WEBHOOK_LEVEL,
    WEBHOOK_IS_OURS,
    CAN_SEND,
    HEALTH_ERROR,
    ACCOUNT_STATUS,
    ACCOUNT_REVIEW,
    BUSINESS_VERIFICATION,
    SUBSCRIBED_APPS,
    APP_SUBSCRIBED,
    TEMPLATES,
    TEMPLATES_BY_QUALITY,
    TEMPLATE_STATUS,
    TEMPLATE_CAN_SEND,
    TEMPLATES_LEFT_OUT,
    TOKEN_VALID,
    TOKEN_EXPIRY,
    TOKEN_DATA_ACCESS_EXPIRY,
    TOKEN_SCOPE,
    APP_USAGE,
    BUSINESS_USAGE,
    REGAIN,
    READ_SUCCESS,
    READS,
    READS_LIMIT,
)
"""All of them."""
