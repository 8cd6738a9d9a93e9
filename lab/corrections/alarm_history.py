"""DescribeAlarmHistory, which moto lacks: the changes of state that the emulator tells (AlarmState)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from corrections import control
from corrections.kit import Call, Data, operation


@operation("cloudwatch", "DescribeAlarmHistory")
def describe_alarm_history(call: Call) -> Data:
    p = call.params
    first, last = _seconds(p.get("StartDate")), _seconds(p.get("EndDate"))
    items = [
        _item(change)
        for change in control._changes
        if change["kind"] == "AlarmState"
        and change["account"] == call.account
        and change["region"] == call.region
        and p.get("AlarmName") in (None, change["name"])
        and p.get("HistoryItemType") in (None, "StateUpdate")
        and (first is None or first <= change["time"])
        and (last is None or change["time"] <= last)
    ]
    if p.get("ScanBy") != "TimestampAscending":
        items.reverse()
    return {"AlarmHistoryItems": items[: int(p.get("MaxRecords") or 100)]}


def _item(change: Data) -> Data:
    old, new = change.get("previous", "INSUFFICIENT_DATA"), change["state"]
    return {
        "AlarmName": change["name"],
        "AlarmType": "MetricAlarm",
        "Timestamp": datetime.fromtimestamp(change["time"]).astimezone(),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from {old} to {new}",
        "HistoryData": json.dumps({
            "version": "1.0",
            "oldState": {"stateValue": old},
            "newState": {"stateValue": new, "stateReason": change.get("reason", "")},
        }),
    }


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value.timestamp() if isinstance(value, datetime) else value
