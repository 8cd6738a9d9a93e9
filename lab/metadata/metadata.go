// Package metadata is the instance metadata service of one instance of a lab, version 2 only: requests without a token are
// refused, as they are where a launch template sets HttpTokens to required (Amazon EC2 user guide, "Use the Instance Metadata
// Service to access instance metadata"). The hop limit of its answers is a matter of IP and not modeled.
package metadata

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Instance is what the service tells.
type Instance struct {
	ID, Type, Image string
	Region, Zone    string
	Account         string
	Address         netip.Addr
	Launched        time.Time
	UserData        []byte
	Tags            map[string]string // nil if the launch template does not enable tags in metadata

	Profile     string // ARN of the instance profile, empty if there is none
	Role        string // name of its role
	Credentials func(context.Context) (aws.Credentials, error)
}

// Service answers for an instance. It is an http.Handler for http://169.254.169.254.
type Service struct {
	tokens tokens
	role   role

	mutex   sync.Mutex
	content map[string]func(context.Context) string // by path below the version
}

// New returns the service of an instance.
func New(instance Instance) *Service {
	s := &Service{tokens: tokens{ends: map[string]time.Time{}}, role: role{retrieve: instance.Credentials}}
	s.content = map[string]func(context.Context) string{
		"dynamic/instance-identity/document": constant(identity(instance)),
	}
	for path, value := range map[string]string{
		"ami-id":                             instance.Image,
		"instance-id":                        instance.ID,
		"instance-type":                      instance.Type,
		"instance-life-cycle":                "on-demand",
		"local-hostname":                     hostname(instance),
		"hostname":                           hostname(instance),
		"local-ipv4":                         instance.Address.String(),
		"placement/availability-zone":        instance.Zone,
		"placement/region":                   instance.Region,
		"services/domain":                    "amazonaws.com",
		"services/partition":                 "aws",
		"autoscaling/target-lifecycle-state": "InService",
	} {
		s.Set(path, value)
	}
	for key, value := range instance.Tags {
		s.Set("tags/instance/"+key, value)
	}
	if len(instance.UserData) > 0 {
		s.content["user-data"] = constant(string(instance.UserData))
	}
	if instance.Role != "" {
		s.content["meta-data/iam/security-credentials/"+instance.Role] = s.role.document
		s.content["meta-data/iam/info"] = func(context.Context) string {
			return document(map[string]any{
				"Code": "Success", "LastUpdated": stamp(instance.Launched), "InstanceProfileArn": instance.Profile, "InstanceProfileId": "AIPALAB",
			})
		}
	}
	return s
}

// Set changes a value below meta-data, such as autoscaling/target-lifecycle-state. An empty value removes it.
func (s *Service) Set(path, value string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if value == "" {
		delete(s.content, "meta-data/"+path)
		return
	}
	s.content["meta-data/"+path] = constant(value)
}

func constant(value string) func(context.Context) string {
	return func(context.Context) string { return value }
}

func hostname(instance Instance) string {
	return "ip-" + strings.ReplaceAll(instance.Address.String(), ".", "-") + "." + instance.Region + ".compute.internal"
}

func identity(instance Instance) string {
	return document(map[string]any{
		"accountId": instance.Account, "architecture": "x86_64", "availabilityZone": instance.Zone, "imageId": instance.Image,
		"instanceId": instance.ID, "instanceType": instance.Type, "pendingTime": stamp(instance.Launched),
		"privateIp": instance.Address.String(), "region": instance.Region, "version": "2017-09-30",
	})
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

func document(content map[string]any) string {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}

var versions = regexp.MustCompile(`^/(latest|20\d\d-\d\d-\d\d)/(.*)$`)

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "EC2ws")
	version := versions.FindStringSubmatch(r.URL.Path)
	if version != nil && version[2] == "api/token" {
		s.tokens.issue(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	if !s.tokens.valid(r.Header.Get(tokenHeader)) {
		refuse(w, http.StatusUnauthorized)
		return
	}
	text, found := "latest", r.URL.Path == "/"
	if version != nil {
		text, found = s.find(r.Context(), strings.Trim(version[2], "/"))
	}
	if !found {
		refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, text)
}

// find returns the value at a path, or the names that are below it.
func (s *Service) find(ctx context.Context, path string) (string, bool) {
	s.mutex.Lock()
	value := s.content[path]
	names := map[string]bool{}
	for each := range s.content {
		below, inside := strings.CutPrefix(each, path+"/")
		if path == "" {
			below, inside = each, true
		}
		if name, _, folder := strings.Cut(below, "/"); inside && folder {
			names[name+"/"] = true
		} else if inside {
			names[name] = true
		}
	}
	s.mutex.Unlock()
	if value != nil {
		return value(ctx), true
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), "\n"), len(names) > 0
}

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html><body>%d - %s</body></html>\n", status, http.StatusText(status))
}
