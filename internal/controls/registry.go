package controls

import "ha-web/internal/awstype"

func registry() []Control {
	repositories := []string{awstype.AWSXECRRepository}
	return []Control{
		{
			ID: "ECR.1", Title: "Images are scanned", Severity: High, Remedy: "Turn on scanning on push", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(r.on("imageScanningConfiguration.scanOnPush"), "they are not")
			},
		}, {
			ID: "ECR.2", Title: "Tags of images do not move", Severity: Medium, Remedy: "Set imageTagMutability to IMMUTABLE", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(r.text("imageTagMutability") == "IMMUTABLE", "they can")
			},
		}, {
			ID: "ECR.3", Title: "Old images go", Severity: Medium, Remedy: "Add a lifecycle policy", Types: repositories,
			check: func(_ *plan, r resource) string {
				return unless(len(r.objects("lifecyclePolicy.rules")) > 0, "they stay for ever")
			},
		}, {
			ID: "ECR.5", Title: "Images are encrypted with a key of the account", Severity: Medium, Remedy: "Name a key of AWS KMS", Types: repositories,
			check: func(_ *plan, r resource) string {
				for _, each := range r.objects("encryptionConfigurations") {
					if each.has("kmsKey") {
						return ""
					}
				}
				return "they are not"
			},
		},
	}
}
