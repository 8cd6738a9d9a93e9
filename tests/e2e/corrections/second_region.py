"""What the loss of a region needs of the emulator: a region that answers no more, and aliases of CloudFront that move.

PUT /localcloud/regions {"lost": ["us-east-2"]} takes regions away, and GET shows which, and what was asked of them since. Global
services sign their requests for us-east-1, so the control planes of CloudFront, IAM and Route 53 go with that one alone, as on AWS."""

import re

from corrections.control import route
from corrections.kit import Call, Data, Fault, add_paths, operation
from werkzeug.serving import WSGIRequestHandler

_lost: set[str] = set()
_refused: list[str] = []
_run = WSGIRequestHandler.run_wsgi


def _answer(self: WSGIRequestHandler) -> None:
    signed = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/", self.headers.get("Authorization", ""))
    if signed is None or signed[1] not in _lost:
        return _run(self)
    _refused.append(f"{signed[2]} in {signed[1]}: {self.headers.get('X-Amz-Target') or self.path}")
    self.send_error(503, "the region is lost")
    self.close_connection = True


WSGIRequestHandler.run_wsgi = _answer  # type: ignore[method-assign]


@route("PUT", "regions")
def lose(fields: Data) -> Data:
    _lost.clear()
    _lost.update(fields["lost"])
    _refused.clear()
    return regions(fields)


@route("GET", "regions")
def regions(_: Data) -> Data:
    return {"lost": sorted(_lost), "refused": _refused}


add_paths("cloudfront", "/2020-05-31/distribution/(?P<distribution_id>[^/]+)/associate-alias$")


@operation("cloudfront", "AssociateAlias")
def move(call: Call) -> Data:
    """moto has no such operation. AWS takes the alias from any distribution of the account, and gives it to one whose certificate
    covers it (Amazon CloudFront API reference, AssociateAlias)."""
    kept, alias = call.table("distributions", region="global"), call.params["Alias"]
    target = kept.get(call.params["TargetDistributionId"])
    if target is None:
        raise Fault("NoSuchDistribution", "The specified distribution does not exist.")
    if not target["ViewerCertificate"].get("ACMCertificateArn"):
        raise Fault("InvalidArgument", f"The certificate of the distribution does not cover {alias}.")
    for config in kept.values():
        names = [name for name in config["Aliases"].get("Items") or [] if name != alias]
        if config is target:
            names.append(alias)
        config["Aliases"] = {"Quantity": len(names), "Items": names} if names else {"Quantity": 0}
    return {}
