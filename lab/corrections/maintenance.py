"""moto has no pending maintenance. A database of the lab has none either."""

from corrections.kit import Call, Data, operation


@operation("rds", "DescribePendingMaintenanceActions")
def pending(call: Call) -> Data:
    return {"PendingMaintenanceActions": []}
