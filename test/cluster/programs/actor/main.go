// actor is the container program of the cluster tests: it carries out its arguments, one step after the other.
//
//	print=TEXT        writes TEXT to standard output
//	append=FILE:TEXT  appends TEXT and a newline to FILE
//	show=FILE         copies FILE to standard output
//	create=FILE       creates FILE, for an await
//	await=FILE        waits until FILE exists, and removes it
//	sleep=DURATION    waits ("1.5s")
//	ignore-term       ignores SIGTERM from here on (without it, SIGTERM ends the actor with code 143)
//	finish=FILE:DURATION  on SIGTERM from here on: waits, appends "finished" to FILE, and ends with code 0
//	serve=ADDRESS     serves HTTP in the background: every path answers with the host name (":8080")
//	get=URL           prints the body of an HTTP answer
//	api=PATH          prints the status code of GET PATH at the API server, asked as the Pod's ServiceAccount
//	exit=CODE         ends
//	pause             waits for ever
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	var ignoreTerm atomic.Bool
	var finishing atomic.Value
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM)
	go func() {
		for range terms {
			if finish, found := finishing.Load().(string); found {
				file, text, _ := strings.Cut(finish, ":")
				duration, _ := time.ParseDuration(text)
				time.Sleep(duration)
				appendLine(file, "finished")
				os.Exit(0)
			}
			if !ignoreTerm.Load() {
				os.Exit(143)
			}
		}
	}()
	for _, step := range os.Args[1:] {
		name, value, _ := strings.Cut(step, "=")
		if name == "ignore-term" {
			ignoreTerm.Store(true)
			continue
		}
		if name == "finish" {
			finishing.Store(value)
			continue
		}
		if err := carryOut(name, value); err != nil {
			fmt.Fprintf(os.Stderr, "actor: %s: %v\n", step, err)
			os.Exit(1)
		}
	}
}

func carryOut(name, value string) error {
	switch name {
	case "print":
		_, err := fmt.Println(value)
		return err
	case "append":
		file, text, found := strings.Cut(value, ":")
		if !found {
			return errors.New("expected FILE:TEXT")
		}
		return appendLine(file, text)
	case "show":
		text, err := os.ReadFile(value)
		os.Stdout.Write(text)
		return err
	case "create":
		return os.WriteFile(value, nil, 0o666)
	case "await":
		for os.Remove(value) != nil {
			time.Sleep(20 * time.Millisecond)
		}
	case "sleep":
		duration, err := time.ParseDuration(value)
		time.Sleep(duration)
		return err
	case "serve":
		return serve(value)
	case "get":
		return get(value)
	case "api":
		return askAPI(value)
	case "exit":
		code, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		os.Exit(code)
	case "pause":
		select {}
	default:
		return errors.New("no such step")
	}
	return nil
}

func appendLine(name, text string) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text + "\n")
	return err
}

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintln(answer, host)
	}))
	return nil
}

func get(url string) error {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func askAPI(path string) error {
	token, err := os.ReadFile(serviceAccount + "token")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(serviceAccount + "ca.crt")
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}
	server := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	request, err := http.NewRequest("GET", "https://"+server+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	fmt.Println(answer.StatusCode)
	return err
}
