// strict-grpc: a grpc-go server that ends its connections when they are old, and those of clients that ping too often. It
// answers grpc.health.v1, and /demo.Model/Stream with messages, a gap apart.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var (
	maxAge   = flag.Duration("max-connection-age", time.Second, "after it (give or take a tenth), GOAWAY")
	maxGrace = flag.Duration("max-connection-age-grace", time.Second, "for calls under way, before they are cut")
)

// stream answers "COUNT GAP STUCK" (a StringValue): COUNT messages (0: without an end), GAP apart, and after STUCK of
// them (0: never) no more.
func stream(_ any, call grpc.ServerStream) error {
	var asked wrapperspb.StringValue
	if err := call.RecvMsg(&asked); err != nil {
		return err
	}
	var count, stuck int
	var gap string
	if _, err := fmt.Sscan(asked.Value, &count, &gap, &stuck); err != nil {
		return err
	}
	pause, err := time.ParseDuration(gap)
	if err != nil {
		return err
	}
	for i := 1; count == 0 || i <= count; i++ {
		if err := call.SendMsg(wrapperspb.String(fmt.Sprint("token ", i))); err != nil {
			return err
		}
		if i == stuck {
			<-call.Context().Done()
		}
		time.Sleep(pause)
	}
	return nil
}

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *maxAge, MaxConnectionAgeGrace: *maxGrace}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Hour}),
		grpc.UnknownServiceHandler(stream))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	fmt.Printf("grpc listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
