package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	databases "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func (o *restore) judge(m measured) []claim {
	age := o.began.Sub(*o.source.LatestRestorableTime)
	o.note("recovery point", "%v before the drill, at %s", age.Round(time.Second), o.source.LatestRestorableTime.UTC().Format(time.RFC3339))
	claims := []claim{{
		fmt.Sprintf("The database can be restored to less than %v ago.", oldestRestore), age < oldestRestore, fmt.Sprintf("To %v ago.", age.Round(time.Second)),
	}}
	if o.step == 0 {
		return claims // it was never available
	}
	groups := strings.Join(securityGroupsOf(o.copy), ", ")
	same := func(text, has, wants string) {
		claims = append(claims, claim{text, has == wants, cmp.Or(has, "none") + "."})
	}
	claims = append(claims,
		claim{"The copy is encrypted.", aws.ToBool(o.copy.StorageEncrypted), cmp.Or(aws.ToString(o.copy.KmsKeyId), "no key") + "."},
		claim{"The copy is private.", !aws.ToBool(o.copy.PubliclyAccessible), map[bool]string{true: "It has a public address.", false: "It has no public address."}[aws.ToBool(o.copy.PubliclyAccessible)]})
	same("The copy has the security groups of the database.", groups, strings.Join(securityGroupsOf(o.source), ", "))
	same("The copy has the DB subnet group of the database.", subnetGroupOf(o.copy), subnetGroupOf(o.source))
	same("The copy has the parameter group of the database.", parameterGroupOf(o.copy), parameterGroupOf(o.source))
	same("The copy has the engine and version of the database.", engineOf(o.copy), engineOf(o.source))
	if table := o.options.count; table != "" && o.counted != nil {
		claims = append(claims, claim{fmt.Sprintf("Table %s has rows.", table), o.counted.rows > 0, fmt.Sprintf("%d.", o.counted.rows)})
	}
	return claims
}

func engineOf(d *databases.DBInstance) string {
	return aws.ToString(d.Engine) + " " + aws.ToString(d.EngineVersion)
}

func securityGroupsOf(d *databases.DBInstance) []string {
	var groups []string
	for _, each := range d.VpcSecurityGroups {
		groups = append(groups, aws.ToString(each.VpcSecurityGroupId))
	}
	slices.Sort(groups)
	return groups
}

func subnetGroupOf(d *databases.DBInstance) string {
	if d.DBSubnetGroup == nil {
		return ""
	}
	return aws.ToString(d.DBSubnetGroup.DBSubnetGroupName)
}

func parameterGroupOf(d *databases.DBInstance) string {
	if len(d.DBParameterGroups) == 0 {
		return ""
	}
	return aws.ToString(d.DBParameterGroups[0].DBParameterGroupName)
}
