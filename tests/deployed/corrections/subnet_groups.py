"""A database subnet group stays when its subnets change: moto takes it out to change it and does not put it back
(moto 5.2.1, RDSBackend.modify_db_subnet_group)."""

from corrections.kit import Call, Data, operation
from moto.rds.models import rds_backends


@operation("rds", "ModifyDBSubnetGroup")
def keep(call: Call) -> Data:
    groups, name = rds_backends[call.account][call.region].subnet_groups, call.params["DBSubnetGroupName"]
    group = groups.get(name)
    answer = call.proceed()
    groups[name] = group
    return answer
