"""The keys of replicated secrets, without which each update would replicate them anew."""

from corrections.kit import Call, Data, operation
from moto.secretsmanager.models import secretsmanager_backends


@operation("secretsmanager", "CreateSecret", "ReplicateSecretToRegions")
def keep_keys(call: Call) -> Data:
    """moto says of every replica that it has the key of Secrets Manager itself (moto 5.2.1, ReplicaSecret)."""
    answer = call.proceed()
    secret = secretsmanager_backends[call.account][call.region].secrets[answer["ARN"]]
    keys = {each["Region"]: each.get("KmsKeyId") for each in call.params.get("AddReplicaRegions") or []}
    for replica in secret.replicas:
        replica.config["KmsKeyId"] = keys.get(replica.region) or replica.config["KmsKeyId"]
    for shown in answer.get("ReplicationStatus") or []:
        shown["KmsKeyId"] = keys.get(shown["Region"]) or shown["KmsKeyId"]
    return answer
