package tests

import (
	"os"
	"os/exec"
	"testing"
)

// BenchmarkPlan is what someone waits for who asks for an offline plan.
func BenchmarkPlan(b *testing.B) {
	command, err := program()
	if err != nil {
		b.Fatal(err)
	}
	for _, stack := range stacks {
		b.Run(stack, func(b *testing.B) {
			for b.Loop() {
				process := exec.CommandContext(b.Context(), command, "plan", "-stack", stack)
				process.Dir, process.Env = project, []string{"HOME=" + os.TempDir()}
				if output, err := process.CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, output)
				}
			}
		})
	}
}
