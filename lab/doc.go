// Package lab runs the data plane of a stack as real processes on one machine, and takes parts of it away while requests are
// under way: instances, an Availability Zone, the primary of the database, passwords, releases.
//
// The real Pulumi engine and AWS provider deploy a stack on an AWS API emulator. The lab follows the emulator: as instances of
// the Auto Scaling group start and end there, machines boot here from the user data of their launch template and stop, and what
// the lab's load balancer finds of their health is what the API answers. So the commands of cmd/verify run unmodified.
//
// docs/proof.md says what a run measures, and what a lab cannot say about AWS.
//
// It needs root on Linux, the Debian packages that .ci/run installs, and the tools of the end-to-end tests: make lab.
package lab
