//go:build linux

// Command link connects network namespaces of this machine as a switch connects hosts,
// with cables that are as slow as it is told:
//
//	link [-delay 1ms] [-rate 1gbit] NAMESPACE...
//
// Each namespace gets a device of the name net0, which is to have the address 10.77.0.1
// in the first, 10.77.0.2 in the second and so on. What a namespace sends leaves it at
// no more than the rate, and comes to another the delay later. It does what Linux does
// by tc and netem, which not every kernel has. When the devices are there it prints a
// line.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	delay := flag.Duration("delay", 0, "`time` from one namespace to another")
	limit := flag.String("rate", "", "`bits` per second that a namespace sends, such as 100mbit; no limit if missing")
	flag.Parse()
	if err := run(*delay, *limit, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "link:", err)
		os.Exit(1)
	}
}

func run(delay time.Duration, limit string, names []string) error {
	rate, err := parseRate(limit)
	if err != nil {
		return err
	}
	var devices []*os.File
	for _, name := range names {
		d, err := device(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		devices = append(devices, d)
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, -15) // a cable does not wait for a processor
	failed := make(chan error)
	for _, d := range devices {
		queue := make(chan packet, 1<<16)
		go func() { failed <- send(d, queue, delay, rate) }()
		go deliver(queue, devices)
	}
	fmt.Println("ready")
	return <-failed
}

// parseRate returns the seconds that a bit takes.
func parseRate(text string) (seconds float64, err error) {
	if text == "" {
		return 0, nil
	}
	for unit, bits := range map[string]float64{"kbit": 1e3, "mbit": 1e6, "gbit": 1e9} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			v, err := strconv.ParseFloat(n, 64)
			if err == nil && v > 0 {
				return 1 / (v * bits), nil
			}
		}
	}
	return 0, fmt.Errorf("-rate %q: want such as 100mbit or 1gbit", text)
}

// device makes the device in a namespace.
func device(namespace string) (*os.File, error) {
	// The thread ends with this goroutine, as it must: it is in another namespace.
	type result struct {
		fd  int
		err error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread()
		fd, err := tun(namespace)
		made <- result{fd, err}
	}()
	r := <-made
	if r.err != nil {
		return nil, r.err
	}
	return os.NewFile(uintptr(r.fd), namespace), nil
}

func tun(namespace string) (int, error) {
	ns, err := unix.Open(filepath.Join("/run/netns", namespace), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(ns)
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		return -1, err
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	request, err := unix.NewIfreq("net0")
	if err != nil {
		return -1, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	return fd, unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
}

// packet is what a namespace has sent, and when it is to arrive.
type packet struct {
	data []byte
	at   time.Time
}

// send puts what a namespace sends into a queue.
func send(from *os.File, queue chan<- packet, delay time.Duration, perBit float64) error {
	var free time.Time // when the cable is
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return err
		}
		if now := time.Now(); free.Before(now) {
			free = now
		}
		free = free.Add(time.Duration(8 * float64(n) * perBit * float64(time.Second)))
		queue <- packet{bytes.Clone(buf[:n]), free.Add(delay)}
	}
}

// deliver takes packets of IPv4 to where they are addressed to, when it is time.
func deliver(queue <-chan packet, devices []*os.File) {
	for p := range queue {
		if len(p.data) < 20 || p.data[0]>>4 != 4 {
			continue
		}
		to := p.data[16:20]
		if !bytes.Equal(to[:3], []byte{10, 77, 0}) || to[3] == 0 || int(to[3]) > len(devices) {
			continue
		}
		time.Sleep(time.Until(p.at))
		_, _ = devices[to[3]-1].Write(p.data) // fails where a device is down: the packet is lost
	}
}
