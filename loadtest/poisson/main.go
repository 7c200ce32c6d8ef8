// Poisson sends requests by vegeta's library at random times, as many independent clients do.
//
// Vegeta's own command has paces that are constant or vary slowly. Behind them queues are shorter
// than those of real clients, so that a model of queues would be tried too kindly.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// memoryLimit is in bytes: from there on memory is collected all the same.
const memoryLimit = 512 << 20

// schedule is when each request is due, counted from the start.
type schedule []time.Duration

// Pace waits for the next request's time itself: Go's own timers come up to a millisecond late, ten
// times what many an answer takes.
func (due schedule) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	if hits >= uint64(len(due)) {
		return 0, true
	}
	sleep(due[hits] - elapsed)
	return 0, false
}

func sleep(length time.Duration) {
	end := time.Now().Add(length)
	for left := length; left > 0; left = time.Until(end) {
		pause := syscall.NsecToTimespec(left.Nanoseconds())
		// Go's own signals end it early; then what is left is slept.
		_ = syscall.Nanosleep(&pause, nil)
	}
}

// Rate is the mean, in requests a second.
func (due schedule) Rate(time.Duration) float64 {
	return float64(len(due)) / due[len(due)-1].Seconds()
}

func draw(rate float64, length time.Duration, seed int64) schedule {
	random := rand.New(rand.NewSource(seed))
	due := schedule{}
	for at := 0.0; ; {
		at += random.ExpFloat64() / rate
		if at >= length.Seconds() {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

func main() {
	rate := flag.Float64("rate", 100, "mean requests a second")
	length := flag.Duration("duration", 10*time.Second, "how long")
	timeout := flag.Duration("timeout", 20*time.Second, "longest wait for an answer")
	seed := flag.Int64("seed", 1, "of the random times")
	dry := flag.Bool("schedule", false, "only print when requests would be due, in ns")
	flag.Parse()
	due := draw(*rate, *length, *seed)
	if len(due) == 0 {
		log.Fatal("no request falls into so short a time")
	}
	if *dry {
		for _, at := range due {
			fmt.Println(at.Nanoseconds())
		}
		return
	}
	// One thread sleeps in the kernel while the other hears answers, though they share a core; more
	// threads than that take turns of milliseconds.
	runtime.GOMAXPROCS(max(2, runtime.NumCPU()))
	// A collection would stop all requests for a millisecond.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	targets, err := vegeta.ReadAllTargets(vegeta.NewJSONTargeter(os.Stdin, nil, http.Header{}))
	if err != nil {
		log.Fatal(err)
	}
	attacker := vegeta.NewAttacker(vegeta.Timeout(*timeout), vegeta.MaxBody(0))
	write(attacker.Attack(vegeta.NewStaticTargeter(targets...), due, 0, ""), due)
}

// write prints, for each request, when it was due and sent, its status and its latency; times in ns.
func write(results <-chan *vegeta.Result, due schedule) {
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for result := range results {
		fmt.Fprintf(output, "%d,%d,%d,%d\n",
			due[result.Seq], result.Timestamp.UnixNano(), result.Code, result.Latency)
	}
}
