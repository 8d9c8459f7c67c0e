"""CloudWatch alarms as AWS evaluates them: by their dimensions and periods, with
missing data treated as they say, and with the depth of queues as a metric. The
emulator looks at an alarm only when a metric is put, whatever its dimensions."""

import threading
import time

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, sqs

REGIONS = ("us-east-1", "us-west-2")
INTERVAL_SECONDS = 1


def points_of(alarm, since):
    wanted = {d["Name"]: d["Value"] for d in alarm.get("Dimensions", [])}
    if alarm["Namespace"] == "AWS/SQS":
        queue = next((q for url, q in sqs._queues.items() if url.endswith("/" + wanted["QueueName"])), None)
        visible = [m for m in queue["messages"] if m["visible_at"] <= time.time()] if queue else []
        return [float(len(visible))]
    found = []
    for (namespace, name, _), points in list(cloudwatch._metrics.items()):
        if namespace == alarm["Namespace"] and name == alarm["MetricName"]:
            found += [p["Value"] for p in points if p["Timestamp"] >= since and p["Dimensions"] == wanted]
    return found


STATISTICS = {"Maximum": max, "Minimum": min, "Sum": sum, "Average": lambda v: sum(v) / len(v), "SampleCount": len}
OPERATORS = {"GreaterThanThreshold": lambda a, b: a > b, "LessThanThreshold": lambda a, b: a < b}


def state_of(alarm, created):
    window = alarm["Period"] * alarm["EvaluationPeriods"]
    values = points_of(alarm, time.time() - window)
    if values:
        value = STATISTICS[alarm["Statistic"]](values)
        return "ALARM" if OPERATORS[alarm["ComparisonOperator"]](value, alarm["Threshold"]) else "OK"
    if time.time() - created < window:
        return None  # too young for its silence to mean anything
    return {"breaching": "ALARM", "notBreaching": "OK"}.get(alarm.get("TreatMissingData"))


def evaluate(first_seen):
    for region in REGIONS:
        with request_scope("000000000000", region):
            for name, alarm in list(cloudwatch._alarms.items()):
                created = first_seen.setdefault((region, name), time.time())
                state = state_of(alarm, created)
                old = alarm["StateValue"]
                if state in (None, old):
                    continue
                alarm.update(StateValue=state, StateReason=f"{alarm['MetricName']} is {state}")
                # An alarm that begins as OK says nothing, as on AWS.
                if (old, state) != ("INSUFFICIENT_DATA", "OK"):
                    cloudwatch._dispatch_alarm_actions(alarm, old, state, alarm["StateReason"])


def run():
    first_seen = {}
    while True:
        time.sleep(INTERVAL_SECONDS)
        evaluate(first_seen)


def start():
    cloudwatch._evaluate_all_alarms = lambda: None
    threading.Thread(target=run, daemon=True).start()
