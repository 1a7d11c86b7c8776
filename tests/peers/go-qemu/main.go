// The published Go module go-qemu as a client: prints what it saw, a line a step.
//
// usage: go-qemu SOCKET
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/digitalocean/go-qemu/qemu"
	"github.com/digitalocean/go-qemu/qmp"
	"github.com/digitalocean/go-qemu/qmp/raw"
)

// patience is how long an event may take.
const patience = 30 * time.Second

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// outcome is what a command came to, as text.
func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "done"
}

// next waits for one event.
func next(events <-chan qmp.Event) {
	select {
	case event, open := <-events:
		if !open {
			log.Fatal("no more events")
		}
		data, err := json.Marshal(event.Data)
		must(err)
		fmt.Println("event:", event.Event, string(data), event.Timestamp.Seconds > 0)
	case <-time.After(patience):
		log.Fatal("no event in time")
	}
}

// passDescriptor hands a file over with getfd and closes it again.
func passDescriptor(monitor *qmp.SocketMonitor) {
	file, err := os.Open(os.DevNull)
	must(err)
	defer file.Close()
	request := []byte(`{"execute": "getfd", "arguments": {"fdname": "f"}}`)
	_, err = monitor.RunWithFile(request, file)
	fmt.Println("getfd:", outcome(err))
	_, err = monitor.Run(request)
	fmt.Println("getfd without a descriptor:", outcome(err))
	_, err = monitor.Run([]byte(`{"execute": "closefd", "arguments": {"fdname": "f"}}`))
	fmt.Println("closefd:", outcome(err))
}

// ask runs queries with the generated functions and the domain's own.
func ask(domain *qemu.Domain, typed *raw.Monitor) {
	commands, err := domain.Commands()
	must(err)
	fmt.Println("commands:", len(commands) > 20)
	version, err := domain.Version()
	must(err)
	fmt.Println("version:", version[:3])
	for _, command := range []string{"stop", "no-such-command"} {
		supported, err := domain.Supported(command)
		must(err)
		fmt.Println("supported:", command, supported)
	}
	status, err := domain.Status()
	must(err)
	fmt.Println("status:", status)
	uuid, err := typed.QueryUUID()
	must(err)
	fmt.Println("uuid:", uuid.UUID)
	target, err := typed.QueryTarget()
	must(err)
	fmt.Println("target:", target.Arch)
	chardevs, err := typed.QueryChardev()
	must(err)
	fmt.Println("chardevs:", len(chardevs), chardevs[0].Label, chardevs[0].FrontendOpen)
	fmt.Println("pmemsave:", outcome(typed.Pmemsave(0, 1, "/nonexistent/x")))
	_, err = domain.Run(qmp.Command{Execute: "no-such-command"})
	fmt.Println("no-such-command:", outcome(err))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go-qemu SOCKET")
	}
	monitor, err := qmp.NewSocketMonitor("unix", os.Args[1], 2*time.Second)
	must(err)
	must(monitor.Connect())
	fmt.Println("greeting:", monitor.Version.QEMU.Major, monitor.Version.QEMU.Minor, monitor.Capabilities)
	passDescriptor(monitor)
	domain, err := qemu.NewDomain(monitor, "peer")
	must(err)
	typed := raw.NewMonitor(monitor)
	ask(domain, typed)

	events, done, err := domain.Events()
	must(err)
	fmt.Println("stop:", outcome(typed.Stop()))
	next(events)
	fmt.Println("cont:", outcome(typed.Cont()))
	next(events)
	fmt.Println("reset:", outcome(domain.SystemReset()))
	next(events)
	_, err = domain.Run(qmp.Command{Execute: "quit"})
	fmt.Println("quit:", outcome(err))
	next(events)
	done <- struct{}{}
	fmt.Println("all steps passed")
}
