package controls

// Elsewhere is a group of published controls that no plan of this program can pass or fail.
type Elsewhere struct {
	IDs []string // * stands for any number
	Why string
}

// NotHere returns the controls of the same services, and of the account, that are not in this package, and why.
func NotHere() []Elsewhere {
	return []Elsewhere{
		{[]string{
			"Account.*", "CloudTrail.*", "CloudWatch.1 to CloudWatch.14", "Config.1", "EC2.7", "EC2.172", "EC2.182", "GuardDuty.*", "IAM.3 to IAM.20",
			"IAM.22", "IAM.26", "IAM.28", "Inspector.*", "Macie.*", "S3.1", "S3.22", "S3.23", "SSM.6", "SSM.7", "CIS v5 5.1.1",
		}, "Settings of an account or a region: a stack that changed them would change them for its neighbours. They belong to whatever sets up accounts."},
		{[]string{"EC2.1", "EC2.4", "RDS.1", "SecretsManager.2", "SecretsManager.3", "SSM.2", "SSM.3"},
			"What becomes of things once they run: Security Hub sees it, a plan does not. Alarms of the stack tell of rotations that fail."},
		{[]string{
			"CloudFront.16", "EC2.20", "EC2.23", "EC2.51", "EC2.171", "EC2.173", "EC2.183", "ELB.2", "ELB.3", "ELB.7 to ELB.10", "ELB.14", "EventBridge.3",
			"IAM.2", "IAM.27", "Lambda.*", "RDS.7", "RDS.12", "RDS.14 to RDS.16", "RDS.19", "RDS.24", "RDS.27", "RDS.34", "RDS.35", "RDS.37", "RDS.40",
			"RDS.41", "RDS.45", "RDS.47", "RDS.48", "RDS.50", "RDS.51", "Route53.2", "S3.19", "S3.24", "S3.25", "WAF.1 to WAF.8", "CIS v3 5.5", "CIS v5 5.6",
		}, "Resources that the program does not make: classic load balancers, clusters of databases, VPNs, peerings, Lambda functions, IAM users, zones."},
		{[]string{"EC2.180"}, "Launch templates have no such setting: interfaces of instances check source and destination unless told otherwise later."},
		{[]string{"SNS.2"}, "Retired by Security Hub in 2024."},
		{[]string{"ACM.3", "AutoScaling.10", "CloudFront.14", "EC2.175", "RDS.30", "and other controls of tags"},
			"Everything that takes tags has Project, Stack and Environment; the program's own tests hold it to that."},
	}
}
