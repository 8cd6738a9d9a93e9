// Package drills runs the application as a process against a real PostgreSQL server and an emulator of AWS, and breaks its
// surroundings under load. Each drill prints what people would have noticed, and fails above a stated bound.
//
// Run it from the folder app with
//
//	go test -race -v ./drills
//
// PostgreSQL's programs (Debian: the package postgresql) and an emulator of AWS (moto_server, or the command in
// E2E_EMULATOR) have to be installed. Drills that lack one are skipped. With CI in the environment, they fail instead.
package drills
