package media_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

// Participants that must not share this process, because its memory or its time
// is measured, live in a child: this test binary, with botsEnv set to a crowd in
// JSON. Signals go through its standard input and output, one in a line.
const botsEnv = "MEDIA_TEST_BOTS"

type crowd struct {
	Names         []string
	Publish       []media.Medium
	FrameInterval time.Duration
}

type line struct {
	Bot    string
	Signal media.Signal
}

func TestMain(m *testing.M) {
	if c := os.Getenv(botsEnv); c != "" {
		if err := runCrowd(c, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if !raceEnabled {
		_ = flag.Set("test.parallel", "6") // these tests mostly wait
	}
	os.Exit(m.Run())
}

func runCrowd(config string, in io.Reader, out io.Writer) error {
	var c crowd
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	var mu sync.Mutex
	encoder := json.NewEncoder(out)
	bots := make(map[string]*mediatest.Bot)
	for _, name := range c.Names {
		bots[name] = mediatest.New(name, func(s media.Signal) error {
			mu.Lock()
			defer mu.Unlock()
			return encoder.Encode(line{name, s})
		}, mediatest.Options{FrameInterval: c.FrameInterval, Deaf: true})
		if len(c.Publish) > 0 {
			if err := bots[name].Publish(c.Publish...); err != nil {
				return err
			}
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return err
		}
		bots[l.Bot].Handle(l.Signal)
	}
	return lines.Err()
}

// startCrowd runs a crowd in a child until the test ends.
func startCrowd(t testing.TB, call *media.Call, c crowd) {
	t.Helper()
	config, err := json.Marshal(c)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), botsEnv+"="+string(config))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	var mu sync.Mutex
	encoder := json.NewEncoder(in)
	peers := make(map[string]*media.Peer)
	for _, name := range c.Names {
		peers[name], err = call.Join(name, func(s media.Signal) {
			mu.Lock()
			defer mu.Unlock()
			_ = encoder.Encode(line{name, s}) // fails when the child has ended
		})
		require.NoError(t, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			var l line
			if json.Unmarshal(lines.Bytes(), &l) == nil {
				_ = peers[l.Bot].Handle(l.Signal)
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		<-done
		_ = cmd.Wait()
	})
}

// videoPacket is an RTP packet of 1,100 bytes as browsers make them.
func videoPacket(seq uint16, key bool) []byte {
	b := make([]byte, 1100)
	b[0], b[1] = 0x80, 96
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*300)
	b[12], b[13], b[14], b[15], b[16] = 0x90, 0x80, 0x80, 0x01, 0x01 // start of partition 0, picture id 1
	if key {
		b[16] = 0x00
	}
	return b
}

func TestForwardingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const receivers = 4
	call := newNode(t).Call("call")
	startCrowd(t, call, crowd{Names: []string{"publisher"}, Publish: []media.Medium{media.Camera}, FrameInterval: time.Hour})
	names := make([]string, receivers)
	for i := range names {
		names[i] = fmt.Sprintf("receiver%d", i)
	}
	startCrowd(t, call, crowd{Names: names})

	var inject func([]byte)
	require.Eventually(t, func() bool {
		inject = media.Inject(call, "publisher", media.Camera)
		return inject != nil
	}, 20*time.Second, 10*time.Millisecond)
	var seq uint16
	require.Eventually(t, func() bool {
		seq++
		inject(videoPacket(seq, true))
		_, started := media.Forwarded(call)
		return started == receivers
	}, 20*time.Second, 10*time.Millisecond)

	next := videoPacket(seq, false)
	forward := func() {
		seq++
		binary.BigEndian.PutUint16(next[2:], seq)
		inject(next)
	}
	for range 2000 { // fills the cache and the pools
		forward()
	}
	before, _ := media.Forwarded(call)
	// Reports and connectivity checks go on meanwhile; they are few against this.
	require.Zero(t, testing.AllocsPerRun(20000, forward))
	after, _ := media.Forwarded(call)
	require.EqualValues(t, 20001*receivers, after-before)
}

// BenchmarkForward measures the node's part of a call in which everybody
// publishes a camera to everybody, with the participants in another process. One
// operation is one packet sent.
func BenchmarkForward(b *testing.B) {
	const n = 10
	for _, frames := range []int{30, 500} {
		b.Run(fmt.Sprintf("%dx%d/%d frames a second", n, n, frames), func(b *testing.B) {
			node, err := media.NewNode(media.Config{Listen: "127.0.0.1:0"})
			require.NoError(b, err)
			defer func() { require.NoError(b, node.Close()) }()
			call := node.Call("call")
			c := crowd{Publish: []media.Medium{media.Camera}, FrameInterval: time.Second / time.Duration(frames)}
			for i := range n {
				c.Names = append(c.Names, fmt.Sprintf("bot%d", i))
			}
			startCrowd(b, call, c)
			require.Eventually(b, func() bool {
				_, started := media.Forwarded(call)
				return started == n*(n-1)
			}, time.Minute, 20*time.Millisecond)

			b.ReportAllocs()
			runtime.GC()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			first, _ := media.Forwarded(call)
			cpu := cpuTime(b)
			b.ResetTimer()
			var sent uint64
			for sent < uint64(b.N) {
				time.Sleep(10 * time.Millisecond)
				last, _ := media.Forwarded(call)
				sent = last - first
			}
			b.StopTimer()
			spent := cpuTime(b) - cpu
			b.ReportMetric(float64(memory.HeapAlloc)/1e6, "MB-heap")
			b.ReportMetric(float64(sent)/spent.Seconds(), "packets/cpu-s")
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

// cpuTime is the processor time that this process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
