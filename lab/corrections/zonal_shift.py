"""Zonal shifts of load balancers (ARC, service arc-zonal-shift), which moto lacks as a whole.

Each start, end and expiry is told as a change, so that a load balancer can follow it:
{"kind": "ZonalShift", "resource", "awayFrom", "status"}, with status ACTIVE, CANCELED or EXPIRED.
https://docs.aws.amazon.com/arc-zonal-shift/latest/api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from corrections import kit
from corrections.control import happened
from corrections.kit import Data, clock, now, table_of, uuid4
from moto.core import DEFAULT_ACCOUNT_ID
from moto.elbv2.models import elbv2_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

SERVICE = "arc-zonal-shift"
_SHIFTS = "shifts"


class Problem(Exception):
    """An error of the API: its code, and the status of HTTP."""

    def __init__(self, code: str, status: int, message: str, **fields: str) -> None:
        super().__init__(message)
        self.code, self.status, self.fields = code, status, fields


class Request:
    """A call, as an operation sees it."""

    def __init__(self, environ: Data, region: str) -> None:
        self.region = region
        self.query = {k: v[-1] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
        text = environ["wsgi.input"].read()
        self.body: Data = json.loads(text) if text else {}
        self.name = ""  # what the path names

    @property
    def shifts(self) -> Data:
        return table_of(DEFAULT_ACCOUNT_ID, self.region, SERVICE, _SHIFTS)


# --- operations -----------------------------------------------------------


def _zones(request: Request, resource: str) -> list[str]:
    """The IDs of the zones of a load balancer whose zonal shift is enabled."""
    balancer = elbv2_backends[DEFAULT_ACCOUNT_ID][request.region].load_balancers.get(resource)
    if balancer is None or str(balancer.attrs.get("zonal_shift.config.enabled", "false")).lower() != "true":
        raise Problem("ResourceNotFoundException", 404, f"The resource {resource} is not a managed resource.")
    return sorted({subnet._availability_zone.zone_id for subnet in balancer.subnets})


def _expiry(text: str) -> float:
    found = re.fullmatch(r"([1-9][0-9]*)([mh])", text)
    seconds = int(found[1]) * (60 if found[2] == "m" else 3600) if found else 0
    if not 60 <= seconds <= 72 * 3600:
        raise Problem("ValidationException", 400, f"expiresIn {text} must be 1m to 72h.", reason="InvalidExpiresIn")
    return now() + seconds


def _active(request: Request, resource: str) -> list[Data]:
    return [s for s in request.shifts.values() if s["resourceIdentifier"] == resource and s["status"] == "ACTIVE"]


def start(request: Request) -> Data:
    given = request.body
    for name in ("awayFrom", "comment", "expiresIn", "resourceIdentifier"):
        if not given.get(name):
            raise Problem("ValidationException", 400, f"{name} is missing.", reason="MissingValue")
    resource = given["resourceIdentifier"]
    if given["awayFrom"] not in _zones(request, resource):
        raise Problem("ValidationException", 400, f"{given['awayFrom']} is no zone of {resource}.", reason="InvalidAz")
    for other in _active(request, resource):
        raise Problem(
            "ConflictException", 409, "A zonal shift is active.", conflictExceptionReason="ZonalShiftAlreadyExists", zonalShiftId=other["zonalShiftId"]
        )
    shift = {
        "zonalShiftId": uuid4(),
        "resourceIdentifier": resource,
        "awayFrom": given["awayFrom"],
        "expiryTime": _expiry(given["expiresIn"]),
        "startTime": now(),
        "status": "ACTIVE",
        "comment": given["comment"],
    }
    request.shifts[shift["zonalShiftId"]] = shift
    _tell(request.region, shift)
    return dict(shift)


def _running(request: Request) -> Data:
    shift: Data | None = request.shifts.get(request.name)
    if shift is None:
        raise Problem("ResourceNotFoundException", 404, f"There is no zonal shift {request.name}.")
    if shift["status"] != "ACTIVE":
        raise Problem("ValidationException", 400, "The zonal shift is not active.", reason="InvalidStatus")
    return shift


def update(request: Request) -> Data:
    shift = _running(request)
    if request.body.get("expiresIn"):
        shift["expiryTime"] = _expiry(request.body["expiresIn"])
    shift["comment"] = request.body.get("comment") or shift["comment"]
    return dict(shift)


def cancel(request: Request) -> Data:
    shift = _running(request)
    shift["status"] = "CANCELED"
    _tell(request.region, shift)
    return dict(shift)


def listed(request: Request) -> Data:
    wanted = {"status": request.query.get("status"), "resourceIdentifier": request.query.get("resourceIdentifier")}
    items = [s for s in request.shifts.values() if all(v is None or s[k] == v for k, v in wanted.items())]
    return {"items": [{**s, "shiftType": "ZONAL_SHIFT"} for s in items]}


def managed(request: Request) -> Data:
    zones, away = _zones(request, request.name), _active(request, request.name)
    return {
        "arn": request.name,
        "name": request.name.split("/")[-2],
        "appliedWeights": {z: 0.0 if any(s["awayFrom"] == z for s in away) else 1.0 for z in zones},
        "zonalShifts": [{**s, "appliedStatus": "APPLIED", "shiftType": "ZONAL_SHIFT"} for s in away],
        "autoshifts": [],
        "zonalAutoshiftStatus": "DISABLED",
    }


def _tell(region: str, shift: Data) -> None:
    happened(
        "ZonalShift", DEFAULT_ACCOUNT_ID, region, resource=shift["resourceIdentifier"], awayFrom=shift["awayFrom"], status=shift["status"]
    )


@clock
def expire() -> None:
    for (_, region, service, name), shifts in list(kit.every_table().items()):
        if (service, name) != (SERVICE, _SHIFTS):
            continue
        for shift in shifts.values():
            if shift["status"] == "ACTIVE" and shift["expiryTime"] <= now():
                shift["status"] = "EXPIRED"
                _tell(region, shift)


# --- HTTP -----------------------------------------------------------------

_OPERATIONS: list[tuple[str, str, str, Callable[[Request], Data], int]] = [
    ("POST", r"/zonalshifts", "StartZonalShift", start, 201),
    ("GET", r"/zonalshifts", "ListZonalShifts", listed, 200),
    ("PATCH", r"/zonalshifts/(.+)", "UpdateZonalShift", update, 200),
    ("DELETE", r"/zonalshifts/(.+)", "CancelZonalShift", cancel, 200),
    ("GET", r"/managedresources/(.+)", "GetManagedResource", managed, 200),
]


def _handle(environ: Data) -> tuple[int, Data, str]:
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ["HTTP_AUTHORIZATION"])
    request = Request(environ, scope[1] if scope else "us-east-1")
    for method, path, operation, work, status in _OPERATIONS:
        found = re.fullmatch(path, unquote(environ["PATH_INFO"]))
        if not found or method != environ["REQUEST_METHOD"]:
            continue
        kit.calls[SERVICE, operation] += 1
        kit.tick()
        request.name = found[1] if found.groups() else ""
        return status, work(request), ""
    raise Problem("ValidationException", 400, "The emulator does not know this operation.")


def application(environ: Data, start_response: Any) -> list[bytes]:
    try:
        status, data, code = _handle(environ)
    except Problem as problem:
        status, data, code = problem.status, {"message": str(problem), **problem.fields}, problem.code
    body = json.dumps(data).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if code:
        headers.append(("x-amzn-ErrorType", code))
    start_response(f"{status} {'OK' if status < 400 else 'Error'}", headers)
    return [body]


_find = DomainDispatcherApplication.get_application


def _get_application(self: Any, environ: Data) -> Any:
    """moto finds services by the scope of the signature too, but knows no other than its own."""
    if f"/{SERVICE}/" in environ.get("HTTP_AUTHORIZATION", ""):
        return application
    return _find(self, environ)


DomainDispatcherApplication.get_application = _get_application  # type: ignore[method-assign]
