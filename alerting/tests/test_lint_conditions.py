"""What the lint finds in conditions, and what it lets pass: one line each."""

import pytest
from small_project import Project, alert, lines, objective

TOP = "max by (host) (last_over_time(app_queue[2m]))"
CONDITIONS = [
    # Metrics.
    (
        "max by (host) (app_queues) > ${limit}",
        "condition: app_queues is neither in docs/metrics.md nor in external_metrics.yml",
    ),
    (
        "max by (host) (objective:nothing:ratio1h) > ${limit}",
        "condition: objective:nothing:ratio1h is not recorded by any objective",
    ),
    (
        "max by (host) (app_duration_seconds) > ${limit}",
        "condition: app_duration_seconds is a histogram, read by app_duration_seconds_bucket, ",
    ),
    ('max by (host) (app_queue{stat="due"}) > ${limit}', "condition: app_queue has no label stat"),
    # Functions for counters, and for gauges.
    (
        "sum by (host) (rate(app_queue[5m])) > ${limit}",
        "condition: rate is for counters, and app_queue is a gauge",
    ),
    (
        "max by (host) (resets(node_load1[5m])) > ${limit}",
        "condition: resets is for counters, and node_load1 is a gauge",
    ),
    (
        "max by (host) (deriv(app_requests_total[5m])) > ${limit}",
        "condition: deriv is for gauges, and app_requests_total is a counter",
    ),
    (
        "max by (host) (avg_over_time(app_duration_seconds_sum[5m])) > ${limit}",
        "condition: avg_over_time is for gauges, and app_duration_seconds_sum is a counter",
    ),
    (
        "rate(sum by (host) (app_requests_total)[5m:1m]) > ${limit}",
        "condition: rate over a sum takes a reset of one series for growth: sum the rate instead",
    ),
    (
        "histogram_quantile(0.9, sum by (host) (rate(app_duration_seconds_bucket[5m]))) > ${limit}",
        "condition: histogram_quantile needs the label le, which the aggregation drops",
    ),
    # Ranges.
    (
        "max by (host) (max_over_time(app_queue[1m])) > ${limit}",
        "condition: the range 1m is shorter than 4 scrapes (2m)",
    ),
    (
        "max by (host) (max_over_time(app_queue[1m:30s])) > ${limit}",
        "condition: the range 1m is shorter than 4 scrapes (2m)",
    ),
    # Labels of the result.
    ("max(app_queue) > ${limit}", "identity: names host, which the result of the condition does not have"),
    (
        "max by (host, state) (app_queue) > ${limit}",
        "identity: does not name state, which the result of the condition has",
    ),
    (
        f'label_replace({TOP} > ${{limit}}, "kind", "long", "", "")',
        "identity: does not name kind, which the result of the condition has",
    ),
    (
        "app_queue > ${limit}",
        "condition: its result has unknown labels: aggregate it by those of identity",
    ),
    # Matching.
    (
        f"{TOP} > ${{limit}} and max by (host, state) (app_queue) > 0",
        "condition: the sides of and never match: only one of them has state; aggregate both alike, or",
    ),
    (
        f"{TOP} / app_full_ratio > ${{limit}}",
        "condition: the sides of / never match: only one of them has instance, job; aggregate both",
    ),
    (
        f"{TOP} > ${{limit}} unless on (host, state) max by (host, state) (app_queue) > 0",
        "condition: unless matches on state, which one of its sides does not have",
    ),
    # What always fires, or never.
    ("${limit} * max by (host) (app_queue)", "condition: compares nothing, so it fires for every series"),
    (
        f"{TOP} == ${{limit}}",
        "condition: == with a number that is not a state (0 or 1): a measured value is rarely equal to it",
    ),
    (
        f"{TOP} > ${{limit}} and on () vector(1) > 2",
        "condition: vector(1) > 2 compares constants",
    ),
    (
        "max by (host) (app_full_ratio) > ${limit}",
        "condition: ... > 5 is never true: the values cannot go that far",
    ),
    (
        "max by (host) (app_error_percent) >= 20 * ${limit} + 1",
        "condition: ... >= 20 * 5 + 1 is never true: the values cannot go that far",
    ),
    (
        "sum by (host) (increase(app_requests_total[5m])) < ${limit} - 5",
        "condition: ... < 5 - 5 is never true: the values cannot go that far",
    ),
    (
        'absent(app_queue{host="a",job=~".+"}) or max by (host) (app_queue) > ${limit}',
        "condition: absent cannot say which series is absent: it asks job for more than one value",
    ),
    ("max( > ${limit}", "condition: is not PromQL: "),
    # Thresholds in strings.
    (
        'max by (host) (app_queue{state="${limit}"}) > ${limit}',
        "condition: ${limit} stands in a string, where a number means nothing",
    ),
]


@pytest.mark.parametrize(("condition", "line"), CONDITIONS)
def test_fault_of_a_condition(
    project: Project, condition: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert(condition=condition))

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"QueueLong: {line}")


RIGHT = [
    TOP + " > ${limit}",
    "max by (host) (changes(app_requests_total[5m]) + count_over_time(app_queue[5m])) > ${limit}",
    "sum by (host) (increase(app_requests_total[5m:1m])) > ${limit}",
    "sum by (host) (rate(node_reads_total[5m])) * on (host) group_left max by (host) (app_queue) > ${limit}",
    'sum by (host) (increase(app_duration_seconds_bucket{le="5"}[5m])) > ${limit}',
    "histogram_quantile(0.9, sum by (host, le) (rate(app_duration_seconds_bucket[5m]))) > ${limit}",
    "100 * max by (host) (app_full_ratio) > ${limit}",
    "sum without (job, instance, state) (app_queue) > ${limit} and max by (host) (app_ready) == 1",
    TOP + " > ${limit} unless on (host) app_ready == 0",
    TOP + " > ${limit} or max by (host) (app_ready) == 0",
    'max by (host) (label_replace(app_queue, "host", "$1", "instance", "(.+):.+")) > ${limit}',
    "max by (host) (deriv((app_queue - app_ready)[5m:30s])) > ${limit}",
    "time() - max by (host) (last_over_time(node_load1[2m])) > ${limit}",
    "max by (host) (abs(time() - timestamp(app_queue))) > bool ${limit} == 1",
]


@pytest.mark.parametrize("condition", RIGHT)
def test_condition_without_a_fault(
    project: Project, condition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(
        alert(condition=condition, dashboard="queue"), objectives=(objective(dashboard="queue"),)
    )

    assert (lines(capsys), status) == ([], 0)
